"""Watch where studies stand: drawn again in place in a terminal, a line for each change anywhere else."""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from search.cli.options import STATUS_COLUMNS, in_notebook, read_rows, status_cells, write_out
from search.cli.pace import Pace, in_words
from search.results.text_table import cell, print_table
from search.study.states import INTERRUPTED, OPEN_STATES
from search.study.workspace import Workspace

LOOK_SECONDS = 2.0
ROOM_AROUND = 6  # lines of a screen that are not rows of the table
OPEN = tuple(state.value for state in OPEN_STATES)
ORDER = ("searching", "finalizing", INTERRUPTED, "failed", "queued", "stopped", "done")

Rows = list[dict[str, Any]]


def watch_status(place: Workspace, seconds: float = LOOK_SECONDS) -> None:
    """Show where studies stand until nothing is queued or under way any more, or until Ctrl-C.

    Raises
    ------
    StorageError
        When the database cannot be read.
    """
    console = Console(highlight=False, markup=False, emoji=False)
    try:
        if console.is_terminal and not console.is_dumb_terminal and not in_notebook():
            _draw(console, place, seconds)
        else:
            _tell(place, seconds)
    except KeyboardInterrupt:  # how watching ends; nothing is left undone
        return


def _draw(console: Console, place: Workspace, seconds: float) -> None:
    pace = Pace()
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        for rows in _looks(place, seconds):
            text = picture(rows, pace, console.width, console.height)
            live.update(Text(text, no_wrap=True, overflow="crop"), refresh=True)


def _tell(place: Workspace, seconds: float) -> None:
    told: dict[str, str] = {}
    for rows in _looks(place, seconds):
        lines = {row["study"]: line(row) for row in rows}
        write_out("".join(f"{text}\n" for study, text in lines.items() if told.get(study) != text))
        told = lines


def _looks(place: Workspace, seconds: float) -> Iterator[Rows]:
    while True:
        rows = read_rows(place)
        yield rows
        if not any(row["state"] in OPEN for row in rows):
            return
        time.sleep(seconds)


def line(row: dict[str, Any]) -> str:
    """Say in a line where a study stands."""
    figures = {"best": row["val_spearman"], "test": row["test_spearman"]}
    known = "".join(f", {name} {cell(value)}" for name, value in figures.items() if value is not None)
    reason = f": {row['reason']}" if row["reason"] else ""
    return f"{row['study']}: {row['state']}, trial {row['trials_done']}/{row['trials_total']}{known}{reason}"


def picture(rows: Rows, pace: Pace, width: int, height: int) -> str:
    """Draw a summary, and as many studies as there is room for, those under way first."""
    pace.note_total(sum(row["trials_done"] for row in rows))
    stream = io.StringIO()
    ordered = sorted(rows, key=lambda row: ORDER.index(row["state"]))
    room = max(height - ROOM_AROUND, 1)
    print_table(status_cells(ordered[:room]), STATUS_COLUMNS, stream, width)
    more = f"and {len(rows) - room} more; rbptune status lists all\n" if len(rows) > room else ""
    return f"{_summary(rows, pace)}\n{stream.getvalue()}{more}"


def _summary(rows: Rows, pace: Pace) -> str:
    counts = Counter(row["state"] for row in rows)
    told = ", ".join(f"{counts[state]} {state}" for state in ORDER if counts[state])
    left = sum(row["trials_total"] - row["trials_done"] for row in rows if row["state"] in OPEN)
    time_left = in_words(pace.seconds(left)) if left > 0 else ""
    return (told or "no studies yet") + (f"; {left} trials in about {time_left}" if time_left else "")
