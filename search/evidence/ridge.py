"""The linear baseline: ridge regression on how often each word of one to six letters stands in a probe."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_io.training_set import Examples
from models.metrics import pearson, spearman
from search.evidence.evidence import Missing, Ridge, Scores

LONGEST = 6
PENALTIES = (30_000.0, 10_000.0, 3_000.0, 1_000.0, 300.0, 100.0, 30.0, 10.0)

_SIZES = [4**k for k in range(1, LONGEST + 1)]
_STARTS = np.concatenate(
    [[0], np.cumsum(_SIZES)]
)  # of the words of each length among all; the last: their number
_TOLERANCE = 1e-3
_MOST_STEPS = 60

Floats = NDArray[np.float64]


def ridge_baseline(
    train: Examples, validation: Examples, test: Examples | None, whole: Examples | None = None
) -> Ridge:
    """Fit on the training probes, choose the penalty by validation Spearman, and score.

    The features are the counts of all 5,460 words of one to six letters, centred, not scaled. Each penalty's
    solution is found by conjugate gradients from that of the next larger one.

    Parameters
    ----------
    train, validation : Examples
    test : Examples or None
    whole : Examples, optional
        Fit on these with the chosen penalty before the test, as the network was that this is held against.
    """
    best: tuple[float, Floats, Scores] | None = None
    problem = _Problem.of(train)
    weights = np.zeros(_STARTS[-1])
    for penalty in PENALTIES:
        weights = problem.solve(penalty, weights)
        scores = _score(weights, validation)
        if best is not None and scores.spearman < best[2].spearman - 0.01:
            break  # smaller ones only fit more noise
        if best is None or scores.spearman > best[2].spearman:
            best = penalty, weights, scores
    assert best is not None
    penalty, weights, validated = best
    if test is None:
        return Ridge(penalty, validated, Missing("there was no test"))
    if whole is not None:
        weights = _Problem.of(whole).solve(penalty, weights)
    return Ridge(penalty, validated, _score(weights, test))


@dataclass(frozen=True)
class _Problem:
    """Centred counts and targets of the training probes.

    Attributes
    ----------
    words : int64 array, shape (n, 41)
        The longest word at each position.
    targets : float64 array, shape (n,)
        Less their mean.
    means : float64 array, shape (5460,)
        Of the counts.
    scale : float64 array, shape (5460,)
        Sums of squares of the centred counts, nearly: by them the steps of the solver are weighed.
    """

    words: NDArray[np.int64]
    targets: Floats
    means: Floats
    scale: Floats

    @classmethod
    def of(cls, examples: Examples) -> _Problem:
        measured = ~np.isnan(examples.targets)
        words = longest_words(examples.codes[measured])
        targets = examples.targets[measured].astype(np.float64)
        means = _collect(words, np.ones(len(words))) / len(words)
        return cls(words, targets - targets.mean(), means, means * len(words))

    def solve(self, penalty: float, weights: Floats) -> Floats:
        """Minimise the squared error plus `penalty` times the squared weights, by conjugate gradients."""
        goal = self._gradient(self.targets)
        residual = goal - self._gradient(self._predict(weights)) - penalty * weights
        direction, before = np.zeros_like(weights), 1.0
        for _ in range(_MOST_STEPS):
            if np.linalg.norm(residual) <= _TOLERANCE * np.linalg.norm(goal):
                break
            weighed = residual / (self.scale + penalty)
            size = float(residual @ weighed)
            direction = weighed + size / before * direction
            change = self._gradient(self._predict(direction)) + penalty * direction
            step = size / float(direction @ change)
            weights, residual, before = weights + step * direction, residual - step * change, size
        return weights

    def _predict(self, weights: Floats) -> Floats:
        predicted: Floats = predict_by_words(weights, self.words) - self.means @ weights
        return predicted

    def _gradient(self, errors: Floats) -> Floats:
        gradient: Floats = _collect(self.words, errors) - self.means * errors.sum()
        return gradient


def longest_words(codes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Number the longest word of up to six bases that begins at each position (n, 41).

    A word stands for itself and all its beginnings, so that these numbers hold the counts of all words. They
    run through the words of one letter, of two, and so on; behind them all is that of no word.
    """
    padded = np.pad(codes, ((0, 0), (0, LONGEST)), constant_values=5)
    numbers = np.zeros(codes.shape, np.int64)
    found = np.full(codes.shape, _STARTS[-1])
    going = np.ones(codes.shape, np.bool_)
    for k in range(LONGEST):
        letters = padded[:, k : k + codes.shape[1]]
        going &= letters < 4
        numbers = numbers * 4 + letters
        found[going] = (numbers + _STARTS[k])[going]
    return found


def predict_by_words(weights: Floats, words: NDArray[np.int64]) -> Floats:
    """Sum of the weights of all words of each probe, shape (n,), less a constant."""
    sums = np.zeros(_STARTS[-1] + 1)
    shorter = np.zeros(1)
    for start, size in zip(_STARTS, _SIZES, strict=False):
        shorter = np.repeat(shorter, size // len(shorter)) + weights[start : start + size]
        sums[start : start + size] = shorter
    predicted: Floats = sums[words].sum(axis=1)
    return predicted


def _collect(words: NDArray[np.int64], values: Floats) -> Floats:
    """For each word the sum of the values (n,) of the probes, times how often it stands in each."""
    repeated = np.repeat(values, words.shape[1])
    collected: Floats = np.bincount(words.ravel(), repeated, _STARTS[-1] + 1)[: _STARTS[-1]].astype(
        np.float64
    )
    for k in range(LONGEST - 1, 0, -1):
        longer = collected[_STARTS[k] : _STARTS[k + 1]]
        collected[_STARTS[k - 1] : _STARTS[k]] += longer.reshape(-1, 4).sum(axis=1)
    return collected


def _score(weights: Floats, examples: Examples) -> Scores:
    predicted = predict_by_words(weights, longest_words(examples.codes))
    return Scores(spearman(predicted, examples.targets), pearson(predicted, examples.targets))
