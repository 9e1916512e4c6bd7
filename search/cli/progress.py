"""The progress display of the terminal: a bar a study, with its best and its running trials."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)
from rich.table import Column


@contextmanager
def download_bar(console: Console) -> Iterator[Callable[[str, int, int | None], None]]:
    """Give a function that shows how far a download is: name of the file, bytes so far, bytes in all."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console) as progress:
        bars: dict[str, TaskID] = {}

        def show(name: str, so_far: int, total: int | None) -> None:
            bar = bars.setdefault(name, TaskID(-1))
            if bar < 0:
                bar = bars[name] = progress.add_task(name, total=total)
            progress.update(bar, completed=so_far, total=total)

        yield show


class TerminalLog(logging.Handler):
    """Writes log records to whatever standard error is just then: while bars are shown, above them."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record as a line."""
        sys.stderr.write(self.format(record) + "\n")


class ProgressDisplay:
    """Shows what an `Observer` hears; a context manager.

    Parameters
    ----------
    console : rich.console.Console
        Without a terminal, each finished trial is a plain line instead of a bar that moves.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars: dict[str, TaskID] = {}
        self._facts: dict[str, dict[str, Any]] = {}
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=8),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeElapsedColumn(),
            # What there is no room for is cut off here: the rest fits in 80 columns.
            TextColumn("{task.fields[running]}", table_column=Column(ratio=1, no_wrap=True)),
            console=console,
            disable=not console.is_terminal,
            expand=True,
        )

    def __enter__(self) -> ProgressDisplay:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def notice(self, kind: str, study: str, **facts: Any) -> None:
        """See `Observer.notice`."""
        handler = getattr(self, f"_{kind}", None)
        if handler is not None:
            handler(study, facts)
        if study in self._bars:
            known = self._facts[study]
            running = ", ".join(known["running"].values())
            self._progress.update(self._bars[study], figures=_figures(known), running=running)

    def _study_started(self, study: str, facts: dict[str, Any]) -> None:
        self._remove_bar(study)
        self._facts[study] = {"best": facts["best"], "pruned": 0, "running": {}, "retrained": ""}
        self._bars[study] = self._progress.add_task(
            escape(study), total=facts["budget"], completed=facts["done"], figures="", running=""
        )
        if facts["done"]:
            self._say(f"{study}: goes on after {facts['done']} of {facts['budget']} trials")

    def _trial_started(self, study: str, facts: dict[str, Any]) -> None:
        self._facts[study]["running"][facts["trial"]] = f"{facts['trial']}: starting"

    def _epoch(self, study: str, facts: dict[str, Any]) -> None:
        self._facts[study]["running"][facts["trial"]] = f"{facts['trial']}: epoch {facts['epoch']}"

    def _trial_finished(self, study: str, facts: dict[str, Any]) -> None:
        known = self._facts[study]
        known["best"] = max(facts["spearman"], known["best"] if known["best"] is not None else -1.0)
        figure = f"validation {facts['spearman']:.3f}{_note(facts)}"
        self._end(study, facts, f"{figure}, best {known['best']:.3f}")

    def _trial_pruned(self, study: str, facts: dict[str, Any]) -> None:
        self._facts[study]["pruned"] += 1
        figure = f"{facts['spearman']:.3f}{_note(facts)}"
        self._end(study, facts, f"pruned at epoch {facts['epoch']} with {figure}")

    def _trial_failed(self, study: str, facts: dict[str, Any]) -> None:
        self._facts[study]["running"].pop(facts["trial"], None)
        self._console.print(f"{study}: trial {facts['trial']} failed: {facts['reason']}", markup=False)

    def _driver_followed(self, _study: str, facts: dict[str, Any]) -> None:
        self._console.print(
            f"{facts['driver']} and takes the studies up; Ctrl-C ends this display alone", markup=False
        )

    def _workers_awaited(self, _study: str, facts: dict[str, Any]) -> None:
        self._console.print(f"{facts['scheduler']}: no workers yet; waiting for the first", markup=False)

    def _worker_refused(self, _study: str, facts: dict[str, Any]) -> None:
        self._console.print(f"worker {facts['worker']} is left out: {facts['reason']}", markup=False)

    def _worker_lost(self, study: str, facts: dict[str, Any]) -> None:
        self._console.print(f"{study}: a worker was lost ({facts['reason']}); going on", markup=False)

    def _finalist_finished(self, study: str, facts: dict[str, Any]) -> None:
        self._facts[study]["retrained"] = f"{facts['retrained']}/{facts['of']}"
        self._facts[study]["running"] = {}
        who = f"trial {facts['trial']} (seed {facts['member'] + 1})"
        self._say(f"{study}: retrained {who}, validation {facts['spearman']:.3f}")

    def _study_done(self, study: str, facts: dict[str, Any]) -> None:
        self._console.print(
            f"{study}: done, trial {facts['trial']} won: validation {facts['val_spearman']:.3f}, "
            f"test {facts['test_spearman']:.3f}",
            markup=False,
            highlight=False,
        )
        self._remove_bar(study)

    def _study_failed(self, study: str, facts: dict[str, Any]) -> None:
        self._console.print(f"{study}: failed: {facts['reason']}", style="red", markup=False, soft_wrap=True)
        self._remove_bar(study)

    def _end(self, study: str, facts: dict[str, Any], text: str) -> None:
        self._facts[study]["running"].pop(facts["trial"], None)
        self._progress.advance(self._bars[study])
        self._say(f"{study}: trial {facts['trial']} {text}")

    def _say(self, text: str) -> None:
        """Print a line where no bar shows the same."""
        if not self._console.is_terminal:
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _remove_bar(self, study: str) -> None:
        if study in self._bars:
            self._progress.remove_task(self._bars.pop(study))


def _note(facts: dict[str, Any]) -> str:
    return f" ({facts['flag']})" if facts.get("flag") else ""


def _figures(known: dict[str, Any]) -> str:
    best = "" if known["best"] is None else f"best {known['best']:.3f}  "
    return best + (f"retrained {known['retrained']}" if known["retrained"] else f"pruned {known['pruned']}")
