"""Commands about finished studies: the report card, and what is handed over."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from data_io.errors import ConfigError, StorageError, StudyError
from search.cli.options import ArchOption, StorageOption, WorkspaceOption, console, read_rows, say_written
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


def export(
    out: Annotated[Path, typer.Option("--out", help="Folder to write; with --zip, the archive.")],
    name: Annotated[str | None, typer.Argument(help="Protein or RNCMPT id.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every finished study, with an index.")] = False,
    as_zip: Annotated[bool, typer.Option("--zip", help="Write one zip archive instead.")] = False,
    arch: ArchOption = "cnn",
    workspace: WorkspaceOption = DEFAULT,
    storage: StorageOption = None,
) -> None:
    """Hand over finished studies: model, config, figures, predictions, motifs and report."""
    if everything == (name is not None):
        raise ConfigError("export: name a protein or give --all, one of both")
    place = Workspace(workspace, storage)
    if not as_zip:
        _export(place, name, arch, out, out)
        return
    archive = out if out.suffix.lower() == ".zip" else out.with_name(f"{out.name}.zip")
    if archive.is_dir():
        raise StorageError(f"{archive}: is a folder; give the name of a file")
    with tempfile.TemporaryDirectory(prefix="rbptune-") as beside:
        from search.results.fleet import zip_folder

        _export(place, name, arch, Path(beside, "export"), archive)
        zip_folder(Path(beside, "export"), archive)


def _export(place: Workspace, name: str | None, arch: str, out: Path, shown: Path) -> None:
    """Export the study of a name, or all that are done; say that they are in `shown`."""
    from search.results.export import export_study
    from search.results.fleet import Source, export_all
    from search.service.reporting import history_of
    from search.study.status import find_study

    rows = read_rows(place)
    if name is not None:
        study = find_study(rows, name, arch)["study"]
        export_study(place.artifacts(study), out, lambda: history_of(place, study))
        use = f"; rbptune predict {shown} FILE.fasta uses it" if out == shown else ""
        console().print(f"{study} written to {shown}{use}")
        return
    done = [row["study"] for row in rows if row["state"] == "done"]
    if not done:
        raise StudyError(f"{place.root}: no study is done yet; rbptune status shows how far they are")
    sources = [Source(study, place.artifacts(study), partial(history_of, place, study)) for study in done]
    if failed := export_all(sources, out, _say_exported):
        console().print(f"{len(failed)} of {len(done)} could not be exported")
    console().print(f"written to {shown}: {len(done) - len(failed)} studies and index.html")
    if failed:
        raise typer.Exit(1)


def _say_exported(study: str, problem: str | None) -> None:
    console().print(f"{study}: {problem or 'exported'}")
