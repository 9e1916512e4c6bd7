"""Commands about what came out: dashboard, export, leaderboard, predict, demo."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from search.cli.options import (
    ArchOption,
    JobsOption,
    StorageOption,
    WorkspaceOption,
    console,
    cores,
    read_rows,
)
from search.cli.studies import end
from search.study.workspace import DEFAULT, Workspace


class TableFormat(StrEnum):
    """Forms of the leaderboard."""

    table = "table"
    csv = "csv"
    json = "json"
    xlsx = "xlsx"


def dashboard(
    workspace: WorkspaceOption = DEFAULT,
    storage: StorageOption = None,
    host: Annotated[str, typer.Option(help="Interface to serve on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8080,
) -> None:
    """Serve the Optuna dashboard, read-only, until Ctrl-C."""
    from search.web.serving import serve_dashboard

    place = Workspace(workspace, storage)
    place.require_database()
    serve_dashboard(
        place.storage_url, host, port, ready=lambda url: console().print(f"{url}/dashboard (Ctrl-C ends it)")
    )


def export(
    name: Annotated[str, typer.Argument(help="Protein or RNCMPT id.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write.")],
    arch: ArchOption = "cnn",
    workspace: WorkspaceOption = DEFAULT,
    storage: StorageOption = None,
) -> None:
    """Hand over a finished study: model, figures and motif."""
    from search.results.export import export_study
    from search.study.status import find_study

    place = Workspace(workspace, storage)
    study = find_study(read_rows(place), name, arch)
    written = export_study(place.artifacts(study["study"]), out)
    console().print(f"{study['study']} written to {written}; rbptune predict {written} FILE.fasta uses it")


def leaderboard(
    workspace: WorkspaceOption = DEFAULT,
    storage: StorageOption = None,
    table_format: Annotated[
        TableFormat, typer.Option("--format", help="How to show it.")
    ] = TableFormat.table,
    out: Annotated[Path | None, typer.Option("--out", help="File to write.")] = None,
) -> None:
    """Rank the finished studies of every protein."""
    from search.results.leaderboard import leaderboard as write

    place = Workspace(workspace, storage)
    text = write(read_rows(place), table_format.value, out, artifacts=place.artifacts)
    sys.stdout.write(text if out is None else f"written to {out}\n")


def predict(
    export_dir: Annotated[Path, typer.Argument(help="Folder of an export.", show_default=False)],
    fasta: Annotated[Path, typer.Argument(help="Sequences to score.", show_default=False)],
    out: Annotated[Path | None, typer.Option("--out", help="Table to write (.tsv).")] = None,
) -> None:
    """Score sequences with an exported model."""
    from search.results.scoring import predict_fasta

    text = predict_fasta(export_dir, fasta, out)
    sys.stdout.write(text if out is None else f"written to {out}\n")


def demo(
    workspace: Annotated[Path, typer.Option("--workspace", help="Folder to write.")] = Path("demo"),
    jobs: JobsOption = None,
) -> None:
    """Show all of it on simulated data, in a few minutes."""
    from search.cli.demo import run_demo

    end(run_demo(workspace, cores() if jobs is None else jobs, console()))
