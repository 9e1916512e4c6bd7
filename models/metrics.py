"""Scores that leave missing targets (NaN) out."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def spearman(prediction: ArrayLike, target: ArrayLike) -> float:
    """Spearman's rank correlation, ties by average rank.

    Parameters
    ----------
    prediction, target : array (n,)
        NaN in `target` means not measured; such pairs are left out.

    Returns
    -------
    float
        0.0 where either side is constant or fewer than two pairs are left, NaN where a prediction is NaN.
    """
    prediction, target = _measured(prediction, target)
    if np.isnan(prediction).any():
        return float("nan")
    return _correlation(average_ranks(prediction), average_ranks(target))


def pearson(prediction: ArrayLike, target: ArrayLike) -> float:
    """Pearson's correlation; missing values and undefined cases as in `spearman`, infinity as NaN."""
    prediction, target = _measured(prediction, target)
    if not (np.isfinite(prediction).all() and np.isfinite(target).all()):
        return float("nan")
    return _correlation(prediction, target)


def average_ranks(values: ArrayLike) -> NDArray[np.float64]:
    """Ranks from 1; equal values share the mean of the ranks that they take up.

    Parameters
    ----------
    values : array (n,)
        Without NaN.

    Returns
    -------
    array float64 (n,)
    """
    values = np.asarray(values)
    order = np.argsort(values)
    in_order = values[order]
    starts_run = np.concatenate(([True], in_order[1:] != in_order[:-1]))[: len(values)]
    first = np.flatnonzero(starts_run)
    after = np.append(first[1:], len(values))
    ranks = np.empty(len(values))
    ranks[order] = np.repeat((first + after + 1) / 2, after - first)
    return ranks


def _measured(prediction: ArrayLike, target: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    prediction, target = np.asarray(prediction, np.float64), np.asarray(target, np.float64)
    if prediction.shape != target.shape or prediction.ndim != 1:
        raise ValueError(f"prediction {prediction.shape} and target {target.shape} must both be (n,)")
    measured = ~np.isnan(target)
    return prediction[measured], target[measured]


def _correlation(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    # Compared as they are, not by their variance: rounding gives a constant vector a variance above 0.
    if len(x) < 2 or (x == x[0]).all() or (y == y[0]).all():
        return 0.0
    x, y = _centred(x), _centred(y)
    # Not by `@`: its threads take longer to wake than these few numbers to sum.
    covariance, variances = (x * y).sum(), (x * x).sum() * (y * y).sum()
    return float(np.clip(covariance / np.sqrt(variances), -1.0, 1.0))


def _centred(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean 0, largest magnitude 1: scaled before and after, so that sums and squares stay representable."""
    x = x / np.abs(x).max()
    x = x - x.mean()
    scaled: NDArray[np.float64] = x / np.abs(x).max()
    return scaled
