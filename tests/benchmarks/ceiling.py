"""The noise ceiling: of measured experiments (Set A alone), and whether it holds what is known.

`python -m tests.benchmarks.ceiling` prints a table of the 16 experiments of the whole array;
`python -m tests.benchmarks.ceiling coverage` simulates repeated probes, minutes long.
"""

from __future__ import annotations

import argparse
import os
from itertools import product
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from data_io.experiments import read_master_sheet
from data_io.folder import find_sheet
from data_io.training_set import load_training_set
from search.evidence.ceiling import noise_ceiling
from search.evidence.evidence import Missing

REPOSITORY = Path(__file__).resolve().parents[2]
SIGNALS = {
    "normal": lambda count, random: random.standard_normal(count),
    "exponential": lambda count, random: random.exponential(1.0, count),
    "a tenth bound": lambda count, random: (
        (0.2 + 0.5 * (bound := random.random(count) < 0.1)) * random.standard_normal(count) + 2.7 * bound
    ),
}
NOISES = 0.4, 1.0, 2.0
PAIRS = 50, 200, 1000


def measured(options: argparse.Namespace) -> None:
    """Print the ceiling of each experiment, from Set A."""
    print("| experiment | pairs | reliability | Spearman | Pearson |")
    print("| --- | --- | --- | --- | --- |")
    for experiment in read_master_sheet(find_sheet(options.data)):
        probes = load_training_set(options.data, experiment, cache=options.cache).whole
        found = noise_ceiling(probes.codes, probes.targets)
        if isinstance(found, Missing):
            print(f"| {experiment.protein} | {found.reason} | | | |")
            continue
        intervals = (f"{low:.2f} .. {high:.2f}" for low, high in (found.spearman, found.pearson))
        cells = experiment.protein, f"{found.pairs:,}", f"{found.reliability:.2f}", *intervals
        print(f"| {' | '.join(cells)} |", flush=True)


def coverage(options: argparse.Namespace) -> None:
    """Print in how many of simulated data sets the intervals hold the truth, noise being heavy-tailed."""
    print("| signal | noise | pairs | held: Pearson | Spearman | width: Pearson | Spearman |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    every = []
    for (name, draw), noise, pairs in product(SIGNALS.items(), NOISES, PAIRS):
        random = np.random.default_rng(0)
        truth = _truth(draw, noise, random)
        found = [_simulated(draw, noise, pairs, random) for _ in range(options.repeats)]
        held = [
            [low <= true <= high for (low, high), true in zip(each, truth, strict=True)] for each in found
        ]
        every.extend(held)
        shares, widths = np.mean(held, axis=0), np.ptp(found, axis=2).mean(axis=0)
        cells = [name, f"{noise}", f"{pairs}", *(f"{each:.2f}" for each in (*shares, *widths))]
        print(f"| {' | '.join(cells)} |", flush=True)
    print("held in all: Pearson {:.3f}, Spearman {:.3f}, of {}".format(*np.mean(every, axis=0), len(every)))


def _measure(signal: np.ndarray, noise: float, random: np.random.Generator) -> np.ndarray:
    """Add noise, more of it where there is less signal, as measured probes have it."""
    scale = noise * np.exp(-0.3 * np.clip(signal, -2, 2))
    return signal + scale * random.standard_t(5, len(signal))


def _truth(draw, noise: float, random: np.random.Generator) -> tuple[float, float]:
    """Pearson and Spearman that the signal itself reaches."""
    signal = draw(200_000, random)
    values = _measure(signal, noise, random)
    return float(np.corrcoef(signal, values)[0, 1]), float(spearmanr(signal, values).statistic)


def _simulated(draw, noise: float, pairs: int, random: np.random.Generator) -> tuple:
    """The intervals of Pearson and of Spearman for probes of which a sixth stand twice."""
    once = draw(5 * pairs, random)
    names = np.concatenate([np.arange(5 * pairs), np.arange(pairs)])
    codes = np.full((len(names), 41), 5, np.uint8)
    codes[:, :12] = names[:, None] // 4 ** np.arange(12) % 4
    found = noise_ceiling(codes, _measure(np.concatenate([once, once[:pairs]]), noise, random))
    return found.pearson, found.spearman


def main() -> None:
    data = Path(os.environ.get("RBPTUNE_REAL_DATA") or REPOSITORY.parent / "shared" / "data")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.set_defaults(command=measured)
    parser.add_argument("--data", type=Path, default=data / "rnacompete_16")
    parser.add_argument(
        "--cache", type=Path, help="folder of a cache; by default the matrix is read each time"
    )
    commands = parser.add_subparsers()
    covering = commands.add_parser("coverage")
    covering.set_defaults(command=coverage)
    covering.add_argument("--repeats", type=int, default=40, help="data sets of each kind")
    options = parser.parse_args()
    options.command(options)


if __name__ == "__main__":
    main()
