"""Which parts of a network earn their keep: validation scores of a few configs on several experiments.

`python -m tests.benchmarks.ablation prepare --out FILE.npz` reads Set A of measured experiments, where they
are; `python -m tests.benchmarks.ablation run FILE.npz --device cuda --out OUT.json` needs nothing but that
file and the networks, and goes on where it ended. Set B is not read.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import sys
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.prepared import PARTS, read, train
from tests.benchmarks.variants import ARCHITECTURES, GROUPS, TRAINING

REPOSITORY = Path(__file__).resolve().parents[2]
EXPERIMENTS = "RBP01", "RBP04", "RBP07", "RBP12", "RBP15", "RBP20", "RBP27", "RBP38"
METRICS = "spearman", "pearson"


def prepare(options: argparse.Namespace) -> None:
    """Write some training and validation probes of each experiment, their targets scaled, to one file."""
    from data_io.experiments import read_master_sheet, resolve
    from data_io.folder import find_sheet
    from data_io.training_set import load_training_set

    sheet = read_master_sheet(find_sheet(options.data))
    arrays = {}
    for name in options.experiments:
        data = load_training_set(options.data, resolve(name, sheet))
        for part in PARTS:
            examples = getattr(data, part)
            rows = some_rows(examples.targets, getattr(options, part))
            arrays[f"{name}/{part}/codes"] = examples.codes[rows]
            arrays[f"{name}/{part}/targets"] = examples.targets[rows]
            print(f"{name}: {len(rows)} {part} probes of {np.isfinite(examples.targets).sum()}")
    np.savez_compressed(options.out, **arrays)


def some_rows(targets: np.ndarray, count: int) -> np.ndarray:
    """Rows (count,) of measured probes, all there are if there are fewer; the same every time."""
    measured = np.flatnonzero(np.isfinite(targets))
    chosen = np.random.default_rng(0).permutation(len(measured))[:count]
    return measured[np.sort(chosen)]


class Comparison:
    """The runs that were made, kept in a file.

    Parameters
    ----------
    options : argparse.Namespace
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.out, self.configs = options, Path(options.out), GROUPS[options.group]
        self.architecture = ARCHITECTURES[options.group]
        self.digest = hashlib.sha256(Path(options.file).read_bytes()).hexdigest()
        self.experiments = list(dict.fromkeys(key.split("/")[0] for key in read(options.file)))
        self.settings = {
            "data": self.digest,
            "epochs": options.epochs,
            "device": options.device,
            "configs": self.configs,
        }
        self.runs: dict[str, dict[str, float]] = self._load() if self.out.exists() else {}

    def _load(self) -> dict[str, dict[str, float]]:
        found = json.loads(self.out.read_text())
        if found["settings"] != self.settings:
            sys.exit(f"{self.out}: of other data, configs, epochs or another device; give another --out")
        runs: dict[str, dict[str, float]] = found["runs"]
        return runs

    def wanted(self) -> Iterator[tuple[int, str, str]]:
        """Seed, experiment and config of what is missing; a budget that ends leaves whole comparisons."""
        for seed, experiment, config in product(range(self.options.seeds), self.experiments, self.configs):
            if key(config, experiment, seed) not in self.runs:
                yield seed, experiment, config

    def arguments(self, seed: int, experiment: str, config: str) -> tuple[Any, ...]:
        """What `train` is to be given for a run."""
        params = {**TRAINING, "epochs": self.options.epochs, **self.configs[config]}
        where = self.options.file, self.digest, self.options.device
        return *where, self.architecture, params, seed, experiment

    def keep(self, name: str, figures: dict[str, float]) -> None:
        """Keep a run, on the disk too."""
        self.runs[name] = figures
        temporary = self.out.with_name(f"{self.out.name}.partial")
        temporary.write_text(json.dumps({"settings": self.settings, "runs": self.runs}, indent=1) + "\n")
        temporary.replace(self.out)


def key(config: str, experiment: str, seed: int) -> str:
    """The name of a run."""
    return f"{config} | {experiment} | {seed}"


