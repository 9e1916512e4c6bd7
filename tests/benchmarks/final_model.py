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
from models.trainer import Trainer
from tests.benchmarks.ablation import spread
from tests.benchmarks.prepared import examples, predictions, read, trained
from tests.benchmarks.variants import NETWORKS, RECURRENT, RESIDUAL, START, TRAINING

CONFIGS: dict[str, dict[str, object]] = {
    "residual": RESIDUAL,
    "layers": NETWORKS["three layers, windows"],
    "wide": {**RESIDUAL, "filters": 128, "window": 5, "motif_length": 9},
    "recurrent": {**RECURRENT["windows, residual 2"], "learning_rate": 2e-3},
    "start": {**START, "loss": "log_cosh"},
}
CNNS = ["residual", "layers", "wide"]  # of the ensembles of several configs
EPOCHS = 15
MEMBERS = {"split": 5, "folds": 5, "tenths": 10, "all": 5, "on": 5, "bare": 5}  # networks of each way
OTHERS = {"split": 3, "all": 3, "on": 3, "bare": 3}  # of the configs but the first
ON = {"epochs": 8, "schedule": "cosine"}  # on all, from the weights of a split
RATES = {"on": 0.5, "bare": 1.0}  # shares of the learning rate meanwhile


class Net(NamedTuple):
    """A network of one way of training."""

    experiment: str
    config: str
    way: str
    member: int


def nets(experiments: list[str], configs: list[str], ways: list[str], most: int) -> Iterator[Net]:
    """Yield all that are trained, so that wherever it ends whole experiments are done."""
    for experiment, config in product(experiments, configs):
        counts = MEMBERS if config == "residual" else OTHERS
        for way in [way for way in counts if way in ways]:
            yield from (Net(experiment, config, way, member) for member in range(min(most, counts[way])))


