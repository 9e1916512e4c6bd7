"""Tasks as workers run them: trained, stopped, gone on with, tested."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
from torch.nn import Module

from data_io.experiments import Experiment
from data_io.predictions import unpack_predictions
from data_io.sealed import open_test_set
from data_io.training_set import Examples, TrainingSet, load_training_set
from models.config import split_params
from models.metrics import spearman
from models.predict import predict
from models.registry import get_architecture
from models.trainer import Trainer
from search.workers.events import Failed, Reported, Stopped, Tested, Trained
from search.workers.executor import guarded
from search.workers.tasks import HeldOutTask, TrainTask

PARAMS = {"motif_length": 6, "filters": 8, "hidden": 8, "epochs": 3, "learning_rate": 0.01}
EXPERIMENT = Experiment("RNCMPT90001", "SIMFOX", "Homo_sapiens")


@pytest.fixture(scope="module")
def data(simulated: Path) -> TrainingSet:
    return load_training_set(simulated, EXPERIMENT, "grouped", None)


def always() -> bool:
    return True


def test_training_reports_each_epoch_and_ends_with_weights_and_curve(data: TrainingSet) -> None:
    *reports, end = TrainTask("k", "cnn", PARAMS, 1, data).run(always)
    assert [type(event) for event in reports] == [Reported] * 3
    assert isinstance(end, Trained)
    assert [report.epoch for report in end.curve] == [1, 2, 3]
    assert end.curve == tuple(event.report for event in reports)
    assert [event.curve for event in reports] == [end.curve[:epoch] for epoch in (1, 2, 3)]


@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_going_on_from_any_epoch_ends_the_same(data: TrainingSet, epoch: int) -> None:
    events = list(TrainTask("k", "cnn", PARAMS, 1, data).run(always))
    gone_on = list(TrainTask("k", "cnn", PARAMS, 1, data, events[epoch - 1].state).run(always))
    assert len(gone_on) == len(events) - epoch
    assert gone_on[-1].weights == events[-1].weights


def test_a_damaged_checkpoint_costs_its_epochs_and_nothing_else(data: TrainingSet) -> None:
    events = list(TrainTask("k", "cnn", PARAMS, 1, data).run(always))
    again = list(TrainTask("k", "cnn", PARAMS, 1, data, events[1].state[:-40]).run(always))
    assert len(again) == len(events)
    assert again[-1].weights == events[-1].weights


def test_it_ends_where_its_patience_does_also_when_it_goes_on(data: TrainingSet) -> None:
    params = {**PARAMS, "epochs": 100, "learning_rate": 0.05}
    *reports, end = TrainTask("k", "cnn", params, 1, data, patience=2).run(always)
    scores = [event.report.spearman for event in reports]
    assert scores.index(max(scores)) == len(scores) - 3
    assert len(scores) < 100, "choose a learning rate at which it stalls"
    (again,) = TrainTask("k", "cnn", params, 1, data, reports[-1].state, patience=2).run(always)
    assert again == end


AVERAGED = {**PARAMS, "epochs": 5, "averaging": 0.9, "schedule": "cosine"}


def test_a_refit_is_so_many_epochs_on_all_of_set_a_whatever_validates_best(data: TrainingSet) -> None:
    *reports, end = TrainTask("k", "cnn", AVERAGED, 1, data, patience=1, refit=3).run(always)
    whole = Examples(
        np.concatenate([data.train.codes, data.validation.codes]),
        np.concatenate([data.train.targets, data.validation.targets]),
    )
    network, training = split_params("cnn", AVERAGED)
    plain = Trainer("cnn", network, training, TrainingSet(whole, data.validation, data.scaling, ""), 1)
    for _ in range(3):
        plain.run_epoch()
    assert len(reports) == 3
    assert end.weights == safetensors.torch.save(plain.weights())
    assert [report.train_loss for report in end.curve] == [report.train_loss for report in plain.curve]
    raw = {name: value.clone() for name, value in plain.model.state_dict().items()}
    assert any(not np.array_equal(raw[name], value) for name, value in plain.weights().items()), "averaged"


def test_a_refit_begins_with_given_weights_also_when_it_goes_on(data: TrainingSet) -> None:
    *_, first = TrainTask("k", "cnn", AVERAGED, 1, data).run(always)
    task = TrainTask("k", "cnn", AVERAGED, 1, data, refit=2, start=first.weights)
    *reports, end = task.run(always)
    assert reports[0].report.train_loss < first.curve[0].train_loss, "it has learned already"
    (_, gone_on) = replace(task, state=reports[0].state).run(always)
    assert gone_on.weights == end.weights
    (again, *_) = replace(task, state=reports[0].state, start=None).run(always)
    assert again.report.epoch == 1, "a checkpoint of a training that began otherwise does not count"


def test_a_refit_says_nothing_of_probes_that_it_was_trained_on(data: TrainingSet) -> None:
    events = list(TrainTask("k", "cnn", AVERAGED, 1, data, refit=2).run(always))
    for report in (report for event in events for report in event.curve):
        assert np.isnan([report.validation_loss, report.spearman, report.pearson]).all()
        assert (np.isfinite(report.train_loss), report.diverged) == (True, False)


@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_a_refit_goes_on_from_any_epoch(data: TrainingSet, epoch: int) -> None:
    events = list(TrainTask("k", "cnn", AVERAGED, 1, data, refit=3).run(always))
    gone_on = list(TrainTask("k", "cnn", AVERAGED, 1, data, events[epoch - 1].state, refit=3).run(always))
    assert len(gone_on) == len(events) - epoch
    assert gone_on[-1].weights == events[-1].weights


def test_an_unwanted_task_stops_within_its_epoch(data: TrainingSet) -> None:
    assert list(TrainTask("k", "cnn", PARAMS, 1, data).run(lambda: False)) == [Stopped("k")]


def test_what_goes_wrong_becomes_a_reason(data: TrainingSet) -> None:
    (failed,) = guarded(TrainTask("k", "cnn", {**PARAMS, "filters": -1}, 1, data), always)
    assert isinstance(failed, Failed)
    assert failed.reason == "filters = -1: must be a whole number from 1 to 4096"
    assert failed.traceback == "", "it is the user's mistake"


def test_a_fault_of_ours_comes_with_its_traceback(data: TrainingSet) -> None:
    (failed,) = guarded(TrainTask("k", "cnn", PARAMS, 1, None), always)
    assert isinstance(failed, Failed)
    assert failed.reason.startswith("AttributeError: ")
    assert "in __init__" in failed.traceback


def test_the_ensemble_is_the_mean_of_its_members(data: TrainingSet, simulated: Path) -> None:
    ends = [list(TrainTask("k", "cnn", PARAMS, seed, data).run(always))[-1] for seed in (1, 2)]
    members = tuple(end.weights for end in ends)
    test = open_test_set(simulated, EXPERIMENT, data.scaling, None)

    def figures(*weights: bytes) -> Tested:
        (end,) = HeldOutTask("k", "cnn", (PARAMS,) * len(weights), weights, weights, data, test).run(always)
        assert isinstance(end, Tested)
        return end

    both = figures(*members)
    assert both.members == tuple(figures(weights).ensemble for weights in members)
    best = [max(report.spearman for report in end.curve) for end in ends]
    assert np.allclose([member.val_spearman for member in both.members], best, atol=2e-3)
    assert both.ensemble not in both.members
    training = predict([_model(weights) for weights in members], data.train.codes)
    steps = np.linspace(0, 1, 201)
    np.testing.assert_allclose(both.quantiles, np.quantile(training, steps), rtol=1e-5, atol=1e-6)
    kept = unpack_predictions(both.predictions)
    np.testing.assert_array_equal(kept.codes, test.codes)
    np.testing.assert_array_equal(kept.measured, test.targets)
    assert spearman(kept.predicted, kept.measured) == both.ensemble.test_spearman
    alone = [spearman(each, kept.measured) for each in kept.members]
    assert alone == [member.test_spearman for member in both.members]


def test_members_have_the_validation_figures_of_siblings_that_have_not_seen_the_probes(
    data: TrainingSet, simulated: Path
) -> None:
    first, second, third, fourth = (
        list(TrainTask("k", "cnn", PARAMS, seed, data).run(always))[-1].weights for seed in (1, 2, 3, 4)
    )
    test = open_test_set(simulated, EXPERIMENT, data.scaling, None)

    def tested(members: tuple[bytes, ...], validated: tuple[bytes, ...]) -> Tested:
        (end,) = HeldOutTask("k", "cnn", (PARAMS,) * 2, members, validated, data, test).run(always)
        assert isinstance(end, Tested)
        return end

    found = tested((first, second), (third, fourth))
    handed_over, siblings = tested((first, second), (first, second)), tested((third, fourth), (third, fourth))
    for mixed, seeing, unseeing in zip(
        *((each.ensemble, *each.members) for each in (found, handed_over, siblings)), strict=True
    ):
        assert (mixed.test_spearman, mixed.test_pearson) == (seeing.test_spearman, seeing.test_pearson)
        assert (mixed.val_spearman, mixed.val_pearson) == (unseeing.val_spearman, unseeing.val_pearson)
        assert mixed.val_spearman != seeing.val_spearman
    assert (found.predictions, found.quantiles) == (handed_over.predictions, handed_over.quantiles)


def _model(weights: bytes) -> Module:
    model = get_architecture("cnn").build(split_params("cnn", dict(PARAMS))[0])
    model.load_state_dict(safetensors.torch.load(weights))
    return model
