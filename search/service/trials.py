"""The search of a study: asks for trials, records their epochs, prunes, tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import reduce
from typing import Any

import optuna
from optuna.trial import TrialState

from data_io.errors import StudyError
from data_io.training_set import TrainingSet
from models.checkpoint import Checkpoint
from search.service.checkpoint_store import Checkpoints
from search.service.observers import Observer
from search.strategy.sampler import derive_seed
from search.study.record import StudyRecord
from search.study.spec import PRUNER
from search.workers.tasks import Event, Failed, Finished, Lost, Reported, Started, TrainTask

TRIES = 3  # workers that one trial may cost
NEVER = (0, float("-inf"))  # epoch and Spearman of the last gain of a trial that has not reported
FAILURES_IN_A_ROW = 5  # trials that may fail before the study does


class Search:
    """Runs the trials of one study up to its budget.

    A trial that was running when an earlier driver ended goes on from its last checkpoint, under its
    own number.

    Parameters
    ----------
    record : StudyRecord
    data : TrainingSet
    checkpoints : Checkpoints
    observer : Observer
    """

    def __init__(
        self, record: StudyRecord, data: TrainingSet, checkpoints: Checkpoints, observer: Observer
    ) -> None:
        self._record = record
        self._data = data
        self._checkpoints = checkpoints
        self._observer = observer
        self._space = record.spec.load_space()
        self._running: dict[str, optuna.Trial] = {}
        cut_off = record.trials(TrialState.RUNNING)
        self._waiting = [self._attach(trial._trial_id) for trial in cut_off]
        self._reported = {trial.number: trial.last_step or 0 for trial in cut_off}
        self._gained = {trial.number: _last_gain(trial.intermediate_values) for trial in cut_off}
        self._done = record.done
        self._asked = len(record.trials()) - len(record.trials(TrialState.WAITING))
        self._lost: Counter[str] = Counter()
        self._failures = 0

    @property
    def complete(self) -> bool:
        """Whether the budget is used and nothing runs."""
        return self._done >= self._record.budget and not self._running

    def give_up_rest(self) -> None:
        """Fail the trials that an earlier, larger budget had begun."""
        for trial in self._waiting:
            trial.set_user_attr("reason", "the budget was lowered before it ended")
            self._record.study.tell(trial, state=TrialState.FAIL)
        self._waiting = []

    def next_task(self) -> TrainTask | None:
        """Give the next trial to run, or None while there is none to begin."""
        if self._done + len(self._running) >= self._record.budget:
            return None
        trial = self._waiting.pop(0) if self._waiting else self._ask()
        params = trial.user_attrs.get("params") or self._draw(trial)
        key = f"{self._record.name}#{trial.number}"
        self._running[key] = trial
        seed = derive_seed(self._record.spec.seed, self._record.name, trial.number)
        state = self._checkpoints.find(f"trial-{trial.number}")
        return TrainTask(key, self._record.spec.architecture, params, seed, self._data, state)

    def handle(self, event: Event) -> bool:
        """Take in what a trial told; False where the trial is not wanted any more.

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
                self._notice("trial_started", trial, worker=event.worker, params=trial.user_attrs["params"])
            case Reported():
                return self._record_epoch(event, trial)
            case Finished():
                self._finish(event.key, trial, event.result["curve"])
            case Failed():
                self._fail(event.key, trial, event.reason)
            case Lost():
                self._retry(event, trial)
        return True

    def _attach(self, trial_id: int) -> optuna.Trial:
        return optuna.Trial(self._record.study, trial_id)

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
        epoch, spearman = event.report["epoch"], event.report["spearman"]
        if epoch > self._reported.get(trial.number, 0):
            trial.report(spearman, epoch)
        self._notice("epoch", trial, **event.report)
        if event.report["diverged"]:
            return True  # its end comes next, and says so
        if trial.should_prune():
            flag = "constant" if event.report["constant"] else None
            self._close(event.key, trial, TrialState.PRUNED, report=event.report, flag=flag)
            self._notice("trial_pruned", trial, epoch=epoch, spearman=spearman, flag=flag)
            return False
        if self._has_stalled(trial.number, epoch, spearman):
            curve = Checkpoint.from_bytes(event.state).curve
            self._finish(event.key, trial, [report.to_dict() for report in curve])
            return False
        # Kept after the verdict: a trial cut off in between trains this epoch again and meets it again.
        self._checkpoints.keep(f"trial-{trial.number}", event.state)
        return True

    def _has_stalled(self, number: int, epoch: int, spearman: float) -> bool:
        self._gained[number] = gained = _gain(self._gained.get(number, NEVER), epoch, spearman)
        return number > 0 and epoch - gained[0] >= PRUNER["patience"]

    def _finish(self, key: str, trial: optuna.Trial, curve: list[dict[str, Any]]) -> None:
        best = max(curve, key=lambda report: report["spearman"])
        flag = "diverged" if curve[-1]["diverged"] else "constant" if best["constant"] else None
        value = 0.0 if flag else best["spearman"]
        self._close(key, trial, TrialState.COMPLETE, value, best, flag)
        self._notice("trial_finished", trial, spearman=value, best_epoch=best["epoch"], flag=flag)

    def _close(
        self,
        key: str,
        trial: optuna.Trial,
        state: TrialState,
        value: float | None = None,
        report: dict[str, Any] | None = None,
        flag: str | None = None,
    ) -> None:
        """Tell a trial's end, with the figures of its best (or last) epoch beside it."""
        if report is not None:
            trial.set_user_attr("epoch", report["epoch"])
            trial.set_user_attr("pearson", report["pearson"])
        if flag is not None:
            trial.set_user_attr("flag", flag)
        self._record.study.tell(trial, value, state)
        del self._running[key]
        self._checkpoints.drop(f"trial-{trial.number}")
        if state is not TrialState.FAIL:
            self._done += 1
            self._failures = 0

    def _fail(self, key: str, trial: optuna.Trial, reason: str) -> None:
        trial.set_user_attr("reason", reason)
        self._close(key, trial, TrialState.FAIL)
        self._notice("trial_failed", trial, reason=reason)
        self._failures += 1
        if self._failures >= FAILURES_IN_A_ROW:
            raise StudyError(
                f"study {self._record.name}: {self._failures} trials in a row failed, lastly: {reason}; "
                "mend that and resume it"
            )

    def _retry(self, event: Lost, trial: optuna.Trial) -> None:
        self._lost[event.key] += 1
        self._notice("worker_lost", trial, reason=event.reason, tries=self._lost[event.key])
        if self._lost[event.key] >= TRIES:
            self._fail(event.key, trial, f"cost {TRIES} workers; the last: {event.reason}")
        else:
            self._waiting.append(self._running.pop(event.key))

    def _notice(self, kind: str, trial: optuna.Trial, **facts: Any) -> None:
        self._observer.notice(kind, self._record.name, trial=trial.number, **facts)


def _gain(last: tuple[int, float], epoch: int, spearman: float) -> tuple[int, float]:
    """Give epoch and Spearman of a trial's last gain worth its time, after one more epoch."""
    return (epoch, spearman) if spearman > last[1] + PRUNER["min_gain"] else last


def _last_gain(reported: Mapping[int, float]) -> tuple[int, float]:
    return reduce(lambda last, report: _gain(last, *report), sorted(reported.items()), NEVER)
