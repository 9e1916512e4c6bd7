"""7-mer Z-scores: the motif that the measurements themselves show, without any model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data_io.alphabet import decode
from search.evidence.motif_records import Word

LENGTH = 7
FEWEST_PROBES = 8
"""Probes that a word must stand in to have a score."""

TRIMMED = 0.05
"""Share of a word's probes that its mean leaves out, half of it at either end."""


def z_scores(
    codes: NDArray[np.uint8], intensity: NDArray[np.floating], k: int = LENGTH
) -> NDArray[np.float64]:
    """Score every word of k letters as RNAcompete does (Ray et al. 2009, 2013).

    The score of a word is the trimmed mean of the intensities of the probes that hold it, standardised over
    all words.

    Parameters
    ----------
    codes : uint8 array, shape (n, 41)
    intensity : float array, shape (n,)
        Not its logarithm; NaN where nothing was measured.
    k : int
        Default: 7.

    Returns
    -------
    float64 array, shape (4**k,)
        In alphabetical order of the words; NaN for a word in fewer than 8 measured probes.
    """
    there = ~np.isnan(intensity)
    codes, values = codes[there], np.sort(intensity[there].astype(np.float64))
    rank = np.argsort(np.argsort(intensity[there], kind="stable"))
    entries = _entries(codes, rank, k)
    words, ranks = entries // len(codes), entries % len(codes)
    counts = np.bincount(words, minlength=4**k)
    ends = np.cumsum(counts)
    cut = (counts * (TRIMMED / 2)).astype(np.int64)
    sums = np.concatenate([[0.0], np.cumsum(values[ranks])])  # of a word's probes in order of intensity
    with np.errstate(invalid="ignore"):
        means = (sums[ends - cut] - sums[ends - counts + cut]) / (counts - 2 * cut)
    means[counts < FEWEST_PROBES] = np.nan
    return _standardised(means)


def strongest_words(
    codes: NDArray[np.uint8], intensity: NDArray[np.floating], top: int = 10
) -> tuple[Word, ...]:
    """Give the 7-mers with the highest Z-scores, highest first; none where no 7-mer has a score."""
    scores = z_scores(codes, intensity)
    order = np.argsort(-scores, kind="stable")[: min(top, int(np.isfinite(scores).sum()))]
    digits = order[:, None] // 4 ** np.arange(LENGTH - 1, -1, -1) % 4
    return tuple(Word(word, float(scores[row])) for word, row in zip(decode(digits), order, strict=True))


def word_numbers(codes: NDArray[np.uint8], k: int) -> NDArray[np.int32]:
    """Number the word at each position (n, 41 - k + 1) in alphabetical order; -1 where it holds no base."""
    places = codes.shape[1] - k + 1
    numbers = np.zeros((len(codes), places), np.int32)
    whole = np.ones((len(codes), places), np.bool_)
    for offset in range(k):
        letters = codes[:, offset : offset + places]
        numbers = numbers * 4 + letters
        whole &= letters < 4
    numbers[~whole] = -1
    return numbers


def _entries(codes: NDArray[np.uint8], rank: NDArray[np.intp], k: int) -> NDArray[np.int64]:
    """One number for each word and probe that holds it, sorted by word and then by the probe's rank."""
    numbers = word_numbers(codes, k)
    entries = numbers.astype(np.int64) * len(codes) + rank[:, None]
    ordered = np.sort(entries[numbers >= 0])
    different = np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
    once: NDArray[np.int64] = ordered[different]  # a word that stands in a probe twice
    return once


def _standardised(means: NDArray[np.float64]) -> NDArray[np.float64]:
    scored = means[np.isfinite(means)]
    if not len(scored) or scored.std() == 0:
        return np.full_like(means, np.nan)
    scores: NDArray[np.float64] = (means - scored.mean()) / scored.std()
    return scores
