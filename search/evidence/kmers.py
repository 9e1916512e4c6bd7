"""What a trained model prefers: the k-mers that raise its prediction most, whatever its architecture.

A k-mer is written into the middle of random sequences, and the prediction for them is compared with that for
the same sequences as they were (in-silico marginalisation). No weights are looked at, so that the motifs of a
convolutional network, a recurrent one and an ensemble are found in the same way and on the same scale.
"""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import nn

from data_io.alphabet import WIDTH, decode, encode
from data_io.planting import IUPAC
from models.predict import predict
from search.evidence.mutagenesis import Models

_ALL_WORDS = 5  # up to this length every k-mer is tried; longer ones are grown from the best of it
_FIRST_BACKGROUNDS = 4
_BEAM = 64
_FINALISTS = 64
_BATCH = 4096


def strongest_kmers(
    models: Models, k: int = 6, top: int = 10, backgrounds: int = 16, seed: int = 0
) -> pd.DataFrame:
    """Rank k-mers by how much they raise a model's prediction.

    Up to k = 5 every k-mer is tried in four backgrounds; for longer ones the best 64 of each length are grown
    by one letter at either end. The best 64 are then tried in all backgrounds, and only this time with every
    member of an ensemble. For k = 6 that is about 7,000 sequences, and gave the same k-mers as trying
    everything did.

    Parameters
    ----------
    models : nn.Module or sequence of them
        A network of codes (B, 41) -> (B,), or the members of an ensemble.
    k : int
        Length of the k-mers, 1 to 12. Default is 6.
    top : int
        Rows to return, at most 64. Default is 10.
    backgrounds : int
        Random sequences that a finalist is tried in. Default is 16.
    seed : int
        Of the backgrounds; the same seed gives the same table. Default is 0.

    Returns
    -------
    DataFrame
        Columns rank (from 1), kmer, effect (mean difference of the prediction, in standard deviations of the
        log intensities) and spread (standard deviation of that difference over the backgrounds).

    Raises
    ------
    ValueError
        When a number is out of its range.
    """
    _check(k, top, backgrounds)
    plain = np.random.default_rng(seed).integers(0, 4, (backgrounds, WIDTH), dtype=np.uint8)
    scout = models if isinstance(models, nn.Module) else models[0]
    words = _shortlist(scout, k, plain[:_FIRST_BACKGROUNDS])
    effects = marginalize(models, words, plain)
    order = _best(effects, top)
    return pd.DataFrame(
        {
            "rank": np.arange(1, len(order) + 1),
            "kmer": decode(words[order]),
            "effect": effects[order].mean(axis=1),
            "spread": effects[order].std(axis=1),
        }
    )


def strongest_kmer(models: Models, k: int = 6, backgrounds: int = 16, seed: int = 0) -> str:
    """Give the k-mer that raises a model's prediction most; parameters as in `strongest_kmers`."""
    return str(strongest_kmers(models, k, 1, backgrounds, seed)["kmer"].iloc[0])


def marginalize(
    models: Models, words: NDArray[np.uint8], backgrounds: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Measure what writing a word into the middle of sequences does to their prediction.

    Parameters
    ----------
    models : nn.Module or sequence of them
    words : uint8 array, shape (n, k)
        Codes of the words.
    backgrounds : uint8 array, shape (m, 41)
        Codes of the sequences to write into.

    Returns
    -------
    float32 array, shape (n, m)
        Prediction with the word, less the prediction without it.
    """
    k, m = words.shape[1], len(backgrounds)
    start = (backgrounds.shape[1] - k) // 2
    effects = np.empty((len(words), m), np.float32)
    before = predict(models, backgrounds)
    at_once = max(1, _BATCH // m)
    for first in range(0, len(words), at_once):
        block = words[first : first + at_once]
        codes = np.repeat(backgrounds[None], len(block), axis=0)  # (words, m, 41)
        codes[:, :, start : start + k] = block[:, None]
        after = predict(models, codes.reshape(-1, codes.shape[2]))
        effects[first : first + at_once] = after.reshape(-1, m) - before
    return effects


def agreement(kmer: str, motif: str) -> float:
    """Tell how well a k-mer fits a known motif, at the best shift of one along the other without gaps.

    Every letter of the motif weighs as much as it says: 1 for a plain letter, 0.5 for one of two (R, Y, S, W,
    K, M), nothing for N. The matching weight is divided by the most that an overlap of these lengths could
    reach, so that for a plain motif it is the share of matching letters.

    Parameters
    ----------
    kmer : str
        Letters A, C, G, U; T is read as U.
    motif : str
        Letters of the IUPAC code.

    Returns
    -------
    float
        From 0 to 1; 0 for a motif of nothing but N.

    Raises
    ------
    DataError
        When the k-mer holds another letter.
    ValueError
        When the motif does.

    Examples
    --------
    >>> agreement("GCAUGU", "UGCAUG")
    0.8333333333333334
    >>> agreement("UGUAUA", "UGUAWAU")
    1.0
    """
    [word] = decode(encode([kmer])[0])
    allowed = [IUPAC.get(letter) for letter in motif.upper().replace("T", "U")]
    if not allowed or None in allowed:
        raise ValueError(f"motif must be letters of {''.join(IUPAC)}, received {motif!r}")
    weights = np.array([1 - np.log2(len(letters or "")) / 2 for letters in allowed])
    matches = np.array([[letter in (letters or "") for letters in allowed] for letter in word])
    offsets = range(1 - len(word), len(allowed))
    best = max(
        float((np.diagonal(matches, shift) * _window(weights, shift, len(word))).sum()) for shift in offsets
    )
    possible = max(float(_window(weights, shift, len(word)).sum()) for shift in offsets)
    return best / possible if possible else 0.0


def all_words(k: int) -> NDArray[np.uint8]:
    """Codes of all words of k letters in alphabetical order, shape (4**k, k)."""
    return np.array(list(itertools.product(range(4), repeat=k)), np.uint8)


def _shortlist(model: nn.Module, k: int, backgrounds: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Find the words of k letters that are worth a closer look."""
    words = all_words(min(k, _ALL_WORDS))
    effects = marginalize(model, words, backgrounds)
    while words.shape[1] < k:
        words = _grown(words[_best(effects, _BEAM)])
        effects = marginalize(model, words, backgrounds)
    return words[_best(effects, _FINALISTS)]


def _grown(words: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Add each letter at either end; a word made in two ways stands once."""
    letters = np.tile(np.arange(4, dtype=np.uint8), len(words))[:, None]
    stems = np.repeat(words, 4, axis=0)
    return np.unique(np.vstack([np.hstack([letters, stems]), np.hstack([stems, letters])]), axis=0)


def _best(effects: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """Rows of the highest mean effect, best first; ties in the order they stand."""
    return np.argsort(-effects.mean(axis=1), kind="stable")[:count]


def _window(weights: NDArray[np.float64], shift: int, length: int) -> NDArray[np.float64]:
    """The motif's weights under a word of `length` letters that begins at `shift`."""
    return weights[max(shift, 0) : max(shift + length, 0)]


def _check(k: int, top: int, backgrounds: int) -> None:
    if not 1 <= k <= 12:
        raise ValueError(f"k must be from 1 to 12, received {k}")
    if not 1 <= top <= _FINALISTS:
        raise ValueError(f"top must be from 1 to {_FINALISTS}, received {top}")
    if backgrounds < _FIRST_BACKGROUNDS:
        raise ValueError(f"backgrounds must be at least {_FIRST_BACKGROUNDS}, received {backgrounds}")
