"""The ensemble on all of Set A: for how long, what is handed over, and going on after a kill."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch

from data_io.experiments import Experiment
from data_io.training_set import TrainingSet, load_training_set
from models.cnn import CNN
from models.config import TrainingConfig, split_params
from models.registry import Architecture
from search.service.notices import MemberRefitted, Notice
from search.service.refitting import Refit, Refitting, on_all_of_set_a, plan
from search.service.retraining import Finalist, Retrained
from search.service.trainings import Member
from search.strategy.strategy import Strategy
from search.study.record import StudyRecord, open_study
from search.study.storage import open_storage
from search.study.workspace import Workspace
from search.workers.events import Curve, Lost, Reported, Trained
from search.workers.tasks import TrainTask
from tests.support.commands import STUDY, launch, rbptune, status
from tests.support.curves import curve

PARAMS = {"motif_length": 6, "filters": 8, "hidden": 8, "epochs": 4, "learning_rate": 0.01}
WINNER = Finalist(7, PARAMS, 0.5)
CURVES = curve([0.1, 0.5, 0.2]), curve([0.1, 0.2, 0.4, 0.3])
GAINING = curve([0.1, 0.2, 0.3, 0.5]), curve([0.1, 0.2, 0.4, 0.3])
DIVERGED = curve([0.0], diverged=True)
NAMES = ("refit-7-0", "refit-7-1")


class Heard:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []

    def notice(self, notice: Notice) -> None:
        self.notices.append(notice)


class EarlierRecord:
    """A study's record, of an earlier version whose members began anew on all of Set A."""

    def __init__(self, record: StudyRecord) -> None:
        self.name, self.spec = record.name, record.spec
        self.strategy = replace(record.strategy, refit_share=None)


@pytest.fixture(scope="module")
def data(simulated: Path) -> TrainingSet:
    return load_training_set(simulated, Experiment("RNCMPT90001", "SIMFOX", "Homo_sapiens"))


@pytest.fixture(scope="module")
def record(finished: Path) -> StudyRecord:
    return open_study(open_storage(Workspace(finished)), STUDY)


def weights(value: float) -> dict[str, torch.Tensor]:
    return {"w": torch.tensor([value])}


