"""Train the members of an export again, as it records them, and compare what comes out."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch

from data_io.errors import StudyError
from data_io.experiments import Experiment
from data_io.predictions import NAME, read_predictions
from data_io.training_set import Examples, TrainingSet, load_training_set
from models.weights import load_model
from search.results.ensemble import configs_of
from search.results.export import read_metrics
from search.service.refitting import handed_over, on_all_of_set_a, plan
from search.service.retraining import member_task
from search.strategy.strategy import Strategy
from search.study.spec import Spec, package_versions
from search.workers.events import Event, Reported, Tested, Trained
from search.workers.in_process import run_here
from search.workers.tasks import HeldOutTask, Task, TrainTask

KINDS = ("val_spearman", "val_pearson", "test_spearman", "test_pearson")


@dataclass(frozen=True)
class Comparison:
    """A figure of the export, and what came out for it now; `of` is the ensemble or a member."""

    of: str
    figure: str
    recorded: float
    again: float

    @property
    def difference(self) -> float:
        """By how much they differ; 0 where they are the same bit for bit."""
        return abs(self.again - self.recorded)


@dataclass(frozen=True)
class Reproduction:
    """What came out.

    Attributes
    ----------
    comparisons : tuple of Comparison
    same_weights : bool
        Whether the weights of all members are those of the export, bit for bit.
    same_predictions : bool or None
        The same of each member's prediction for each probe of the test; None where the export has none.
    versions : dict of str to (str, str)
        Packages that were of another version then, and their version now.
    """

    comparisons: tuple[Comparison, ...]
    same_weights: bool
    same_predictions: bool | None
    versions: Mapping[str, tuple[str, str]]

    @property
    def largest(self) -> float:
        """The largest difference of a figure; infinite where one is no number."""
        differences = [comparison.difference for comparison in self.comparisons]
        return max((math.inf if math.isnan(d) else d for d in differences), default=0.0)

    @property
    def exact(self) -> bool:
        """Whether everything is the same, bit for bit."""
        return self.same_weights and self.same_predictions is not False and self.largest == 0


def reproduce(
    folder: Path, data: Path, cache: Path | None = None, said: Callable[[int, int], None] = lambda *_: None
) -> Reproduction:
    """Train the members of an export again: with their seeds, config and split, then on all of Set A.

    The test set is not opened again: no study would record that second opening. What the new members
    predict for the test is computed for the sequences in the export's own table of predictions, and its
    figures against the values that were measured for these, which stand there, too. Of the data only Set A is
    read, and its fingerprint has to be that of the study's.

    Parameters
    ----------
    folder : Path
        An export.
    data : Path
        The folder of the measurements.
    cache : Path, optional
        The cache folder. Default: no cache.
    said : callable, optional
        Hears of each epoch: the member, from 0, and its epoch.

    Raises
    ------
    StudyError
        When the folder is no export, does not say how it was made, or the data are others.
    ModelError, DataError
        When a file of it is damaged, or the measurements cannot be used.
    """
    result = read_metrics(folder)
    spec = _recorded_spec(result, folder)
    kept = load_model(folder).members
    experiment = Experiment(spec.experiment, spec.protein, spec.species)
    training = load_training_set(data, experiment, spec.split, cache)
    _check_data(result, training, data)
    table = read_predictions(folder / NAME) if (folder / NAME).is_file() else None
    tasks = _trainings(result, spec, training)
    siblings = [[_train(task, said) for task in each] for each in tasks]
    refitted = [_refitted(spec.strategy, *each, said) for each in zip(tasks, siblings, strict=True)]
    members, validated = map(_weights, (refitted, siblings))
    params = tuple(task.params for each in tasks for task in each)
    test = training.validation if table is None else Examples(table.codes, table.measured)
    whole = HeldOutTask("test", spec.architecture, params, members, validated, training, test)
    tested = _run(whole, said)
    assert isinstance(tested, Tested)
    same = all(_are_same(model.state_dict(), new) for model, new in zip(kept, members, strict=True))
    return Reproduction(
        tuple(_compare(result, tested, KINDS if table is not None else KINDS[:2])),
        same,
        None if table is None else tested.predictions == (folder / NAME).read_bytes(),
        _other_versions(result),
    )


def _weights(trained: Sequence[Sequence[Trained]]) -> tuple[bytes, ...]:
    return tuple(end.weights for each in trained for end in each)


def _recorded_spec(result: Mapping[str, Any], folder: Path) -> Spec:
    spec = (result.get("provenance") or {}).get("spec")
    if not isinstance(spec, Mapping) or not result.get("params") or not result.get("members"):
        raise StudyError(f"{folder}: does not say how it was made; export the study again")
    return Spec.from_dict(spec, result["study"])


def _check_data(result: Mapping[str, Any], training: TrainingSet, data: Path) -> None:
    known = result["provenance"].get("fingerprint")
    if known != training.fingerprint:
        raise StudyError(
            f"{data}: other measurements than those of {result['study']} (fingerprint "
            f"{training.fingerprint[:12]}, recorded {str(known)[:12]}); give the data it was searched with"
        )


def _trainings(result: Mapping[str, Any], spec: Spec, training: TrainingSet) -> list[list[TrainTask]]:
    """The trainings of the members of each config; their keys count all members."""
    study, keys = result["study"], map(str, itertools.count())
    return [
        [
            member_task(next(keys), spec, study, config.trial, config.params, member, training)
            for member in range(config.members)
        ]
        for config in configs_of(result)
    ]


def _refitted(
    strategy: Strategy,
    tasks: Sequence[TrainTask],
    siblings: Sequence[Trained],
    said: Callable[[int, int], None],
) -> list[Trained]:
    refit = plan(strategy, tasks[0].params, [sibling.curve for sibling in siblings])
    if refit is None:
        return list(siblings)
    return [
        handed_over(sibling, _train(on_all_of_set_a(strategy, task, refit, sibling.weights), said))
        for task, sibling in zip(tasks, siblings, strict=True)
    ]


def _train(task: TrainTask, said: Callable[[int, int], None]) -> Trained:
    end = _run(task, said)
    assert isinstance(end, Trained)
    return end


def _run(task: Task, said: Callable[[int, int], None]) -> Event:
    def hear(event: Event) -> None:
        if isinstance(event, Reported):
            said(int(event.key), event.report.epoch)

    end = run_here(task, hear)
    if not isinstance(end, Trained | Tested):
        raise StudyError(f"it cannot be trained again: {getattr(end, 'reason', 'stopped')}")
    return end


def _compare(result: Mapping[str, Any], tested: Tested, kinds: Sequence[str]) -> list[Comparison]:
    names = ["ensemble", *(f"member {number + 1}" for number in range(len(tested.members)))]
    recorded = [result, *result["members"]]
    again = [asdict(figures) for figures in (tested.ensemble, *tested.members)]
    return [
        Comparison(name, kind, float(old[kind]), float(new[kind]))
        for name, old, new in zip(names, recorded, again, strict=True)
        for kind in kinds
    ]


def _are_same(kept: Mapping[str, torch.Tensor], weights: bytes) -> bool:
    new = safetensors.torch.load(weights)
    return kept.keys() == new.keys() and all(
        np.array_equal(kept[name].numpy(), new[name].numpy(), equal_nan=kept[name].is_floating_point())
        for name in kept
    )


def _other_versions(result: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    made = result["provenance"].get("made") or {}
    now, then = package_versions(), made.get("versions") or {}
    return {name: (version, now[name]) for name, version in then.items() if now.get(name, version) != version}
