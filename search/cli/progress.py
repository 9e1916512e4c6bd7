"""The progress display of the terminal: a bar a study, with its best and its running trials."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass, field
from functools import singledispatchmethod
from types import TracebackType

from rich.console import Console
from rich.progress import Progress, TaskID

from search.cli.bars import WIDTH_OF_COUNTS, study_columns
from search.service.notices import (
    DriverFollowed,
    EpochEnded,
    FinalistRetrained,
    Notice,
    NoWorkersYet,
    StudyDone,
    StudyFailed,
    StudyNotice,
    StudyStarted,
    StudyStopped,
    TrialFailed,
    TrialFinished,
    TrialPruned,
    TrialStarted,
    WorkerLeftOut,
    WorkerLost,
)

ROOM_FOR_FIGURES = 12  # at least, beside a study's name


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
        self._known: dict[str, _Known] = {}
        self._narrow = console.width < WIDTH_OF_COUNTS
        self._room = max(console.width - ROOM_FOR_FIGURES, 1)
        self._progress = Progress(
            *study_columns(console.width), console=console, disable=not console.is_terminal, expand=True
        )

    def __enter__(self) -> ProgressDisplay:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def notice(self, notice: Notice) -> None:
        """See `Observer.notice`."""
        self._take_in(notice)
        if isinstance(notice, StudyNotice) and notice.study in self._bars:
            known = self._known[notice.study]
            running = ", ".join(known.running.values())
            figures = known.score if self._narrow else known.figures
            self._progress.update(self._bars[notice.study], figures=figures, running=running)

    @singledispatchmethod
    def _take_in(self, notice: Notice) -> None:
        """Show one kind of notice; there is a method below for each."""
        raise NotImplementedError(type(notice).__name__)

    @_take_in.register
    def _(self, notice: StudyStarted) -> None:
        study = notice.study
        self._remove_bar(study)
        self._known[study] = _Known(notice.best)
        self._bars[study] = self._progress.add_task(
            study[: self._room], total=notice.budget, completed=notice.done, figures="", running=""
        )
        if notice.done:
            self._say(f"{study}: goes on after {notice.done} of {notice.budget} trials")

    @_take_in.register
    def _(self, notice: TrialStarted) -> None:
        self._of(notice).running[notice.trial] = f"{notice.trial}: starting"

    @_take_in.register
    def _(self, notice: EpochEnded) -> None:
        self._of(notice).running[notice.trial] = f"{notice.trial}: epoch {notice.epoch}"

    @_take_in.register
    def _(self, notice: TrialFinished) -> None:
        known = self._of(notice)
        known.best = notice.spearman if known.best is None else max(notice.spearman, known.best)
        figure = f"validation {notice.spearman:.3f}{_note(notice.flag)}"
        self._end_trial(notice.study, notice.trial, f"{figure}, best {known.best:.3f}")

    @_take_in.register
    def _(self, notice: TrialPruned) -> None:
        self._of(notice).pruned += 1
        figure = f"{notice.spearman:.3f}{_note(notice.flag)}"
        self._end_trial(notice.study, notice.trial, f"pruned at epoch {notice.epoch} with {figure}")

    @_take_in.register
    def _(self, notice: TrialFailed) -> None:
        self._of(notice).running.pop(notice.trial, None)
        self._print(f"{notice.study}: trial {notice.trial} failed: {notice.reason}")

    @_take_in.register
    def _(self, notice: WorkerLost) -> None:
        self._print(f"{notice.study}: a worker was lost ({notice.reason}); going on")

    @_take_in.register
    def _(self, notice: FinalistRetrained) -> None:
        known = self._of(notice)
        known.retrained, known.running = f"{notice.retrained}/{notice.total}", {}
        who = f"trial {notice.trial} (seed {notice.member + 1})"
        self._say(f"{notice.study}: retrained {who}, validation {notice.spearman:.3f}")

    @_take_in.register
    def _(self, notice: StudyDone) -> None:
        figures = f"validation {notice.val_spearman:.3f}, test {notice.test_spearman:.3f}"
        self._print(f"{notice.study}: done, trial {notice.trial} won: {figures}")
        self._remove_bar(notice.study)

    @_take_in.register
    def _(self, notice: StudyFailed) -> None:
        self._print(f"{notice.study}: failed: {notice.reason}", style="red")
        self._remove_bar(notice.study)

    @_take_in.register
    def _(self, notice: StudyStopped) -> None:
        self._remove_bar(notice.study)

    @_take_in.register
    def _(self, notice: DriverFollowed) -> None:
        self._print(f"{notice.driver} and takes the studies up; Ctrl-C ends this display alone")

    @_take_in.register
    def _(self, notice: NoWorkersYet) -> None:
        self._print(f"{notice.scheduler}: no workers yet; waiting for the first")

    @_take_in.register
    def _(self, notice: WorkerLeftOut) -> None:
        self._print(f"worker {notice.worker} is left out: {notice.reason}")

    def _of(self, notice: StudyNotice) -> _Known:
        return self._known.setdefault(notice.study, _Known(None))

    def _end_trial(self, study: str, trial: int, text: str) -> None:
        self._known[study].running.pop(trial, None)
        if study in self._bars:
            self._progress.advance(self._bars[study])
        self._say(f"{study}: trial {trial} {text}")

    def _say(self, text: str) -> None:
        """Print a line where no bar shows the same."""
        if not self._console.is_terminal:
            self._print(text)

    def _print(self, text: str, style: str | None = None) -> None:
        self._console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    def _remove_bar(self, study: str) -> None:
        if study in self._bars:
            self._progress.remove_task(self._bars.pop(study))


@dataclass
class _Known:
    """What is shown of a study."""

    best: float | None
    pruned: int = 0
    retrained: str = ""
    running: dict[int, str] = field(default_factory=dict)

    @property
    def figures(self) -> str:
        """The best so far, and how many were pruned or retrained."""
        best = f"best {self.score}  " if self.score else ""
        return best + (f"retrained {self.retrained}" if self.retrained else f"pruned {self.pruned}")

    @property
    def score(self) -> str:
        """The best so far; empty where there is none."""
        return "" if self.best is None else f"{self.best:.3f}"


def _note(flag: str | None) -> str:
    return f" ({flag})" if flag else ""
