"""Set A into training and validation."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data_io.alphabet import WIDTH
from data_io.errors import ConfigError, DataError

PROTOCOLS = ("grouped", "seeded-shuffle")

_WORDS = -(-WIDTH // 8)
_ROWS = 4096  # at once, so that they stay in the processor's caches
_MULTIPLIERS = np.random.RandomState(0).randint(1, 2**62, size=_WORDS).astype(np.uint64) * 2 + 1


@dataclass(frozen=True)
class Split:
    """Rows of Set A, counted in the order of the file, ascending.

    Attributes
    ----------
    train : int64 array
    validation : int64 array
    """

    train: npt.NDArray[np.int64]
    validation: npt.NDArray[np.int64]


def split_set_a(
    codes: npt.NDArray[np.uint8], protocol: str = "grouped", fraction: float = 0.2, seed: int = 42
) -> Split:
    """Part the probes of Set A.

    Parameters
    ----------
    codes : uint8 array, shape (n, 41)
        All probes of Set A, measured or not.
    protocol : str
        "grouped": probes of the same sequence stand on the same side, and which side that is depends on the
        sequences present but not on their order. "seeded-shuffle": the first share of all rows after a seeded
        shuffle is validation, as in published notebooks. Default: "grouped".
    fraction : float
        Share of validation. Default: 0.2.
    seed : int
        Default: 42.

    Raises
    ------
    ConfigError
        For another protocol or a fraction outside of 0 to 1.
    DataError
        When one side would be empty.
    """
    if protocol not in PROTOCOLS:
        raise ConfigError(f"split {protocol!r} is unknown; choose {' or '.join(PROTOCOLS)}")
    if not 0 < fraction < 1:
        raise ConfigError(f"a validation share of {fraction} is impossible; choose one between 0 and 1")
    by_sequence = protocol == "grouped"
    validation = _draw_sequences(codes, fraction, seed) if by_sequence else _draw_rows(codes, fraction, seed)
    if not 0 < validation.sum() < len(codes):
        raise DataError(_too_few(codes, by_sequence))
    return Split(train=np.flatnonzero(~validation), validation=np.flatnonzero(validation))


def _too_few(codes: npt.NDArray[np.uint8], by_sequence: bool) -> str:
    distinct = len(np.unique(hash_sequences(codes)))
    if not by_sequence or distinct == len(codes):
        return f"{len(codes)} probes in Set A are too few for training and validation; give more"
    sequences = f"only {distinct} distinct sequence{'s' * (distinct != 1)}"
    remedy = "give more sequences, since equal ones are never parted"
    return f"{len(codes)} probes in Set A have {sequences}, too few for training and validation; {remedy}"


def _draw_rows(codes: npt.NDArray[np.uint8], fraction: float, seed: int) -> npt.NDArray[np.bool_]:
    rows = np.arange(len(codes))
    np.random.RandomState(seed).shuffle(rows)
    chosen = np.zeros(len(codes), np.bool_)
    chosen[rows[: int(fraction * len(codes))]] = True
    return chosen


def _draw_sequences(codes: npt.NDArray[np.uint8], fraction: float, seed: int) -> npt.NDArray[np.bool_]:
    """Take whole groups of equal sequences, in random order, as long as they fit into the share."""
    _, group, sizes = np.unique(hash_sequences(codes), return_inverse=True, return_counts=True)
    order = np.random.RandomState(seed).permutation(len(sizes))
    fitting = np.searchsorted(np.cumsum(sizes[order]), int(fraction * len(codes)), side="right")
    taken = np.zeros(len(sizes), np.bool_)
    taken[order[:fitting]] = True
    chosen: npt.NDArray[np.bool_] = taken[group]
    return chosen


def hash_sequences(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """Hash each sequence to 64 bits; two that ever collide count as equal, which harms no split or test.

    Parameters
    ----------
    codes : uint8 array, shape (n, 41)

    Returns
    -------
    uint64 array, shape (n,)
    """
    hashes = np.zeros(len(codes), np.uint64)
    padded = np.zeros((min(len(codes), _ROWS), 8 * _WORDS), np.uint8)
    for start in range(0, len(codes), _ROWS):
        some, part = codes[start : start + _ROWS], hashes[start : start + _ROWS]
        padded[: len(some), : codes.shape[1]] = some
        for word, multiplier in zip(padded[: len(some)].view("<u8").T, _MULTIPLIERS, strict=True):
            part ^= word
            part *= multiplier
            part ^= part >> np.uint64(29)
    return hashes