def sides(net: Net, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to train on and rows to validate by, of so many."""
    shuffled = np.random.default_rng(1).permutation(count)
    if net.way == "all" or net.way in RATES:
        return shuffled, shuffled[: count // 10]
    parts = np.array_split(shuffled, 10 if net.way == "tenths" else 5)
    held = net.member if net.way in ("folds", "tenths") else 0
    return np.concatenate([part for i, part in enumerate(parts) if i != held]), parts[held]


def path_of(folder: Path, net: Net) -> Path:
    """Give the file with what a network predicts."""
    return folder / f"{'-'.join(map(str, net))}.npz"


def train(net: Net, file: str, folder: Path, device: str, deadline: float) -> None:
    """Train a network and keep what it predicts of the judging probes."""
    path = path_of(folder, net)
    if path.exists() or time.time() > deadline:
        return
    trainer = train_on(net, file, device) if net.way in RATES else train_once(net, file, device)
    temporary = path.with_suffix(".partial")
    with temporary.open("wb") as handle:
        found = predictions(file, net.experiment, trainer)
        np.savez(handle, predictions=found, score=trainer.best.spearman)
    temporary.replace(path)


def train_once(net: Net, file: str, device: str) -> Trainer:
    """Train a network from random weights."""
    return trained(*setting(net, file, device), params_of(net), net.member + 1, last=net.way == "all")


def train_on(net: Net, file: str, device: str) -> Trainer:
    """Train a network of one split, and then that on all."""
    start = train_once(net._replace(way="split"), file, device).best_weights()
    params = {**params_of(net), **ON}
    params["learning_rate"] *= RATES[net.way]
    if net.way == "bare":  # no dropout before the output
        params["output_dropout"] = 0.0
    return trained(*setting(net, file, device), params, net.member + 101, last=True, start=start)


def setting(net: Net, file: str, device: str) -> tuple[str, str, tuple[np.ndarray, np.ndarray], str, str]:
    """Give file, experiment, rows, device and architecture of a network."""
    rows = sides(net, len(examples(file, net.experiment, "train").targets))
    return file, net.experiment, rows, device, "rnn" if net.config == "recurrent" else "cnn"


def params_of(net: Net) -> dict[str, Any]:
    """Give the hyperparameters of a network."""
    return {**TRAINING, "epochs": EPOCHS, **CONFIGS[net.config]}


def run(options: argparse.Namespace) -> None:
    """Train what is missing, as long as there is time."""
    options.folder.mkdir(parents=True, exist_ok=True)
    experiments = options.experiments or experiments_of(options.file)
    job = partial(
        train,
        file=options.file,
        folder=options.folder,
        device=options.device,
        deadline=time.time() + options.budget,
    )
    with ProcessPoolExecutor(options.processes, get_context("spawn")) as pool:
        list(pool.map(job, nets(experiments, options.configs, options.ways, options.members)))


def experiments_of(file: str) -> list[str]:
    """Give the experiments of a prepared file."""
    return list(dict.fromkeys(name.split("/")[0] for name in read(file)))


def ensembles(main: str = "residual") -> dict[str, list[tuple[str, str, int]]]:
    """Give the ensembles that are compared: config, way and number of each network."""

    def some(way: str, count: int, config: str = main) -> list[tuple[str, str, int]]:
        return [(config, way, member) for member in range(count)]

    def mixed(way: str, count: int) -> list[tuple[str, str, int]]:
        return [net for config in CNNS for net in some(way, count, config)]

    return {
        "3 of one split": some("split", 3),
        "1 of one split": some("split", 1),
        "5 of one split": some("split", 5),
        "3 of folds": some("folds", 3),
        "5 folds": some("folds", 5),
        "3 of tenths": some("tenths", 3),
        "10 tenths": some("tenths", 10),
        "1 on all": some("all", 1),
        "2 on all": some("all", 2),
        "1 of a split, then on all": some("on", 1),
        "2 of a split, then on all": some("on", 2),
        "3 of a split, then on all": some("on", 3),
        "1 of a split, on all bare": some("bare", 1),
        "2 of a split, on all bare": some("bare", 2),
        "3 on all": some("all", 3),
        "5 on all": some("all", 5),
        "3 of one split, 3 on all": [*some("split", 3), *some("all", 3)],
        "3 configs x 3 of one split": mixed("split", 3),
        "3 configs x 3 on all": mixed("all", 3),
        "3 configs x 1 on all": mixed("all", 1),
        "3 CNN+LSTMs on all": some("all", 3, "recurrent"),
        "2 CNNs, 1 CNN+LSTM on all": [*some("all", 2), *some("all", 1, "recurrent")],
        "3 CNNs, 3 CNN+LSTMs on all": [*some("all", 3), *some("all", 3, "recurrent")],
    }


def show(options: argparse.Namespace) -> None:
    """Print each way's means, and how far it is from one of them, over the experiments that have both."""
    ways = ensembles(options.config)
    found = {way: dict(scores_of(options.file, options.folder, networks)) for way, networks in ways.items()}
    first = found[options.against]
    print(f"against {options.against}: mean, deviation over experiments / seeds")
    for way, scores in found.items():
        names = [name for name in scores if name in first]
        if not names:
            continue
        cells = [f"{way:<28}{len(names)} experiments"]
        for place, metric in enumerate(("spearman", "pearson")):
            against = [scores[name][place] - first[name][place] for name in names]
            mean = statistics.mean(scores[name][place] for name in names)
            cells.append(f"{metric} {mean:.4f} ({spread(against, [(name, 0) for name in names])})")
        print("  ".join(cells))


def scores_of(
    file: str, folder: Path, networks: list[tuple[str, str, int]]
) -> Iterator[tuple[str, tuple[float, float]]]:
    """Yield the experiments that have all networks of an ensemble, and its scores there."""
    for name in experiments_of(file):
        paths = [path_of(folder, Net(name, *network)) for network in networks]
        if all(path.exists() for path in paths):
            yield name, score(file, name, paths)


def score(file: str, experiment: str, paths: list[Path]) -> tuple[float, float]:
    """Give Spearman and Pearson of an ensemble on the judging probes."""
    targets = examples(file, experiment, "validation").targets
    mean = np.mean([np.load(path)["predictions"] for path in paths], axis=0)
    return spearman(mean, targets), pearson(mean, targets)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.final_model", description=__doc__)
    commands = parser.add_subparsers(required=True)
    for name, command in (("run", run), ("show", show)):
        part = commands.add_parser(name)
        part.set_defaults(command=command)
        part.add_argument("file")
        part.add_argument("folder", type=Path)
        if command is show:
            part.add_argument(
                "--config", choices=CONFIGS, default="residual", help="of the networks first in the list"
            )
            part.add_argument("--against", choices=ensembles(), default="3 of one split")
        if command is run:
            part.add_argument("--device", default="cuda")
            part.add_argument("--experiments", nargs="+", help="default: all of the file")
            part.add_argument("--configs", nargs="+", choices=CONFIGS, default=list(CONFIGS))
            part.add_argument("--ways", nargs="+", choices=MEMBERS, default=list(MEMBERS))
            part.add_argument("--members", type=int, default=10, help="the most networks of a way")
            part.add_argument("--processes", type=int, default=1)
            part.add_argument("--budget", type=float, default=float("inf"), help="seconds")
    options = parser.parse_args()
    options.command(options)


if __name__ == "__main__":
    main()
