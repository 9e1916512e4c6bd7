"""What the model that is handed over should be trained on, judged by probes that none of it saw.

Half-way between a search and its test: the training probes of a prepared file (see the ablation) stand for
all of Set A, and are split again as a way asks; the file's validation probes judge. Set B is not read.

`python -m tests.benchmarks.final_model run FILE.npz FOLDER --device cuda` needs nothing but that file and the
networks, and goes on where it ended; `show FILE.npz FOLDER` prints the comparison.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from models.metrics import pearson, spearman
from tests.benchmarks.ablation import spread
from tests.benchmarks.prepared import examples, predictions, read
from tests.benchmarks.variants import NETWORKS, RESIDUAL, TRAINING

CONFIGS = {
    "residual": RESIDUAL,
    "layers": NETWORKS["three layers, windows"],
    "wide": {**RESIDUAL, "filters": 128, "window": 5, "motif_length": 9},
}
EPOCHS = 15
MEMBERS = {"split": 5, "folds": 5, "tenths": 10, "all": 5}  # networks of each way
OTHERS = {"split": 3, "all": 3}  # of the configs but the first


class Net(NamedTuple):
    """A network of one way of training."""

    experiment: str
    config: str
    way: str
    member: int


def nets(experiments: list[str]) -> Iterator[Net]:
    """Yield all that are trained, so that wherever it ends whole experiments are done."""
    for experiment, config in product(experiments, CONFIGS):
        counts = MEMBERS if config == "residual" else OTHERS
        for way, count in counts.items():
            yield from (Net(experiment, config, way, member) for member in range(count))


def sides(net: Net, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to train on and rows to validate by, of so many."""
    shuffled = np.random.default_rng(1).permutation(count)
    if net.way == "all":
        return shuffled, shuffled[: count // 10]
    parts = np.array_split(shuffled, 10 if net.way == "tenths" else 5)
    held = net.member if net.way in ("folds", "tenths") else 0
    return np.concatenate([part for i, part in enumerate(parts) if i != held]), parts[held]


def train(net: Net, file: str, folder: Path, device: str, deadline: float) -> None:
    """Train a network and keep what it predicts of the judging probes."""
    path = folder / f"{'-'.join(map(str, net))}.npz"
    if path.exists() or time.time() > deadline:
        return
    params = {**TRAINING, "epochs": EPOCHS, **CONFIGS[net.config]}
    rows = sides(net, len(examples(file, net.experiment, "train").targets))
    last = net.way == "all"
    found, score = predictions(file, net.experiment, rows, device, params, seed=net.member + 1, last=last)
    temporary = path.with_suffix(".partial")
    with temporary.open("wb") as handle:
        np.savez(handle, predictions=found, score=score)
    temporary.replace(path)


def run(options: argparse.Namespace) -> None:
    """Train what is missing, as long as there is time."""
    options.folder.mkdir(parents=True, exist_ok=True)
    experiments = list(dict.fromkeys(key.split("/")[0] for key in read(options.file)))[: options.experiments]
    job = partial(
        train,
        file=options.file,
        folder=options.folder,
        device=options.device,
        deadline=time.time() + options.budget,
    )
    with ProcessPoolExecutor(options.processes, get_context("spawn")) as pool:
        list(pool.map(job, nets(experiments)))


def ensembles(folder: Path, experiment: str) -> dict[str, tuple[np.ndarray, float]]:
    """Predictions of each way, and the validation score that it would be handed over with."""

    def load(config: str, way: str, members: range) -> list[Any]:
        paths = [folder / f"{'-'.join(map(str, Net(experiment, config, way, m)))}.npz" for m in members]
        return [np.load(path) for path in paths]

    def together(*loaded: Any) -> tuple[np.ndarray, float]:
        return np.mean([x["predictions"] for x in loaded], axis=0), statistics.mean(
            float(x["score"]) for x in loaded
        )

    split, folds, tenths, whole = (load("residual", way, range(n)) for way, n in MEMBERS.items())
    mixed = {way: [x for config in CONFIGS for x in load(config, way, range(3))] for way in OTHERS}
    return {
        "3 of one split": together(*split[:3]),
        "1 of one split": together(split[0]),
        "5 of one split": together(*split),
        "3 of folds": together(*folds[:3]),
        "5 folds": together(*folds),
        "3 of tenths": together(*tenths[:3]),
        "10 tenths": together(*tenths),
        "1 on all": together(whole[0]),
        "3 on all": together(*whole[:3]),
        "5 on all": together(*whole),
        "3 of one split, 3 on all": together(*split[:3], *whole[:3]),
        "3 configs x 3 of one split": together(*mixed["split"]),
        "3 configs x 1 of one split": together(*mixed["split"][::3]),
        "3 configs x 3 on all": together(*mixed["all"]),
        "3 configs x 1 on all": together(*mixed["all"][::3]),
    }


def show(options: argparse.Namespace) -> None:
    """Print each way's means, and how far it is from the first, over the experiments that are whole."""
    experiments = list(dict.fromkeys(key.split("/")[0] for key in read(options.file)))
    whole = [
        name
        for name in experiments
        if all((options.folder / f"{'-'.join(map(str, net))}.npz").exists() for net in nets([name]))
    ]
    found = {name: ensembles(options.folder, name) for name in whole}
    print(f"{len(whole)} experiments; against the first way: mean, deviation over experiments")
    first = next(iter(found[whole[0]]))
    for way in found[whole[0]]:
        scores = {name: _scores(options.file, name, found[name][way]) for name in whole}
        base = {name: _scores(options.file, name, found[name][first]) for name in whole}
        cells = [f"{way:<28}"]
        for place, metric in enumerate(("spearman", "pearson")):
            against = [scores[name][place] - base[name][place] for name in whole]
            mean = statistics.mean(scores[name][place] for name in whole)
            cells.append(f"{metric} {mean:.4f} ({spread(against, [(name, 0) for name in whole])})")
        cells.append(f"own figure {statistics.mean(scores[name][2] for name in whole):.4f}")
        print("  ".join(cells))


def _scores(file: str, experiment: str, found: tuple[np.ndarray, float]) -> tuple[float, float, float]:
    targets = examples(file, experiment, "validation").targets
    return spearman(found[0], targets), pearson(found[0], targets), found[1]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.final_model", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name, command in (("run", run), ("show", show)):
        part = commands.add_parser(name)
        part.set_defaults(command=command)
        part.add_argument("file")
        part.add_argument("folder", type=Path)
        if command is run:
            part.add_argument("--device", default="cuda")
            part.add_argument("--experiments", type=int, default=6, help="how many of the file's")
            part.add_argument("--processes", type=int, default=1)
            part.add_argument("--budget", type=float, default=float("inf"), help="seconds")
    options = parser.parse_args()
    options.command(options)


if __name__ == "__main__":
    main()
