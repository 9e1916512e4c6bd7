"""Whether base pairing within a probe explains what a network leaves unexplained.

`python -m tests.benchmarks.pairing FILE.npz` takes what `tests.benchmarks.ablation prepare` wrote, trains the
shipped residual start on each experiment, folds the validation probes (`pip install ViennaRNA`), and prints
how far the residuals go along with the folding, and what a ridge regression on it, fitted on four fifths of
these probes and used on the last, would add. Set B is not read.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

import numpy as np
from scipy.stats import pearsonr, spearmanr

from data_io.alphabet import BASES, PAD, WIDTH
from tests.benchmarks.prepared import examples, predictions, read, trained
from tests.benchmarks.variants import BY_LOG_COSH, TRAINING

LETTERS = BASES + "N"
FOLDS = 5
PENALTY = 300.0  # of the ridge regression, on standardised features


def fold(sequence: str) -> np.ndarray:
    """Minimum free energy in kcal/mol, and the probability of each base to be paired (1 + 41,)."""
    import RNA

    folded = RNA.fold_compound(sequence)
    energy = folded.mfe()[1]
    folded.exp_params_rescale(energy)
    folded.pf()
    pairs = np.array(folded.bpp())[1:, 1:]
    paired = np.zeros(WIDTH)
    paired[: len(sequence)] = pairs.sum(axis=0) + pairs.sum(axis=1)
    return np.array([energy, *paired])


def corrected(prediction: np.ndarray, measured: np.ndarray, features: np.ndarray) -> np.ndarray:
    """Add to predictions (n,) what features (n, k), alone and times the prediction, say of the residuals."""
    residual = measured - prediction
    given = np.column_stack([prediction, features, features * prediction[:, None]])
    given = (given - given.mean(axis=0)) / (given.std(axis=0) + 1e-9)
    order, added = np.random.default_rng(0).permutation(len(prediction)), np.zeros(len(prediction))
    for number in range(FOLDS):
        out = order[number::FOLDS]
        fitted = np.setdiff1d(order, out)
        mean, rows = residual[fitted].mean(), given[fitted]
        normal = rows.T @ rows + PENALTY * np.eye(given.shape[1])
        added[out] = mean + given[out] @ np.linalg.solve(normal, rows.T @ (residual[fitted] - mean))
    return prediction + added


def examine(file: str, seed: int, experiment: str) -> dict[str, Any]:
    """Train, fold and compare on one experiment."""
    count = len(examples(file, experiment, "train").targets)
    apart = np.random.default_rng(seed).permutation(count)
    rows = np.sort(apart[count // 10 :]), np.sort(apart[: count // 10])
    network = trained(file, experiment, rows, "cpu", "cnn", {**TRAINING, **BY_LOG_COSH, "epochs": 15}, seed)
    validation = examples(file, experiment, "validation")
    prediction, measured = predictions(file, experiment, network), validation.targets
    sequences = ["".join(LETTERS[code] for code in codes if code != PAD) for codes in validation.codes]
    features = np.array([fold(sequence) for sequence in sequences])
    paired = features[:, 1:].sum(axis=1) / np.array([len(sequence) for sequence in sequences])
    residual, better = measured - prediction, corrected(prediction, measured, features)
    scores = [(spearmanr(each, measured)[0], pearsonr(each, measured)[0]) for each in (prediction, better)]
    return {
        "energy": pearsonr(residual, features[:, 0])[0],
        "paired": pearsonr(residual, paired)[0],
        "spearman": [spearman for spearman, _ in scores],
        "pearson": [pearson for _, pearson in scores],
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.pairing", description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    try:
        import RNA  # noqa: F401
    except ImportError:
        sys.exit("ViennaRNA is missing: pip install ViennaRNA")
    experiments = sorted({name.split("/")[0] for name in read(options.file)})
    print(
        "experiment: correlation of residuals with energy, paired; Spearman, Pearson without and with folding"
    )
    with ProcessPoolExecutor(options.processes, get_context("spawn")) as pool:
        found = pool.map(partial(examine, options.file, options.seed), experiments)
        for experiment, each in zip(experiments, found, strict=True):
            scores = ", ".join("{:.4f} {:.4f}".format(*each[name]) for name in ("spearman", "pearson"))
            print(f"{experiment}: {each['energy']:+.3f} {each['paired']:+.3f}; {scores}", flush=True)


if __name__ == "__main__":
    main()
