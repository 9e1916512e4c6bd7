"""The commands about one finished study: its report card, and whether it comes out the same again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from search.cli.options import ArchOption, StorageOption, WorkspaceOption, read_rows, say_written
from search.study.workspace import DEFAULT, Workspace


def report(
    name: Annotated[str, typer.Argument(help="Protein or RNCMPT id.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="File to write.", show_default="report.html with the study's artifacts"),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Folder of the measurements.", show_default="where the study found them"),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Gather the evidence again.")] = False,
    arch: ArchOption = "cnn",
    workspace: WorkspaceOption = DEFAULT,
    storage: StorageOption = None,
) -> None:
    """Write the report card of a finished study: one page that opens anywhere.

    Gathers the evidence first (motifs, noise ceiling, baselines, verdict) where the study has none yet.
    """
    from search.service.reporting import report_study
    from search.study.status import find_study

    place = Workspace(workspace, storage)
    study = find_study(read_rows(place), name, arch)
    say_written(report_study(place, study["study"], out, data, again))
