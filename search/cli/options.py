"""What several commands share: their options, and how they print."""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data_io.outputs import STANDARD_OUTPUT, is_descriptor, open_text_output
from search.study.workspace import Workspace, locate_workspace

if TYPE_CHECKING:
    from rich.console import Console

DataOption = Annotated[
    Path, typer.Option("--data", help="Folder with norm_data.txt[.gz] and metadata.xlsx (or .csv, .tsv).")
]


def _open_former_default(root: Path) -> Path:
    found = locate_workspace(root)
    if found != root:
        console().print(
            f"hint: ./{found} is opened, where earlier versions kept the studies; say --workspace {found}"
        )
    return found


WorkspaceOption = Annotated[
    Path,
    typer.Option(
        "--workspace",
        help="Folder of the studies: database, models, caches.",
        callback=_open_former_default,
    ),
]
StorageOption = Annotated[
    str | None,
    typer.Option("--storage", help="Database address, where it is not the workspace's own SQLite file."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]
ArchOption = Annotated[str, typer.Option("--arch", help="Architecture, cnn or rnn.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Say every event.")]
OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        help="File to write; .gz at its end compresses. - is standard output.",
        show_default="standard output",
    ),
]
JobsOption = Annotated[
    int | None,
    typer.Option(min=0, help="Workers of one thread; 0 trains in this process.", show_default="one a core"),
]
SchedulerOption = Annotated[
    str | None, typer.Option(help="Address of a Dask scheduler whose workers to use instead.")
]
TLSOption = Annotated[
    tuple[Path, Path, Path] | None,
    typer.Option("--tls", metavar="CA CERT KEY", help="PEM files, for a scheduler that speaks TLS."),
]

PasswordOption = Annotated[
    Path | None,
    typer.Option(
        "--password-file",
        metavar="FILE",
        help="Show the pages to those alone who log in with the password in the first line of a file.",
    ),
]
NotifyOption = Annotated[
    str | None,
    typer.Option(
        "--notify",
        metavar="COMMAND|URL",
        help="Run a command, or post JSON to a web address, when a study or all of them end or fail.",
    ),
]
HostOption = Annotated[str, typer.Option("--host", help="Interface to serve the pages on.")]
PortOption = Annotated[
    int, typer.Option("--port", min=0, max=65535, help="Port of the pages; 0 takes a free one.")
]
RootPathOption = Annotated[
    str,
    typer.Option("--root-path", metavar="PATH", help="Path of the pages behind a proxy, such as /rbptune."),
]
AllowHostOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host",
        metavar="NAME",
        help="A further host name to answer to, such as a proxy's; may be repeated.",
    ),
]


def console() -> Console:
    """Give the terminal for people; results for scripts go to standard output."""
    from rich.console import Console

    # Names of studies and folders may hold what rich takes for markup.
    return Console(
        stderr=True,
        highlight=False,
        soft_wrap=True,
        markup=False,
        emoji=False,
        force_terminal=False if in_notebook() else None,
    )


def in_notebook() -> bool:
    """Tell whether a notebook's kernel runs the command: on its terminal nothing can be drawn in place."""
    return "JPY_PARENT_PID" in os.environ


def cores() -> int:
    """Count the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def show(rows: list[dict[str, Any]], as_json: bool, columns: dict[str, str]) -> None:
    """Print rows as JSON, or some of their columns as a table."""
    from search.results.text_table import print_table

    with open_text_output(STANDARD_OUTPUT) as stream:
        if as_json:
            stream.write(json.dumps(rows, indent=2) + "\n")
        else:
            print_table(rows, columns, stream)


def write_out(text: str) -> None:
    """Write to standard output."""
    with open_text_output(STANDARD_OUTPUT) as stream:
        stream.write(text)


def say_written(out: Path | None) -> None:
    """Say where a file was written, on standard output where that is not the output itself."""
    if out is not None and not is_descriptor(out) and sys.stdout.writable():
        write_out(f"written to {out}\n")


def read_rows(place: Workspace) -> list[dict[str, Any]]:
    """Give the rows of ``rbptune status --json``."""
    from search.study.status import read_status

    return read_status(place)


STATUS_COLUMNS = {
    "study": "Study",
    "state": "State",
    "trials": "Trials",
    "trials_pruned": "Pruned",
    "val_spearman": "Val",
    "test_spearman": "Test",
    "test_pearson": "Pearson",
}


def status_cells(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give the rows of `read_rows` with what people read of them."""
    return [{**row, "trials": f"{row['trials_done']}/{row['trials_total']}"} for row in rows]


def ends_of(rows: list[dict[str, Any]]) -> list[str]:
    """List when the hours end that studies which are not through have, in local time."""
    ends = {row["until"] for row in rows if row["until"] and row["state"] not in ("done", "failed")}
    return [f"{datetime.fromisoformat(end).astimezone():%Y-%m-%d %H:%M}" for end in sorted(ends)]


def show_status(rows: list[dict[str, Any]], as_json: bool) -> None:
    """Print where studies stand, in a table of 80 columns; why they stopped or failed stands below."""
    if not rows and not as_json:
        console().print("no studies yet; rbptune launch makes them")
        return
    show(rows if as_json else status_cells(rows), as_json, STATUS_COLUMNS)
    if not as_json:
        with open_text_output(STANDARD_OUTPUT) as stream:
            stream.writelines(f"{r['study']} {r['state']}: {r['reason']}\n" for r in rows if r["reason"])
            stream.writelines(f"to be done by {end}\n" for end in ends_of(rows))
