"""The progress display of the terminal: a bar a study, with its best and its running trials."""

from __future__ import annotations

import logging
import sys
from functools import singledispatchmethod
from types import TracebackType

from rich.console import Console
from rich.progress import TaskID

from search.cli.bars import WIDTH_OF_COUNTS, StudyBars, shortened
from search.cli.pace import RETRAINING
from search.cli.standing import Fleet, Standing
from search.service.notices import (
    BestAtEdge,
    DriverFollowed,
    EpochEnded,
    EvidenceMissing,
    FinalistRetrained,
    FleetEnded,
    MemberRefitted,
    Notice,
    NoWorkersYet,
    SearchCutShort,
    SeedTrained,
    StudiesWaiting,
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

ROOM_FOR_FIGURES = 21  # at least, beside a study's name


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
        self._known: dict[str, Standing] = {}
        self._fleet = Fleet()
        self._narrow = console.width < WIDTH_OF_COUNTS
        self._room = max(console.width - ROOM_FOR_FIGURES, 1)
        self._progress = StudyBars(console)

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
            self._progress.update(
                self._bars[notice.study], figures=figures, left=known.time_left, running=running
            )
        self._progress.in_all = self._in_all

    @singledispatchmethod
    def _take_in(self, notice: Notice) -> None:
        """Show one kind of notice; there is a method below for each."""
        raise NotImplementedError(type(notice).__name__)

    @_take_in.register
    def _(self, notice: StudyStarted) -> None:
        self._remove_bar(study := notice.study)
        self._known[study] = Standing(notice.best, notice.budget, notice.done, notice.retrainings)
        name, total = shortened(study, self._room), notice.budget
        self._bars[study] = self._progress.add_task(
            name, total=total, completed=notice.done, figures="", left="", running=""
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
    def _(self, notice: SearchCutShort) -> None:
        self._of(notice).budget = notice.trials
        if notice.study in self._bars:
            self._progress.update(self._bars[notice.study], total=notice.trials)
        self._print(f"{notice.study}: the search ends with {notice.trials} trials, to be tested in time")

    @_take_in.register
    def _(self, notice: FinalistRetrained) -> None:
        self._note_retrained(notice, notice.retrained, notice.total, f"validation {notice.spearman:.3f}")

    @_take_in.register
    def _(self, notice: MemberRefitted) -> None:
        epochs = "1 epoch" if notice.epochs == 1 else f"{notice.epochs} epochs"
        self._note_retrained(notice, notice.through, notice.total, f"on all of Set A for {epochs}")

    @_take_in.register
    def _(self, notice: StudyDone) -> None:
        figures = f"validation {notice.val_spearman:.3f}, test {notice.test_spearman:.3f}"
        others = "".join(f", with trial {trial}" for trial in notice.partners)
        self._print(f"{notice.study}: done, trial {notice.trial} won{others}: {figures}")
        self._end_study(notice.study)

    @_take_in.register
    def _(self, notice: BestAtEdge) -> None:
        where = ", ".join(
            f"{name} = {found['value']:.4g} of {found['low']:g} to {found['high']:g}"
            for name, found in notice.edges.items()
        )
        self._print(f"{notice.study}: the best lies at the edge of the space ({where}); --space can widen it")

    @_take_in.register
    def _(self, notice: EvidenceMissing) -> None:
        said = f"{notice.study}: no evidence was gathered: {notice.reason}"
        self._print(f"{said}; rbptune report tries it again")

    @_take_in.register
    def _(self, notice: StudyFailed) -> None:
        self._print(f"{notice.study}: failed: {notice.reason}", style="red")
        self._end_study(notice.study)

    @_take_in.register
    def _(self, notice: StudyStopped) -> None:
        self._remove_bar(notice.study)

    @_take_in.register
    def _(self, notice: StudiesWaiting) -> None:
        self._fleet.waiting = notice.studies

    @_take_in.register
    def _(self, notice: FleetEnded) -> None:
        if notice.done + notice.failed + notice.left > 1:
            self._print(notice.text)

    @_take_in.register
    def _(self, notice: DriverFollowed) -> None:
        self._print(f"{notice.driver} and takes the studies up; Ctrl-C ends this display alone")

    @_take_in.register
    def _(self, notice: NoWorkersYet) -> None:
        self._print(f"{notice.scheduler}: no workers yet; waiting for the first")

    @_take_in.register
    def _(self, notice: WorkerLeftOut) -> None:
        self._print(f"worker {notice.worker} is left out: {notice.reason}")

    @property
    def _in_all(self) -> str:
        return self._fleet.text([self._known[study] for study in self._bars])

    def _of(self, notice: StudyNotice) -> Standing:
        return self._known.setdefault(notice.study, Standing())

    def _note_retrained(self, notice: SeedTrained, through: int, total: int, how: str) -> None:
        known = self._of(notice)
        known.retrained, known.retrainings, known.running = through, total, {}
        self._count(known, RETRAINING)
        self._say(f"{notice.study}: retrained trial {notice.trial} (seed {notice.seed}), {how}")

    def _count(self, known: Standing, work: float) -> None:
        known.pace.note(work)
        self._fleet.pace.note(work)

    def _end_trial(self, study: str, trial: int, text: str) -> None:
        known = self._known[study]
        known.running.pop(trial, None)
        known.done += 1
        self._count(known, 1.0)
        if study in self._bars:
            self._progress.advance(self._bars[study])
        self._say(f"{study}: trial {trial} {text}")

    def _say(self, text: str) -> None:
        """Print a line where no bar shows the same."""
        if not self._console.is_terminal:
            self._print(text)

    def _print(self, text: str, style: str | None = None) -> None:
        self._console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    def _end_study(self, study: str) -> None:
        self._remove_bar(study)
        if text := self._in_all:
            self._say(text)

    def _remove_bar(self, study: str) -> None:
        if study in self._bars:
            self._progress.remove_task(self._bars.pop(study))


def _note(flag: str | None) -> str:
    return f" ({flag})" if flag else ""
