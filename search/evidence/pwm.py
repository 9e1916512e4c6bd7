"""Position weight matrices: from IUPAC letters and to them, from sites, and without their empty ends."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data_io.alphabet import BASES
from data_io.planting import IUPAC
from search.evidence.motif_records import Probabilities

LEAST_INFORMATION = 0.25
"""Bits (of 2) that the first and the last position of a motif have at least."""

Matrix = NDArray[np.float64]

_LETTERS = np.array([[base in allowed for base in BASES] for allowed in IUPAC.values()], np.float64)
_LETTERS /= _LETTERS.sum(axis=1, keepdims=True)


def from_iupac(motif: str) -> Matrix:
    """Give the probabilities (length, 4) of a motif in IUPAC letters; T is read as U.

    Raises
    ------
    ValueError
        When the motif is empty or holds another letter.
    """
    names = list(IUPAC)
    letters = motif.upper().replace("T", "U")
    if not letters or set(letters) - set(names):
        raise ValueError(f"motif must be letters of {''.join(names)}, received {motif!r}")
    matrix: Matrix = _LETTERS[[names.index(letter) for letter in letters]]
    return matrix


def to_iupac(matrix: Matrix) -> str:
    """Give the letter whose probabilities are nearest for each position (length, 4), as RNAcompete does."""
    distances = np.square(matrix[:, None] - _LETTERS).sum(axis=2)
    return "".join(np.array(list(IUPAC))[distances.argmin(axis=1)])


def information(matrix: Matrix) -> NDArray[np.float64]:
    """Bits of each position (length, 4): 2 for a certain base, 0 for a uniform one."""
    logs = np.log2(matrix, out=np.zeros_like(matrix), where=matrix > 0)
    bits: NDArray[np.float64] = 2 + (matrix * logs).sum(axis=1)
    return bits


def trimmed(matrix: Matrix) -> slice:
    """Which positions are left without ends that say next to nothing; the best one where all do."""
    bits = information(matrix)
    telling = np.flatnonzero(bits >= LEAST_INFORMATION)
    first, last = (telling[0], telling[-1]) if len(telling) else (bits.argmax(),) * 2
    return slice(int(first), int(last) + 1)


def from_sites(
    sites: NDArray[np.uint8], weights: NDArray[np.floating] | None = None, pseudocount: float = 1.0
) -> Matrix:
    """Give the probabilities (length, 4) of aligned sites.

    Parameters
    ----------
    sites : uint8 array, shape (n, length)
        Codes; what is no base does not count.
    weights : float array, shape (n,), optional
        Default: 1 each.
    pseudocount : float
        Sites of a uniform base that are added to each position. Default: 1.
    """
    one_hot = sites[:, :, None] == np.arange(4)
    weighted = one_hot if weights is None else one_hot * weights[:, None, None]
    counts = weighted.sum(axis=0) + pseudocount / 4
    matrix: Matrix = counts / counts.sum(axis=1, keepdims=True)
    return matrix


def as_tuples(matrix: Matrix) -> Probabilities:
    """Give the probabilities as they are kept, to four digits."""
    return tuple((a, c, g, u) for a, c, g, u in np.round(matrix, 4).tolist())
