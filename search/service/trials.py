"""The trials of a study: asked for, dispatched, recorded epoch by epoch, judged, ended."""

from __future__ import annotations

from collections import Counter
from typing import Any

import optuna
from optuna.trial import TrialState

from data_io.errors import StudyError
from data_io.training_set import TrainingSet
from models.reports import EpochReport
from search.service.checkpoint_store import CheckpointStore
from search.service.notices import (
    EpochEnded,
    StudyNotice,
    TrialFailed,
    TrialFinished,
    TrialPruned,
    TrialStarted,
    WorkerLost,
)
from search.service.observers import Observer
from search.service.study_log import log_traceback
from search.strategy.seeds import derive_seed
from search.strategy.stopping import Verdict, judge
from search.study.record import StudyRecord
from search.study.workspace import Workspace
from search.workers.events import Curve, Event, Failed, Lost, Reported, Started, Trained
from search.workers.tasks import TrainTask

TRIES = 3  # workers that one trial may cost
FAILURES_IN_A_ROW = 5  # trials that may fail before the study does


class Trials:
    """Runs the trials of one study up to its budget.

    A trial that was running when an earlier driver ended goes on from its last checkpoint, under its
    own number.

    Parameters
    ----------
    record : StudyRecord
    data : TrainingSet
    workspace : Workspace
    observer : Observer
    """

    def __init__(
        self, record: StudyRecord, data: TrainingSet, workspace: Workspace, observer: Observer
    ) -> None:
        self._record = record
        self._data = data
        self._workspace = workspace
        self._checkpoints = CheckpointStore(workspace.checkpoints(record.name))
        self._observer = observer
        self._space = record.spec.load_space()
        self._running: dict[str, optuna.Trial] = {}
        cut_off = record.trials(TrialState.RUNNING)
        self._waiting = [record.attach(trial.number) for trial in cut_off]
        self._reported = {trial.number: trial.last_step or 0 for trial in cut_off}
        self._done = record.done
        self._asked = len(record.trials()) - len(record.trials(TrialState.WAITING))
        self._lost: Counter[str] = Counter()
        self._failures = 0

    @property
    def complete(self) -> bool:
        """Whether the budget is used and nothing runs."""
        return self._done >= self._record.budget and not self._running

    @property
    def wants_more(self) -> bool:
        """Whether the budget has room for one more trial."""
        return self._done + len(self._running) < self._record.budget

    @property
    def running(self) -> int:
        """How many trials are at work."""
        return len(self._running)

    def begin_no_more(self) -> None:
        """Let the budget be what has ended and what is at work; what was asked for is kept beside it."""
        asked = max(self._record.budget, self._record.attribute("asked_budget") or 0)
        self._record.set(asked_budget=asked, budget=self._done + len(self._running))
        self._record.refresh()

    def give_up_rest(self) -> None:
        """Fail the trials that an earlier, larger budget had begun."""
        for trial in self._waiting:
            trial.set_user_attr("reason", "the budget was lowered before it ended")
            self._record.study.tell(trial, state=TrialState.FAIL)
        self._waiting = []

    def next_task(self) -> TrainTask | None:
        """Give the next trial to run, or None while there is none to begin."""
        if not self.wants_more:
            return None
        trial = self._waiting.pop(0) if self._waiting else self._ask()
        params = trial.user_attrs.get("params") or self._draw(trial)
        key = f"{self._record.name}#{trial.number}"
        self._running[key] = trial
        seed = derive_seed(self._record.spec.seed, self._record.name, trial.number)
        state = self._checkpoints.find(f"trial-{trial.number}")
        return TrainTask(key, self._record.spec.architecture, params, seed, self._data, state)

    def handle(self, event: Event) -> bool:
        """Take in what a trial reports; False where the trial is not wanted any more.

        Raises
        ------
        StudyError
            When so many trials failed in a row that the rest would too.
        """
        trial = self._running.get(event.key)
        if trial is None:
            return False
        match event:
            case Started():
                params = trial.user_attrs["params"]
                self._notice(TrialStarted(self._record.name, trial.number, event.worker, params))
            case Reported():
                return self._record_epoch(event, trial)
            case Trained():
                self._finish(event.key, trial, event.curve)
            case Failed():
                self._fail(event, trial)
            case Lost():
                self._retry(event, trial)
        return True

    def _ask(self) -> optuna.Trial:
        study = self._record.study
        # One may be waiting, left of a driver that was cut off.
        if self._asked < len(self._space.prescribed) and not self._record.trials(TrialState.WAITING):
            self._space.enqueue(study, self._asked)
        self._asked += 1
        return study.ask()

    def _draw(self, trial: optuna.Trial) -> dict[str, Any]:
        params = self._space.suggest(trial)
        trial.set_user_attr("params", params)
        return params

    def _record_epoch(self, event: Reported, trial: optuna.Trial) -> bool:
        report = event.report
        if report.epoch > self._reported.get(trial.number, 0):
            trial.report(report.spearman, report.epoch)
        self._notice(EpochEnded(self._record.name, trial.number, **report.to_dict()))
        if report.diverged:
            return True  # its end comes next, and says so
        match judge(self._record.strategy, trial, [each.spearman for each in event.curve]):
            case Verdict.PRUNE:
                self._prune(event.key, trial, event.curve)
                return False
            case Verdict.END:
                self._finish(event.key, trial, event.curve)
                return False
        # Kept after the verdict: a trial cut off in between trains this epoch again and meets it again.
        self._checkpoints.keep(f"trial-{trial.number}", event.state)
        return True

    def _prune(self, key: str, trial: optuna.Trial, curve: Curve) -> None:
        report = curve[-1]
        flag = "constant" if report.constant else None
        _note_seconds(trial, curve)
        self._close(key, trial, TrialState.PRUNED, report=report, flag=flag)
        self._notice(TrialPruned(self._record.name, trial.number, report.epoch, report.spearman, flag))

    def _finish(self, key: str, trial: optuna.Trial, curve: Curve) -> None:
        best = max(curve, key=lambda report: report.spearman)
        flag = "diverged" if curve[-1].diverged else "constant" if best.constant else None
        value = 0.0 if flag else best.spearman
        _note_seconds(trial, curve)
        self._close(key, trial, TrialState.COMPLETE, value, best, flag)
        self._notice(TrialFinished(self._record.name, trial.number, value, best.epoch, flag))

    def _close(
        self,
        key: str,
        trial: optuna.Trial,
        state: TrialState,
        value: float | None = None,
        report: EpochReport | None = None,
        flag: str | None = None,
    ) -> None:
        """Record a trial's end, with the figures of its best (or last) epoch beside it."""
        if report is not None:
            trial.set_user_attr("epoch", report.epoch)
            trial.set_user_attr("pearson", report.pearson)
        if flag is not None:
            trial.set_user_attr("flag", flag)
        self._record.study.tell(trial, value, state)
        del self._running[key]
        self._checkpoints.drop(f"trial-{trial.number}")
        if state is not TrialState.FAIL:
            self._done = self._record.done
            self._failures = 0

    def _fail(self, event: Failed, trial: optuna.Trial) -> None:
        trial.set_user_attr("reason", event.reason)
        if event.traceback:
            log_traceback(self._workspace, self._record.name, f"trial {trial.number} failed", event.traceback)
        self._close(event.key, trial, TrialState.FAIL)
        self._notice(TrialFailed(self._record.name, trial.number, event.reason))
        self._failures += 1
        if self._failures >= FAILURES_IN_A_ROW:
            raise StudyError(
                f"study {self._record.name}: {self._failures} trials in a row failed, "
                f"lastly: {event.reason}; fix that and resume it"
            )

    def _retry(self, event: Lost, trial: optuna.Trial) -> None:
        self._lost[event.key] += 1
        self._notice(WorkerLost(self._record.name, trial.number, event.reason))
        if self._lost[event.key] >= TRIES:
            self._fail(Failed(event.key, f"cost {TRIES} workers; the last: {event.reason}"), trial)
        else:
            self._waiting.append(self._running.pop(event.key))

    def _notice(self, notice: StudyNotice) -> None:
        self._observer.notice(notice)


def _note_seconds(trial: optuna.Trial, curve: Curve) -> None:
    trial.set_user_attr("seconds", round(sum(report.seconds for report in curve), 3))