def run(options: argparse.Namespace) -> None:
    """Train what is missing, as long as there is time, and print the comparison."""
    comparison, start = Comparison(options), time.perf_counter()
    missing = list(comparison.wanted())
    left = 0
    with ProcessPoolExecutor(options.processes, get_context("spawn")) as pool:
        running: dict[Future[dict[str, float]], str] = {}
        for number, (seed, experiment, config) in enumerate(missing):
            while len(running) >= options.processes:
                keep_done(comparison, running)
            if time.perf_counter() - start > options.budget:
                left = len(missing) - number
                break
            job = pool.submit(train, *comparison.arguments(seed, experiment, config))
            running[job] = key(config, experiment, seed)
        while running:
            keep_done(comparison, running)
    if left:
        print(f"out of time: {left} runs left out; the same command goes on")
    print(table(comparison.runs, comparison.experiments, options.seeds, list(comparison.configs)))


def keep_done(comparison: Comparison, running: dict[Future[dict[str, float]], str]) -> None:
    """Wait until at least one run has ended, and keep those that have."""
    done, _ = wait(running, return_when=FIRST_COMPLETED)
    for job in done:
        comparison.keep(running.pop(job), job.result())


def table(runs: dict[str, dict[str, float]], experiments: list[str], seeds: int, configs: list[str]) -> str:
    """Each config's means, and how far it is from the first, over the experiments and seeds that all have."""
    whole = [
        (experiment, seed)
        for experiment, seed in product(experiments, range(seeds))
        if all(key(config, experiment, seed) in runs for config in configs)
    ]
    if not whole:
        return "no experiment has all configs yet"
    lines = [
        f"{len(whole)} runs of each config; difference to the first: mean, deviation over experiments / seeds"
    ]
    first = configs[0]
    for config in configs:
        cells = [f"{config:<28}"]
        for metric in METRICS:
            scores = [runs[key(config, *each)][metric] for each in whole]
            against = [
                score - runs[key(first, *each)][metric] for score, each in zip(scores, whole, strict=True)
            ]
            cells.append(f"{metric} {statistics.mean(scores):.4f} ({spread(against, whole)})")
        seconds = statistics.mean(runs[key(config, *each)]["seconds"] for each in whole)
        lines.append("  ".join([*cells, f"{seconds:.1f} s"]))
    return "\n".join(lines)


def spread(values: list[float], whole: list[tuple[str, int]]) -> str:
    """Mean of differences; deviation of the experiments' means, and of the seeds within an experiment."""
    groups: dict[str, list[float]] = {}
    for value, (experiment, _) in zip(values, whole, strict=True):
        groups.setdefault(experiment, []).append(value)
    means = [statistics.mean(group) for group in groups.values()]
    between = f"{statistics.stdev(means):.4f}" if len(means) > 1 else "-"
    repeated = [statistics.variance(group) for group in groups.values() if len(group) > 1]
    within = f"{statistics.mean(repeated) ** 0.5:.4f}" if repeated else "-"
    return f"{statistics.mean(means):+.4f}, {between} / {within}"


def main() -> None:
    measured = Path(os.environ.get("RBPTUNE_REAL_DATA") or REPOSITORY.parent / "shared" / "data")
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    making = commands.add_parser("prepare")
    making.set_defaults(command=prepare)
    making.add_argument("--data", type=Path, default=measured / "rnacompete_16")
    making.add_argument("--experiments", nargs="+", default=EXPERIMENTS)
    making.add_argument("--train", type=int, default=24_000, help="training probes of each experiment")
    making.add_argument("--validation", type=int, default=6_000)
    making.add_argument("--out", required=True)
    running = commands.add_parser("run")
    running.set_defaults(command=run)
    running.add_argument("file")
    running.add_argument("--device", default="cuda")
    running.add_argument("--group", choices=GROUPS, default="networks", help="which configs")
    running.add_argument("--processes", type=int, default=1)
    running.add_argument("--seeds", type=int, default=2)
    running.add_argument("--epochs", type=int, default=15)
    running.add_argument("--budget", type=float, default=200.0, help="seconds after which no run begins")
    running.add_argument("--out", required=True)
    options = parser.parse_args()
    options.command(options)


if __name__ == "__main__":
    main()