def untrained(seed: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return CNN(split_params("cnn", PARAMS)[0]).state_dict()


def begin(
    record: StudyRecord,
    data: TrainingSet,
    folder: Path,
    curves: Sequence[Curve] = CURVES,
    of: Callable[[int], dict[str, torch.Tensor]] = weights,
) -> tuple[Refitting, Heard]:
    """Take the end of a study up that retrained six networks, two of them of trial 7."""
    chosen = [Retrained(WINNER, [Member(of(number), each) for number, each in enumerate(curves)])]
    heard = Heard()
    return Refitting(record, data, Workspace(folder), heard, chosen, before=6), heard


def refits(refitting: Refitting) -> list[object]:
    return [config.refit for config in refitting.configs()]


def trained(key: str, value: float, curve: Curve) -> Trained:
    return Trained(key, safetensors.torch.save(weights(value)), curve)


@pytest.mark.parametrize(
    ("curves", "epochs"),
    [
        ([curve([0.1, 0.5, 0.2])], 2),
        ([curve([0.5]), curve([0.1, 0.2, 0.3])], 3),
        ([curve([0.5]), curve([0.1, 0.2, 0.3, 0.2]), curve([0.1, 0.2])], 2),
        ([curve([0.1, 0.4, 0.4, 0.4])], 2),
        ([DIVERGED, curve([0.1, 0.2])], 2),
        ([DIVERGED, DIVERGED], None),
    ],
)
def test_one_that_begins_anew_trains_as_long_as_the_median_member_took_to_its_best(
    curves: list[Curve], epochs: int | None
) -> None:
    found = plan(Strategy(refit_share=None), PARAMS, curves)
    assert found == (None if epochs is None else Refit(epochs, goes_on=False))


@pytest.mark.parametrize(("share", "epochs"), [(0.5, 2), (0.3, 2), (0.1, 1), (1.0, 4)])
def test_one_that_goes_on_trains_for_a_share_of_its_configs_epochs(share: float, epochs: int) -> None:
    assert plan(Strategy(refit_share=share), PARAMS, GAINING) == Refit(epochs, goes_on=True)
    assert plan(Strategy(refit_share=share), PARAMS, [DIVERGED, DIVERGED]) is None
    assert plan(Strategy(refit_share=share, refit=False), PARAMS, GAINING) is None


def test_what_validated_best_early_begins_anew() -> None:
    assert plan(Strategy(), PARAMS, CURVES) == Refit(3, goes_on=False)
    assert plan(Strategy(refit_after=0.75), PARAMS, CURVES) == Refit(3, goes_on=False), "not after it"
    assert plan(Strategy(refit_after=0.7), PARAMS, CURVES) == Refit(2, goes_on=True)


def test_each_member_goes_on_from_its_sibling_by_a_schedule_of_its_own(
    record: StudyRecord, data: TrainingSet, tmp_path: Path
) -> None:
    refitting, _ = begin(record, data, tmp_path, GAINING)
    tasks = [refitting.next_task(), refitting.next_task()]
    warm = {**PARAMS, "epochs": 2, "schedule": "cosine", "output_dropout": 0.0}
    assert [(task.key, task.refit, task.patience, task.params) for task in tasks] == [
        (f"{STUDY}#{name}", 2, None, warm) for name in NAMES
    ]
    begun = [safetensors.torch.load(task.start)["w"].item() for task in tasks]
    assert begun == [0, 1]


def test_dropout_stays_where_the_strategy_or_the_network_has_no_other(
    data: TrainingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    sibling = TrainTask("1", "cnn", PARAMS, 3, data, patience=5)
    warm = replace(sibling, patience=None, refit=2, start=b"weights")
    changed = {**PARAMS, "epochs": 2, "schedule": "cosine"}

    def going_on(**settings: float | None) -> TrainTask:
        return on_all_of_set_a(Strategy(**settings), sibling, Refit(2, goes_on=True), b"weights")

    assert going_on() == replace(warm, params={**changed, "output_dropout": 0.0})
    assert going_on(refit_dropout=None) == replace(warm, params=changed)
    half = {**changed, "learning_rate": 0.005, "output_dropout": 0.0}
    assert going_on(refit_rate=0.5) == replace(warm, params=half)
    monkeypatch.setattr("models.config.get_architecture", lambda _: Architecture("_", TrainingConfig, CNN))
    assert going_on() == replace(warm, params=changed)


def test_under_an_earlier_strategy_each_member_is_trained_once_as_its_sibling_was(
    record: StudyRecord, data: TrainingSet, tmp_path: Path
) -> None:
    record = EarlierRecord(record)
    refitting, heard = begin(record, data, tmp_path)
    tasks = [refitting.next_task(), refitting.next_task()]
    assert [(task.key, task.refit, task.patience, task.params, task.start) for task in tasks] == [
        (f"{STUDY}#{name}", 3, None, PARAMS, None) for name in NAMES
    ]
    assert tasks[0].seed != tasks[1].seed
    assert refitting.next_task() is None
    assert not refitting.complete
    for number, task in enumerate(tasks):
        assert refitting.handle(trained(task.key, 10 + number, curve([0.9] * 3)))
    assert refitting.complete
    assert not refitting.handle(trained(tasks[0].key, 1, CURVES[0])), "not wanted any more"
    assert [member.weights["w"].item() for member in refitting.members()] == [10, 11]
    assert refits(refitting) == [{"epochs": 3, "goes_on": False, "diverged": []}]
    assert heard.notices == [
        MemberRefitted(STUDY, 7, 0, epochs=3, through=7, total=8),
        MemberRefitted(STUDY, 7, 1, epochs=3, through=8, total=8),
    ]
    again, silent = begin(record, data, tmp_path)
    assert (again.complete, again.next_task(), silent.notices) == (True, None, [])
    assert [member.weights["w"].item() for member in again.members()] == [10, 11]


def test_a_partner_s_members_are_trained_by_its_own_plan(
    record: StudyRecord, data: TrainingSet, tmp_path: Path
) -> None:
    other = Finalist(9, {**PARAMS, "filters": 4, "learning_rate": 0.02}, 0.4)
    groups = zip((WINNER, other), (GAINING, CURVES[:1]), strict=True)
    chosen = [Retrained(who, [Member(weights(0), each) for each in curves]) for who, curves in groups]
    refitting = Refitting(record, data, Workspace(tmp_path), heard := Heard(), chosen, before=6)
    tasks = [refitting.next_task() for _ in range(3)]
    assert [(task.key.split("#")[1], task.refit, task.params["learning_rate"]) for task in tasks] == [
        ("refit-7-0", 2, 0.01),
        ("refit-7-1", 2, 0.01),
        ("refit-9-0", 2, 0.02),
    ]
    assert (tasks[0].seed, tasks[2].start) == (tasks[2].seed, None)
    for number, task in enumerate(tasks):
        refitting.handle(trained(task.key, number, curve([0.9] * 2)))
    assert [member.weights["w"].item() for member in refitting.members()] == [0, 1, 2]
    assert refitting.params == (PARAMS, PARAMS, other.params)
    assert [(one.trial, one.members, one.refit["goes_on"]) for one in refitting.configs()] == [
        (7, 2, True),
        (9, 1, False),
    ]
    assert heard.notices[-1] == MemberRefitted(STUDY, 9, 0, epochs=2, through=9, total=9)


def test_one_that_diverges_leaves_its_place_to_its_sibling(
    record: StudyRecord, data: TrainingSet, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    refitting, _ = begin(record, data, tmp_path, GAINING)
    with caplog.at_level(logging.WARNING):
        for end in (curve([0.9] * 2), DIVERGED):
            task = refitting.next_task()
            refitting.handle(trained(task.key, 10, end))
    assert refitting.complete
    assert [member.weights["w"].item() for member in refitting.members()] == [10, 1]
    assert refits(refitting) == [{"epochs": 2, "goes_on": True, "diverged": [1]}]
    assert [entry.getMessage() for entry in caplog.records] == [
        f"study {STUDY}: member 2 of trial 7 diverged on all of Set A; the one trained without the "
        "validation probes takes its place"
    ]


def test_where_every_sibling_diverged_they_are_handed_over(
    record: StudyRecord, data: TrainingSet, tmp_path: Path
) -> None:
    refitting, _ = begin(record, data, tmp_path, [DIVERGED, DIVERGED])
    assert (refitting.complete, refitting.next_task(), refits(refitting)) == (True, None, [None])
    assert refitting.members() == refitting.siblings


def test_a_kill_loses_an_epoch_at_most(record: StudyRecord, data: TrainingSet, tmp_path: Path) -> None:
    undisturbed, _ = begin(record, data, tmp_path / "undisturbed", GAINING, untrained)
    *_, end = undisturbed.next_task().run(lambda: True)
    killed, _ = begin(record, data, tmp_path / "killed", GAINING, untrained)
    task = killed.next_task()
    events = task.run(lambda: True)
    reported = next(events)
    assert isinstance(reported, Reported)
    killed.handle(reported)
    del killed
    again, _ = begin(record, data, tmp_path / "killed", GAINING, untrained)
    reports, rest = 0, again.next_task()
    for event in rest.run(lambda: True):
        reports += isinstance(event, Reported)
        again.handle(event)
    assert reports == 1
    assert end.weights == event.weights
    assert not list(tmp_path.glob("killed/checkpoints/**/refit-7-0*"))


def test_a_lost_one_is_given_to_another_worker(
    record: StudyRecord, data: TrainingSet, tmp_path: Path
) -> None:
    refitting, _ = begin(record, data, tmp_path)
    first, second = refitting.next_task(), refitting.next_task()
    assert refitting.handle(Lost(first.key, "killed"))
    refitting.handle(trained(second.key, 11, CURVES[0]))
    assert not refitting.complete
    assert refitting.next_task() == first


def test_a_study_without_it_hands_the_siblings_over(simulated: Path, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "studies")
    said = rbptune(*launch(simulated, workspace.root, "--no-refit", "--members", 2))
    assert said.code == 0, said.err
    assert "on all of Set A" not in said.err
    result = json.loads((workspace.artifacts(STUDY) / "result.json").read_text())
    assert result["refit"] is None
    kept = sorted(path.name for path in workspace.artifacts(STUDY).glob("finalists/*"))
    assert kept == [f"final-{result['best_trial']}-{member}.safetensors" for member in (0, 1)]
    again = rbptune(*launch(simulated, workspace.root, "--refit", "--members", 2))
    assert again.code == 2
    assert "strategy.refit was False" in again.err
    assert status(workspace.root)[0]["state"] == "done"
