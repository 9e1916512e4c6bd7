"""Commands about all that came out: dashboard, leaderboard, demo."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from data_io.outputs import check_output
from search.cli.options import (
    AllowHostOption,
    HostOption,
    JobsOption,
    OutOption,
    PasswordOption,
    PortOption,
    RootPathOption,
    StorageOption,
    WorkspaceOption,
    console,
    cores,
    read_rows,
    say_written,
    write_out,
)
from search.cli.studies import end
from search.study.workspace import DEFAULT, Workspace


class TableFormat(StrEnum):
    """Forms of the leaderboard."""

    table = "table"
    csv = "csv"
    tsv = "tsv"
    json = "json"
    xlsx = "xlsx"


def dashboard(
    workspace: WorkspaceOption = DEFAULT,
    storage: StorageOption = None,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8080,
    root_path: RootPathOption = "",
    allow_host: AllowHostOption = None,
    password_file: PasswordOption = None,
) -> None:
    """Serve the pages of all studies, read-only, until Ctrl-C."""
    from search.web.access import Access
    from search.web.address import Address
    from search.web.serving import serve_dashboard

    place = Workspace(workspace, storage)
    place.require_database()
    address = Address(host, port, root_path, tuple(allow_host or ()))
    access = Access.make(writes=False, password_file=password_file)
    serve_dashboard(place, address, lambda url: console().print(f"{url} (Ctrl-C ends it)"), access)


def leaderboard(
    workspace: WorkspaceOption = DEFAULT,
    storage: StorageOption = None,
    table_format: Annotated[
        TableFormat | None,
        typer.Option("--format", help="How to write it.", show_default="by the ending of --out, or table"),
    ] = None,
    out: OutOption = None,
) -> None:
    """Rank the finished studies of every protein."""
    from search.results.leaderboard import format_of
    from search.results.leaderboard import leaderboard as write

    place = Workspace(workspace, storage)
    chosen = format_of(out) if table_format is None else table_format.value
    if out is not None:
        check_output(out, [place.database])
    text = write(read_rows(place), chosen, out, artifacts=place.artifacts, inputs=[place.database])
    if out is None:
        write_out(text)
    say_written(out)


def demo(
    workspace: Annotated[Path, typer.Option("--workspace", help="Folder to write.")] = Path("demo"),
    jobs: JobsOption = None,
) -> None:
    """Show all of it on simulated data, in a few minutes."""
    from search.cli.demo import run_demo

    end(run_demo(workspace, cores() if jobs is None else jobs, console()))
