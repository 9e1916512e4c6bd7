"""The noise ceiling: how well any model could predict measurements that hold noise.

A measurement is a signal, which follows from the sequence, plus noise, which does not. Probes that stand
twice in a set show the noise: the share of the variance that they have in common is the reliability of one
measurement, and no prediction correlates with the measurements by more than its square root (Spearman 1904).
The same holds for ranks.

What is told is the noise of spots on the array. Equal probes were in one pool of RNA and met one protein, so
that what another pull-down would have given otherwise counts as signal here: the true ceiling may be lower.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from data_io.splits import hash_sequences
from models.metrics import average_ranks, spearman
from search.evidence.evidence import Ceiling, Missing

FEWEST_PAIRS = 50
LEVEL = 0.99
"""Of the bootstrap intervals; where pairs are few they hold the truth in fewer cases than that."""

_DRAWS = 200
_DRAWN_SIGNALS = 16
_DEVIATIONS = NormalDist().inv_cdf((1 + LEVEL) / 2)
_PAIRS_A_BIN = 25
_MOST_BINS = 60
_NEIGHBOURS = 20  # noise is taken from a probe within a twentieth of all pairs above or below

Floats = NDArray[np.float64]


def noise_ceiling(
    codes: NDArray[np.uint8], measured: NDArray[np.floating], seed: int = 0
) -> Ceiling | Missing:
    """Estimate the highest Pearson and Spearman correlation with the measurements that a model could reach.

    The interval spans what the pairs leave open (a bootstrap over them) and two readings: that the repeated
    probes are like all others (their own variance is the total), and that only their noise is (the total is
    the variance of all probes). Where the two disagree, the repeated probes are not like the others.

    The upper end of Spearman's interval is the square root of the reliability of ranks, a bound for
    every model. A model that knows the signal stays below it where most probes hardly differ in their signal.
    The lower end is what such a model would reach on signals made up from the pairs: what one measurement
    makes expect of the other, with its spread made right again (Louis 1984), of ranks or of values, whichever
    gives less.

    Parameters
    ----------
    codes : uint8 array, shape (n, 41)
    measured : float array, shape (n,)
        On the scale of the targets; NaN where nothing was measured.
    seed : int
        Of the bootstrap. Default: 0.

    Returns
    -------
    Ceiling, or Missing where fewer than 50 pairs were measured
        A probe that stands four times makes two pairs.
    """
    there = ~np.isnan(measured)
    codes, values = codes[there], measured[there].astype(np.float64)
    pairs = find_pairs(codes)
    if len(pairs) < FEWEST_PAIRS:
        return Missing(_too_few(len(pairs)))
    ranks = average_ranks(values) / len(values)
    totals = float(values.var()), float(ranks.var())
    random = np.random.default_rng(seed)
    of_values = _interval(values[pairs], totals[0], random)
    of_ranks = _interval(ranks[pairs], totals[1], random)
    signals = min(_reached(each[pairs], random) for each in (values, ranks))
    return Ceiling(
        pairs=len(pairs),
        reliability=reliability(values[pairs], totals[0]),
        spearman=(min(signals, of_ranks[0]), of_ranks[1]),
        pearson=of_values,
    )


def share_of(score: float, ceiling: Sequence[float]) -> tuple[float, float] | None:
    """Give the share of what is possible that a score is, in per cent; None where nothing is possible.

    It is a range, since the ceiling (low, high) is one.
    """
    low, high = ceiling
    if high <= 0:
        return None
    least, most = (min(100.0, max(0.0, 100 * score / end)) for end in (high, max(low, 1e-9)))
    return least, most


def find_pairs(codes: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Rows of probes with the same sequence, each row at most once, shape (pairs, 2)."""
    hashes = hash_sequences(codes)
    order = np.argsort(hashes, kind="stable")
    ordered = hashes[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])
    place = np.arange(len(ordered)) - np.repeat(starts, np.diff(np.append(starts, len(ordered))))
    same = np.append(ordered[1:] == ordered[:-1], False)[: len(ordered)]
    first = np.flatnonzero(same & (place % 2 == 0))
    return np.stack([order[first], order[first + 1]], axis=1)


def reliability(pairs: Floats, total: float) -> float:
    """Share of a total variance that is not the noise of repeated measurements, shape (pairs, 2)."""
    noise = float(np.square(pairs[:, 0] - pairs[:, 1]).mean()) / 2
    return max(0.0, 1.0 - noise / total) if total > 0 else 0.0


def _too_few(pairs: int) -> str:
    if not pairs:
        return "no sequence stands twice in it"
    return f"only {pairs} sequences stand twice in it, at least {FEWEST_PAIRS} are needed"


def _interval(pairs: Floats, total: float, random: np.random.Generator) -> tuple[float, float]:
    """Interval of the square root of the reliability, by either reading of the total variance."""
    drawn = random.integers(0, len(pairs), (_DRAWS, len(pairs)))
    noise = np.square(pairs[:, 0] - pairs[:, 1])[drawn].mean(axis=1) / 2
    own = np.square(pairs).mean(axis=1)[drawn].mean(axis=1) - pairs.mean(axis=1)[drawn].mean(axis=1) ** 2
    by = np.stack([own, np.full(_DRAWS, total)], axis=1)
    shares = 1 - np.divide(noise[:, None], by, out=np.ones_like(by), where=by > 0)
    low, high = np.quantile(np.sqrt(shares.clip(min=0)), [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return float(low.min()), float(high.max())


def _reached(pairs: Floats, random: np.random.Generator) -> float:
    """Lower end of what a model that knows the signal reaches."""
    drawn = [pairs[random.integers(0, len(pairs), len(pairs))] for _ in range(_DRAWN_SIGNALS)]
    found = [_of_the_signal(each, random) for each in drawn]
    return max(0.0, float(np.mean(found) - _DEVIATIONS * np.std(found, ddof=1)))


def _of_the_signal(pairs: Floats, random: np.random.Generator) -> float:
    """Spearman of a signal, as pairs (pairs, 2) tell it, with measurements of that signal."""
    one, other = np.concatenate([pairs, pairs[:, ::-1]]).T
    shared, expected = float(np.cov(pairs.T)[0, 1]), _regression(one, other)
    expected = expected - expected.mean()
    if shared <= 0 or np.ptp(expected) == 0:
        return 0.0
    signal = expected * np.sqrt(shared / expected.var())
    return spearman(signal, signal + _noise(one, other, signal, random))


def _regression(one: Floats, other: Floats) -> Floats:
    """What one measurement makes expect of the other: means of bins, between them a straight line."""
    bins = int(np.clip(len(one) // (2 * _PAIRS_A_BIN), 3, _MOST_BINS))
    rows = np.array_split(np.argsort(one, kind="stable"), bins)
    means = np.maximum.accumulate([other[each].mean() for each in rows])
    return np.interp(one, [one[each].mean() for each in rows], means)


def _noise(one: Floats, other: Floats, signal: Floats, random: np.random.Generator) -> Floats:
    """Noise of a measurement, drawn from that of pairs of about the same level."""
    count = len(signal)
    reach = max(1, count // _NEIGHBOURS)
    near = np.arange(count) + random.integers(-reach, reach + 1, count)
    difference = ((one - other) / np.sqrt(2))[np.argsort(one + other, kind="stable")]
    noise = np.empty(count)
    noise[np.argsort(signal, kind="stable")] = difference[np.clip(near, 0, count - 1)]
    return noise
