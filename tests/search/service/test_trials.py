"""Trials that stop getting better are ended at their best, in one go as after an interruption."""

from __future__ import annotations

from pathlib import Path

import pytest

from search.service.observers import Everyone
from search.service.trials import Trials
from search.strategy.strategy import Strategy
from search.study.creation import queue_studies
from search.study.record import StudyRecord, open_study
from search.study.storage import open_storage
from search.study.workspace import Workspace
from search.workers.events import Reported, Trained
from search.workers.tasks import TrainTask
from tests.search.study.test_storages import spec
from tests.support.curves import curve, report

PATIENCE, WARMUP, MIN_GAIN = Strategy.patience, Strategy.warmup_epochs, Strategy.min_gain
RISING = [0.1, 0.2, 0.3]
STALLED = [*RISING, *[0.25] * PATIENCE]


class Study:
    """A study of which every trial reports what it is given."""

    def __init__(self, folder: Path, **changes: object) -> None:
        self.workspace = Workspace(folder)
        self.storage = open_storage(self.workspace)
        (self.name,) = queue_studies(self.storage, [spec(**changes)], 20, folder)
        self.go_on()

    def go_on(self) -> None:
        """As another driver does."""
        self.trials = Trials(self.record, None, self.workspace, Everyone())

    def finish(self, *scores: float) -> None:
        """Let a trial end well for each first score, against which the next one is compared."""
        for score in scores:
            task = self.trials.next_task()
            whole = curve([score + 0.01 * n for n in range(1, 7)])
            for epoch in range(1, 7):
                assert self.trials.handle(Reported(task.key, whole[:epoch], b""))
            self.trials.handle(Trained(task.key, b"", whole))

    @property
    def record(self) -> StudyRecord:
        return open_study(self.storage, self.name)

    def report(self, task: TrainTask, scores: list[float], first: int = 1, **flags: bool) -> list[bool]:
        """Report the epochs from `first` on; whether the trial was wanted after each."""
        whole = curve(scores, **flags)
        epochs = range(first, len(scores) + 1)
        return [self.trials.handle(Reported(task.key, whole[:epoch], b"state")) for epoch in epochs]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(tmp_path)


def test_a_trial_without_a_new_best_is_ended_at_its_best(study: Study) -> None:
    first, second = study.trials.next_task(), study.trials.next_task()
    assert study.report(second, STALLED) == [True] * (len(STALLED) - 1) + [False]
    (trial,) = (trial for trial in study.record.trials() if trial.number == 1)
    assert (trial.state.name, trial.value) == ("COMPLETE", 0.3)
    assert (trial.user_attrs["epoch"], trial.user_attrs["pearson"]) == (3, 0.15)
    assert study.record.done == 1
    assert study.trials.next_task().key.endswith("#2"), "its place is free"
    assert first.key.endswith("#0")


def test_a_new_best_within_the_patience_lets_it_go_on(study: Study) -> None:
    study.trials.next_task()
    task = study.trials.next_task()
    assert all(study.report(task, [*STALLED[:-1], 0.31, *[0.3] * (PATIENCE - 1)]))


def test_gains_too_small_to_pay_end_a_trial_at_the_best_of_them(study: Study) -> None:
    study.trials.next_task()
    task = study.trials.next_task()
    creeping = [0.3 + MIN_GAIN * n / (PATIENCE + 1) for n in range(1, PATIENCE + 1)]
    scores = [*RISING, *creeping]
    assert study.report(task, scores) == [True] * (len(scores) - 1) + [False]
    (trial,) = (trial for trial in study.record.trials() if trial.number == 1)
    assert (trial.state.name, trial.value) == ("COMPLETE", creeping[-1])


def test_small_gains_that_add_up_let_it_go_on(study: Study) -> None:
    study.trials.next_task()
    task = study.trials.next_task()
    assert all(study.report(task, [0.3 + 1.01 * MIN_GAIN * n / PATIENCE for n in range(10)]))


def test_trial_0_trains_as_published(study: Study) -> None:
    assert all(study.report(study.trials.next_task(), [*STALLED, 0.2, 0.2]))


