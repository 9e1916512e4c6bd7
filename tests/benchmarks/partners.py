"""What it gains that the members of two finalists are one ensemble, by probes that they were not trained on.

`python -m tests.benchmarks.partners studies WORKSPACE ...` takes finalists that finished studies kept as they
were before they were trained on all of Set A, and the validation probes, which chose among them.
`networks FILE.npz FOLDER` takes what networks of several configs predict of the judging probes of
`tests.benchmarks.final_model`, where the validation of each network's own split chooses. Set B is not read.
"""

from __future__ import annotations

import argparse
import re
import statistics
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data_io.experiments import Experiment
from data_io.training_set import load_training_set
from models.config import split_params
from models.metrics import pearson, spearman
from models.predict import predict
from models.weights import build_member
from search.study.record import StudyRecord
from search.study.workspace import Workspace
from tests.benchmarks.final_model import CNNS, Net, experiments_of, path_of
from tests.benchmarks.prepared import examples
from tests.benchmarks.selection import finished_studies

_KEPT = re.compile(r"final-(\d+)-(\d+)\.safetensors")


class Group(NamedTuple):
    """The members of one config: what it is called, what chooses it, and each member's predictions (M, n)."""

    name: str
    score: float
    predictions: np.ndarray


class Gain(NamedTuple):
    """Spearman and Pearson of ensembles, (2,) each, where `scores` chose the better of two configs."""

    scores: tuple[float, float]
    alone: np.ndarray
    two_and_two: np.ndarray
    all_of_both: np.ndarray


def gain(groups: Sequence[Group], targets: np.ndarray) -> Gain:
    """Compare all members of the better of two configs with two of each, on average, and with all of both."""
    better, other = sorted(groups, key=lambda group: -group.score)
    pairs = [list(combinations(group.predictions, 2)) for group in (better, other)]
    return Gain(
        (better.score, other.score),
        figures(better.predictions, targets),
        np.mean([figures([*own, *its], targets) for own in pairs[0] for its in pairs[1]], axis=0),
        figures([*better.predictions, *other.predictions], targets),
    )


def figures(predictions: Iterable[np.ndarray], targets: np.ndarray) -> np.ndarray:
    """Give Spearman and Pearson of an ensemble."""
    mean = np.mean(list(predictions), axis=0)
    return np.array([spearman(mean, targets), pearson(mean, targets)])


def has_two(record: StudyRecord, workspace: Workspace) -> bool:
    """Tell whether a study kept two finalists to compare."""
    names = (path.name for path in workspace.artifacts(record.name).glob("finalists/final-*.safetensors"))
    return len({name.split("-")[1] for name in names}) > 1


def of_study(record: StudyRecord, workspace: Workspace) -> Gain:
    """Compare the two best finalists of a study on its validation probes."""
    spec = record.spec
    experiment = Experiment(spec.experiment, spec.protein, spec.species)
    probes = load_training_set(record.data, experiment, spec.split, workspace.cache).validation
    known = np.isfinite(probes.targets)
    targets, codes = probes.targets[known], probes.codes[known]
    params = {trial.number: trial.user_attrs["params"] for trial in record.trials() if trial.user_attrs}
    members: dict[int, list[np.ndarray]] = {}
    for path in sorted(workspace.artifacts(record.name).glob("finalists/final-*.safetensors")):
        if found := _KEPT.fullmatch(path.name):
            network, _ = split_params(spec.architecture, dict(params[int(found[1])]))
            member = build_member(spec.architecture, network, path.read_bytes())
            members.setdefault(int(found[1]), []).append(predict(member, codes))
    groups = [
        Group(str(trial), statistics.mean(spearman(each, targets) for each in all_), np.stack(all_))
        for trial, all_ in members.items()
    ]
    return gain(sorted(groups, key=lambda group: -group.score)[:2], targets)


def of_networks(file: str, folder: Path) -> Iterator[tuple[str, Gain]]:
    """Compare each two CNNs of `final_model`, three networks each, on its judging probes."""
    for experiment in experiments_of(file):
        targets = examples(file, experiment, "validation").targets
        for pair in combinations(CNNS, 2):
            paths = [[path_of(folder, Net(experiment, name, "split", m)) for m in range(3)] for name in pair]
            if all(path.exists() for own in paths for path in own):
                groups = [group_of(name, own) for name, own in zip(pair, paths, strict=True)]
                yield f"{experiment} {' / '.join(pair)}", gain(groups, targets)


def group_of(name: str, paths: Sequence[Path]) -> Group:
    """Read what `final_model` kept."""
    kept = [np.load(path) for path in paths]
    score = statistics.mean(float(each["score"]) for each in kept)
    return Group(name, score, np.stack([each["predictions"] for each in kept]))


def row(name: str, found: Gain) -> str:
    """Give a line of the table."""
    texts = [f"{score:.4f}" for score in found.scores]
    texts += [
        ", ".join(f"{value:{sign}.4f}" for value in values)
        for sign, values in (("", found.alone), ("+", two_more(found)), ("+", all_more(found)))
    ]
    return f"| {' | '.join([name, *texts])} |"


def two_more(found: Gain) -> np.ndarray:
    """How much higher two of each score than all of the better one."""
    return found.two_and_two - found.alone


def all_more(found: Gain) -> np.ndarray:
    """How much higher all of both do."""
    return found.all_of_both - found.alone


def main() -> None:
    """Print a row each, and their means over those that are partners."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("studies").add_argument("workspaces", nargs="+", type=Path)
    networks = commands.add_parser("networks")
    networks.add_argument("file")
    networks.add_argument("folder", type=Path)
    parser.add_argument("--within", type=float, default=0.008, help="how much lower a partner may score")
    options = parser.parse_args()
    if options.command == "studies":
        places = [Workspace(root.resolve()) for root in options.workspaces]
        records = ((place, record) for place in places for record in finished_studies(place))
        found = (
            (record.name, of_study(record, place)) for place, record in records if has_two(record, place)
        )
    else:
        found = of_networks(options.file, options.folder)
    print("| of | better, other: own Spearman | | all of the better | two of each | all of both |")
    partners = []
    for name, each in found:
        print(row(name, each), flush=True)
        if each.scores[0] - each.scores[1] <= options.within:
            partners.append(each)
    if not partners:
        print("no pair of partners")
        return
    for what, more in (("two of each", two_more), ("all of both", all_more)):
        means = np.mean([more(each) for each in partners], axis=0)
        print(f"{what}: {means[0]:+.4f} Spearman, {means[1]:+.4f} Pearson, {len(partners)} pairs of partners")


if __name__ == "__main__":
    main()
