"""Published motifs, and whether a model's motif is one of them."""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from search.evidence.evidence import Missing
from search.evidence.motif_records import Known, Motif, Similar, WordMotif
from search.evidence.pwm import Matrix, from_iupac

SOURCE = "Ray et al. 2013, RNAcompete report index"
SHORTEST_OVERLAP = 4
DRAWS = 99_999
SURPRISING = 0.01
"""p of an alignment of motifs up to which they count as one."""

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


@dataclass(frozen=True)
class _Published:
    """A row of the table."""

    experiment: str
    gene: str
    iupac: str


@functools.cache
def published_motifs() -> Mapping[str, str]:
    """The published motif in IUPAC letters of each experiment, by its id (Ray et al. 2013)."""
    return {row.experiment: row.iupac for row in _published()}


def views_of(motifs: Sequence[Motif], words: WordMotif | Missing) -> dict[str, Matrix]:
    """Give what there is of a model's motif to compare: its first motif, and its aligned 7-mers."""
    views = {"sites": np.array(motifs[0].probabilities)} if motifs else {}
    return views if isinstance(words, Missing) else {**views, "words": np.array(words.probabilities)}


def compare_known(views: Mapping[str, Matrix], experiment: str, seed: int = 0) -> Known | Missing:
    """Compare a model's motif with the published one of an experiment; see `compare`."""
    iupac = published_motifs().get(experiment)
    if iupac is None:
        return Missing(f"no motif is published for {experiment}")
    of, found = compare(views, from_iupac(iupac), seed)
    return Known(iupac, SOURCE, of, found.p, found.offset, found.overlap)


def compare(
    views: Mapping[str, Matrix], other: Matrix, seed: int = 0, draws: int = DRAWS
) -> tuple[str, Alignment]:
    """Compare what is said of a model's motif with another motif; see `align`.

    Parameters
    ----------
    views : dict of float arrays, shape (length, 4)
        What is said of the model's motif, by name; at least one.
    other : float array, shape (length, 4)
    seed, draws : int
        As those of `align`.

    Returns
    -------
    str, Alignment
        Which of the views agrees best, and how. Its p is that of the best times the number of views
        (Bonferroni): that a random motif agrees as well with any of them is no more likely.
    """
    found = {name: align(matrix, other, seed, draws) for name, matrix in views.items()}
    of = min(found, key=lambda name: found[name].p)
    return of, replace(found[of], p=min(1.0, found[of].p * len(views)))


def most_similar(views: Mapping[str, Matrix], most: int = 5, seed: int = 0) -> tuple[Similar, ...]:
    """Give the published motifs that agree best with a model's, as a hint which family it is of.

    Parameters
    ----------
    views : dict of float arrays, shape (length, 4)
        As those of `compare`.
    most : int
        Default: 5.
    seed : int
        Of the random motifs. Default: 0.

    Returns
    -------
    tuple of Similar
        Those with p up to 0.01, the most similar first. Of 227 different published motifs two are so by
        chance.
    """
    kinds: dict[str, list[_Published]] = {}
    for row in _published():
        kinds.setdefault(row.iupac, []).append(row)
    p = dict.fromkeys(kinds, 1.0)
    lengths = sorted({len(iupac) for iupac in kinds})
    for matrix in views.values():
        random = {length: _random_scores(matrix, length, DRAWS, seed) for length in lengths}
        for iupac in kinds:
            found = _align(matrix, from_iupac(iupac), random[len(iupac)])
            p[iupac] = min(p[iupac], found.p * len(views))
    near = sorted((value, iupac) for iupac, value in p.items() if value <= SURPRISING)[:most]
    return tuple(
        Similar(
            iupac,
            tuple(sorted({row.gene for row in kinds[iupac]})),
            tuple(row.experiment for row in kinds[iupac]),
            value,
        )
        for value, iupac in near
    )


def align(motif: Matrix, other: Matrix, seed: int = 0, draws: int = DRAWS) -> Alignment:
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
    return _align(motif, other, _random_scores(motif, len(other), draws, seed))


def _offsets(first: int, second: int) -> range:
    overlap = min(SHORTEST_OVERLAP, first, second)
    return range(overlap - second, first - overlap + 1)


def _align(motif: Matrix, other: Matrix, random: NDArray[np.float32]) -> Alignment:
    """Align two motifs, given the sorted scores of random ones in the place of the second."""
    offsets = _offsets(len(motif), len(other))
    agreement = _agreement(motif, other)
    scores = [np.diagonal(agreement, -offset).sum() for offset in offsets]
    offset = offsets[int(np.argmax(scores))]
    overlap = min(len(motif), offset + len(other)) - max(offset, 0)
    as_good = len(random) - int(np.searchsorted(random, max(scores) - 1e-5))
    return Alignment(offset, overlap, (1 + as_good) / (1 + len(random)))


def _random_scores(motif: Matrix, length: int, draws: int, seed: int) -> NDArray[np.float32]:
    """How well random motifs of a length agree with a motif at their best offset, sorted."""
    positions = _published_positions()
    agreement = _agreement(motif, positions).astype(np.float32)
    random = np.random.default_rng(seed)
    scores = []
    for start in range(0, draws, _AT_ONCE):
        drawn = random.integers(0, len(positions), (min(_AT_ONCE, draws - start), length))
        scores.append(_best_scores(agreement, drawn, _offsets(len(motif), length)))
    return np.sort(np.concatenate(scores))


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


@functools.cache
def _published() -> tuple[_Published, ...]:
    with resources.files("search.evidence").joinpath("tables/motifs.tsv").open(encoding="utf-8") as file:
        rows = csv.DictReader(file, delimiter="\t")
        return tuple(_Published(row["Motif_ID"], row["gene"], row["iupac"]) for row in rows)
