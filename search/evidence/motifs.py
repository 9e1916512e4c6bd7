"""What a trained model binds: motifs as position weight matrices, from its predictions alone.

The probes that the model rates highest are mutated at every position (in-silico mutagenesis). A motif is
grown from a word whose positions are worth most: places where it stands and matters are its sites, whose
bases make a matrix, which finds sites again. What is left is looked at for a further motif. No weights are
looked at, so that the motifs of a convolutional network, a recurrent one and an ensemble are found alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from models.predict import predict
from search.evidence.motif_records import Motif
from search.evidence.mutagenesis import Models, importance, saturate
from search.evidence.pwm import Matrix, as_tuples, from_sites, to_iupac, trimmed
from search.evidence.zscores import word_numbers

Number = TypeVar("Number", np.uint8, np.float32)

BEST_PROBES = 200
LEAST_SHARE = 0.1
"""Of the effect, that a second or third motif explains at least."""

FEWEST_SITES = 10

_SEED = 5  # letters of the word that a motif is grown from
_SEEDS = 6  # words of which the one is taken that explains most
_SURE = 0.8  # of each of its letters at first
_FLANK = 8  # positions looked at on either side of it
_PSEUDOCOUNT = 4.0
_WORTHY = 0.2  # the first and last position are worth this share of the most
_MATCH = 0.4  # a site has this share of the motif's highest score at least ...
_MATTER = 0.3  # ... and is worth this share of what matching places are worth on average
_WIDTH = _SEED + 2 * _FLANK
_ROUNDS = 10
_OUTSIDE = 5  # the code behind the end of a sequence, which is no base


@dataclass(frozen=True)
class Explained:
    """Probes with what their positions are worth to a model.

    Attributes
    ----------
    codes : uint8 array, shape (n, 41)
    worth : float32 array, shape (n, 41)
        Mean loss of the prediction when the position is substituted, at least 0.
    """

    codes: NDArray[np.uint8]
    worth: NDArray[np.float32]


def find_motifs(models: Models, codes: NDArray[np.uint8], most: int = 3) -> tuple[Motif, ...]:
    """Find the motifs of a model in the probes that it rates highest.

    Parameters
    ----------
    models : nn.Module or sequence of them
        A network of codes (B, 41) -> (B,), or the members of an ensemble.
    codes : uint8 array, shape (n, 41)
        Probes to choose the best 200 sequences from.
    most : int
        Motifs to look for. Default: 3.

    Returns
    -------
    tuple of Motif
        By their share of the effect; none where no substitution costs anything.
    """
    return motifs_of(explain(models, codes), most)


def explain(models: Models, codes: NDArray[np.uint8], best: int = BEST_PROBES) -> Explained:
    """Mutate the `best` sequences that a model rates highest among `codes` (n, 41)."""
    distinct = np.unique(codes, axis=0)
    chosen = distinct[np.argsort(-predict(models, distinct), kind="stable")[:best]]
    return Explained(chosen, importance(chosen, saturate(models, chosen)))


def motifs_of(explained: Explained, most: int = 3) -> tuple[Motif, ...]:
    """Find the motifs of probes that were explained; as `find_motifs`."""
    codes, left = _with_flanks(explained.codes, _OUTSIDE), _with_flanks(explained.worth, 0)
    total = float(left.sum())
    found: list[Motif] = []
    while total > 0 and len(found) < most:
        candidates = [_grow(codes, left, word) for word in _seed_words(codes, left)]
        grown = max(candidates, key=lambda each: float(left[each.covered].sum()))
        share = float(left[grown.covered].sum()) / total
        if grown.sites.sum() < FEWEST_SITES or share < (LEAST_SHARE if found else 0):
            break
        left[grown.covered] = 0
        matrix = grown.matrix[grown.core]
        found.append(Motif(to_iupac(matrix), share, as_tuples(matrix), int(grown.sites.sum())))
    return tuple(sorted(found, key=lambda motif: -motif.share))


@dataclass(frozen=True)
class _Grown:
    """A motif with its sites.

    Attributes
    ----------
    matrix : float array, shape (width, 4)
    core : slice
        Its positions that matter; the others are uniform.
    sites : bool array, shape (n, places)
        Where in which probe the matrix begins.
    """

    matrix: Matrix
    core: slice
    sites: NDArray[np.bool_]

    @property
    def covered(self) -> NDArray[np.bool_]:
        """Positions (n, length) under the core of a site."""
        places = self.sites.shape[1]
        covered = np.zeros((len(self.sites), places + len(self.matrix) - 1), np.bool_)
        for position in range(self.core.start, self.core.stop):
            covered[:, position : position + places] |= self.sites
        return covered


def _with_flanks(values: NDArray[Number], outside: int) -> NDArray[Number]:
    """Add positions at either end, so that a motif may begin before a probe or end behind it."""
    return np.pad(values, ((0, 0), (_FLANK, _FLANK)), constant_values=outside)


def _seed_words(codes: NDArray[np.uint8], worth: NDArray[np.float32]) -> NDArray[np.int64]:
    """The words of which the positions are worth most in all probes together, as codes (words, letters)."""
    numbers = word_numbers(codes, _SEED)
    sums = sliding_window_view(worth, _SEED, axis=1).sum(axis=2)
    whole = numbers >= 0
    totals = np.bincount(numbers[whole], weights=sums[whole], minlength=4**_SEED)
    best = np.argsort(-totals, kind="stable")[:_SEEDS]
    words: NDArray[np.int64] = best[:, None] // 4 ** np.arange(_SEED - 1, -1, -1) % 4
    return words


def _grow(codes: NDArray[np.uint8], worth: NDArray[np.float32], word: NDArray[np.int64]) -> _Grown:
    """Grow a motif from a word: count the bases of its sites, look for sites of that, until they stay."""
    windows: NDArray[np.uint8] = sliding_window_view(codes, _WIDTH, axis=1)
    worths: NDArray[np.float32] = sliding_window_view(worth, _WIDTH, axis=1)
    matrix, core = np.full((_WIDTH, 4), 0.25), slice(_FLANK, _FLANK + _SEED)
    matrix[core] = _SURE * np.eye(4)[word] + (1 - _SURE) / 4
    sites = np.zeros(windows.shape[:2], np.bool_)
    for _ in range(_ROUNDS):
        before, sites = sites, _find_sites(windows, worths, matrix, core)
        if (sites == before).all():
            break
        counted = from_sites(windows[sites], pseudocount=_PSEUDOCOUNT)
        core = _core(counted, worths[sites].mean(axis=0))
        matrix = np.full((_WIDTH, 4), 0.25)
        matrix[core] = counted[core]
    return _Grown(matrix, core, sites)


def _core(matrix: Matrix, worth: NDArray[np.float32]) -> slice:
    """From the first to the last position that tells something and is worth something."""
    telling = trimmed(matrix)
    worthy = np.flatnonzero(worth >= _WORTHY * worth.max())
    start, stop = max(telling.start, int(worthy[0])), min(telling.stop, int(worthy[-1]) + 1)
    return slice(start, stop) if start < stop else telling


def _find_sites(
    windows: NDArray[np.uint8], worths: NDArray[np.float32], matrix: Matrix, core: slice
) -> NDArray[np.bool_]:
    """Windows (n, places) that match a motif by half at least, and matter; the best of those that overlap."""
    bits = np.vstack([np.log2(matrix[core] / 0.25).T, np.zeros((2, core.stop - core.start))])
    scores = bits[windows[:, :, core], np.arange(bits.shape[1])].sum(axis=2)
    values = worths[:, :, core].mean(axis=2)
    matching: NDArray[np.bool_] = scores >= _MATCH * bits.max(axis=0).sum()
    if not matching.any():
        return matching
    ranked = np.where(matching & (values >= _MATTER * values[matching].mean()), scores * values, 0)
    reach = max(1, bits.shape[1] // 2)
    around = sliding_window_view(np.pad(ranked, ((0, 0), (reach, reach))), 2 * reach + 1, axis=1)
    sites: NDArray[np.bool_] = (ranked > 0) & (ranked == around.max(axis=2))
    return sites
