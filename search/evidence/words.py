"""A model's motif as published ones are made: its strongest 7-mers, aligned.

RNAcompete's motifs are the ten 7-mers of the highest Z-scores, aligned (Ray et al. 2013). A matrix of all the
sites in the probes that a model rates highest is another thing: weak sites blur its ends, and what stands
about them is what the array happens to hold. So that like is compared with like, the 7-mers that raise the
model's prediction most in random sequences are aligned likewise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data_io.alphabet import encode
from search.evidence.evidence import Missing
from search.evidence.kmers import strongest_kmers
from search.evidence.motif_records import WordMotif
from search.evidence.mutagenesis import Models
from search.evidence.pwm import Matrix, as_tuples, to_iupac, trimmed
from search.evidence.zscores import LENGTH

WORDS = 10

_REACH = 3  # positions by which a word may stand beside the first: four of seven overlap
_OFFSETS = sorted(range(-_REACH, _REACH + 1), key=abs)  # among equals the least shift
_SWEEPS = 2
_PSEUDOCOUNT = 1.0


def find_words(models: Models, seed: int = 0) -> WordMotif | Missing:
    """Find the motif in the ten 7-mers that raise a model's prediction most.

    Parameters
    ----------
    models : nn.Module or sequence of them
        A network of codes (B, 41) -> (B,), or the members of an ensemble.
    seed : int
        Of the random sequences that the 7-mers are written into. Default: 0.

    Returns
    -------
    WordMotif or Missing
        Missing where no 7-mer raises the prediction.
    """
    strongest = strongest_kmers(models, LENGTH, WORDS, seed=seed)
    if strongest["effect"].iloc[0] <= 0:
        return Missing("no 7-mer raises its prediction")
    words = tuple(strongest["kmer"])
    matrix = align_words(encode(words)[0][:, :LENGTH])
    matrix = matrix[trimmed(matrix)]
    return WordMotif(to_iupac(matrix), as_tuples(matrix), words)


def align_words(words: NDArray[np.uint8]) -> Matrix:
    """Align words without gaps, and count their bases.

    Each word in turn is put where it agrees best with those before it, and then again where it agrees best
    with all others. A word that does not reach a position counts there as a quarter of each base.

    Parameters
    ----------
    words : uint8 array, shape (n, k)
        Codes; the strongest first.

    Returns
    -------
    float array, shape (k + 6, 4)
        The probabilities of the bases, with three positions before the first word and three behind it.
    """
    offsets = np.zeros(len(words), np.int64)
    for number in range(1, len(words)):
        offsets[number] = _best_offset(words[number], _count(words[:number], offsets[:number]))
    for _ in range(_SWEEPS):
        for number in range(len(words)):
            others = np.arange(len(words)) != number
            offsets[number] = _best_offset(words[number], _count(words[others], offsets[others]))
    return _count(words, offsets)


def _count(words: NDArray[np.uint8], offsets: NDArray[np.int64]) -> Matrix:
    places = np.arange(words.shape[1]) + _REACH + offsets[:, None]
    counts = np.zeros((words.shape[1] + 2 * _REACH, 4))
    np.add.at(counts, (places, words), 1)
    absent = len(words) - counts.sum(axis=1, keepdims=True)
    matrix: Matrix = (counts + (absent + _PSEUDOCOUNT) / 4) / (len(words) + _PSEUDOCOUNT)
    return matrix


def _best_offset(word: NDArray[np.uint8], matrix: Matrix) -> int:
    bits = np.log2(matrix / 0.25)
    scores = [bits[np.arange(len(word)) + _REACH + offset, word].sum() for offset in _OFFSETS]
    return _OFFSETS[int(np.argmax(np.round(scores, 9)))]