def test_trial_0_is_not_pruned_however_far_it_falls_behind(study: Study) -> None:
    seed = study.trials.next_task()
    study.finish(*[0.5] * 6)
    assert seed.key.endswith("#0")
    assert all(study.report(seed, [0.1] * 10))


def test_a_study_goes_on_under_its_own_rule_whatever_the_default_is(tmp_path: Path) -> None:
    """One that never ends a trial for its lack of gains, and one of little patience."""
    patient = Study(tmp_path / "patient", strategy=Strategy(patience=None, pruner="none"))
    hasty = Study(tmp_path / "hasty", strategy=Strategy(patience=1))
    for study, wanted in ((patient, [True] * 9), (hasty, [True, False])):
        study.go_on()
        study.trials.next_task()
        found = study.report(study.trials.next_task(), [0.3] * 9)
        assert found[: len(wanted)] == wanted


CREEPING = [*RISING, 0.3 + 0.9 * MIN_GAIN, *[0.3] * (PATIENCE - 1)]


@pytest.mark.parametrize("scores", [STALLED, CREEPING])
@pytest.mark.parametrize("before", range(1, len(STALLED)))
def test_patience_is_the_same_after_an_interruption(study: Study, scores: list[float], before: int) -> None:
    study.trials.next_task()
    task = study.trials.next_task()
    assert all(study.report(task, scores[:before]))
    study.go_on()
    study.trials.next_task()
    again = study.trials.next_task()
    assert again.key == task.key
    # The last epoch known is reported again where its checkpoint was lost.
    assert study.report(again, scores, first=before) == [True] * (len(scores) - before) + [False]


@pytest.mark.parametrize(("better", "wanted"), [(0.001, True), (-0.001, False)])
def test_what_is_not_among_the_best_40_percent_is_pruned(study: Study, better: float, wanted: bool) -> None:
    study.finish(0.1, 0.5, 0.2, 0.4, 0.3)  # 40 % of these are better than 0.34, as percentiles are counted
    scores = [0.34 + 0.01 * n + better for n in range(1, WARMUP + 1)]
    assert study.report(study.trials.next_task(), scores) == [True] * (WARMUP - 1) + [wanted]
    assert study.record.trials()[5].state.name == ("RUNNING" if wanted else "PRUNED")


@pytest.mark.parametrize(("better", "wanted"), [(0.001, True), (-0.001, False)])
def test_before_that_it_need_be_among_the_best_70_percent(study: Study, better: float, wanted: bool) -> None:
    study.finish(0.1, 0.5, 0.2, 0.4, 0.3)  # after an epoch 70 % of these are better than 0.23
    assert study.report(study.trials.next_task(), [0.23 + better]) == [wanted]
    assert study.record.trials()[5].state.name == ("RUNNING" if wanted else "PRUNED")


def test_a_study_that_began_without_that_goes_on_without(tmp_path: Path) -> None:
    study = Study(tmp_path, strategy=Strategy(early_keep_percent=None))
    study.finish(*[0.5] * 5)
    assert study.report(study.trials.next_task(), [0.1] * WARMUP) == [True] * (WARMUP - 1) + [False]


def test_a_collapse_is_flagged_also_where_it_is_pruned(study: Study) -> None:
    study.finish(*[0.5] * 5)
    assert study.report(study.trials.next_task(), [0.0], constant=True) == [False]
    trial = study.record.trials()[5]
    assert (trial.state.name, trial.user_attrs["flag"]) == ("PRUNED", "constant")


def test_a_divergence_is_flagged_and_not_pruned(study: Study) -> None:
    study.finish(*[0.5] * 5)
    task = study.trials.next_task()
    assert all(study.report(task, [0.6] * (WARMUP - 1)))
    whole = (*curve([0.6] * (WARMUP - 1)), report(WARMUP, 0.0, diverged=True))
    assert study.trials.handle(Reported(task.key, whole, b""))
    study.trials.handle(Trained(task.key, b"", whole))
    trial = study.record.trials()[5]
    assert (trial.state.name, trial.value, trial.user_attrs["flag"]) == ("COMPLETE", 0.0, "diverged")
