"""Published motifs, and whether a model's motif is one of them."""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from search.evidence.evidence import Known, Missing
from search.evidence.pwm import Matrix, from_iupac

SOURCE = "Ray et al. 2013, RNAcompete report index"
SHORTEST_OVERLAP = 4

_AT_ONCE = 20_000


@dataclass(frozen=True)
class Alignment:
    """Two motifs at their best offset.

    Attributes
    ----------
    offset : int
        Position of the first motif at which the second begins; negative where it begins before.
    overlap : int
        Positions that both have.
    p : float
        Probability that a random motif of the second one's length agrees as well with the first.
    """

    offset: int
    overlap: int
    p: float


@functools.cache
def published_motifs() -> Mapping[str, str]:
    """The published motif in IUPAC letters of each experiment, by its id (Ray et al. 2013)."""
    with resources.files("search.evidence").joinpath("tables/motifs.tsv").open(encoding="utf-8") as file:
        return {row["Motif_ID"]: row["iupac"] for row in csv.DictReader(file, delimiter="\t")}


def compare_known(motif: Matrix, experiment: str, seed: int = 0) -> Known | Missing:
    """Compare a motif (length, 4) with the published one of an experiment; see `align`."""
    iupac = published_motifs().get(experiment)
    if iupac is None:
        return Missing(f"no motif is published for {experiment}")
    found = align(motif, from_iupac(iupac), seed)
    return Known(iupac, SOURCE, found.p, found.offset, found.overlap)


def align(motif: Matrix, other: Matrix, seed: int = 0, draws: int = 99_999) -> Alignment:
    """Find the best alignment of two motifs without gaps, and say how surprising it is.

    Positions agree by how much nearer they are (squared distance of their probabilities) than a position of
    the first motif is to those of published motifs on average. An alignment's agreement is the sum over its
    overlap. Random motifs of the second one's length are drawn position by
    position from those of all published motifs, and take their best alignment each: p is the share of them
    that agree at least as well, the second motif counted among them; with the default it is 1e-5 at least.

    So p takes account of lengths, of the freedom to align and of how common bases are in published motifs
    (agreeing on UUUUU is less surprising than on GACGA), as TOMTOM's does (Gupta et al. 2007).

    Parameters
    ----------
    motif : float array, shape (length, 4)
        That of the model.
    other : float array, shape (length, 4)
        That to compare it with.
    seed : int
        Of the random motifs. Default: 0.
    draws : int
        Random motifs. Default: 99,999.
    """
    length = len(other)
    offsets = _offsets(len(motif), length)
    agreement = _agreement(motif, other)
    scores = [np.diagonal(agreement, -offset).sum() for offset in offsets]
    best = int(np.argmax(scores))
    offset = offsets[best]
    overlap = min(len(motif), offset + length) - max(offset, 0)
    as_good = _count_as_good(motif, length, float(scores[best]), offsets, draws, seed)
    return Alignment(offset, overlap, (1 + as_good) / (1 + draws))


def _offsets(first: int, second: int) -> range:
    overlap = min(SHORTEST_OVERLAP, first, second)
    return range(overlap - second, first - overlap + 1)


def _count_as_good(motif: Matrix, length: int, score: float, offsets: range, draws: int, seed: int) -> int:
    """How many random motifs agree with a motif by `score` or more at their best offset."""
    positions = _published_positions()
    agreement = _agreement(motif, positions).astype(np.float32)
    random = np.random.default_rng(seed)
    count = 0
    for start in range(0, draws, _AT_ONCE):
        drawn = random.integers(0, len(positions), (min(_AT_ONCE, draws - start), length))
        count += int((_best_scores(agreement, drawn, offsets) >= score - 1e-5).sum())
    return count


def _agreement(motif: Matrix, positions: Matrix) -> Matrix:
    """Agreement of each position of a motif with each of other positions, (length, others)."""

    def distances(others: Matrix) -> Matrix:
        apart: Matrix = np.square(motif[:, None] - others).sum(axis=2)
        return apart

    usual = distances(_published_positions()).mean(axis=1, keepdims=True)
    agreement: Matrix = (usual - distances(positions)) / 2
    return agreement


def _best_scores(
    agreement: NDArray[np.float32], drawn: NDArray[np.int64], offsets: range
) -> NDArray[np.float32]:
    """The highest score over the offsets of each random motif (n, length)."""
    best = np.full(len(drawn), -np.inf, np.float32)
    for offset in offsets:
        total = np.zeros(len(drawn), np.float32)
        for place in range(drawn.shape[1]):
            if 0 <= place + offset < len(agreement):
                total += agreement[place + offset][drawn[:, place]]
        np.maximum(best, total, out=best)
    return best


@functools.cache
def _published_positions() -> Matrix:
    """All positions of all published motifs, (positions, 4)."""
    return np.concatenate([from_iupac(motif) for motif in published_motifs().values()])
