"""RNA letters as small integers, the form in which every sequence is kept from the file to the network."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from data_io.bytearrays import cut_runs
from data_io.errors import DataError

WIDTH = 41
"""Positions of an encoded sequence: the longest probe of the array."""

A, C, G, U, N, PAD = range(6)

BASES = "ACGU"
"""The letters of RNA, by their codes."""

_LETTERS = BASES + "N"
FOREIGN = 255
_SEPARATOR = "\n"


def _lookup_table() -> npt.NDArray[np.uint8]:
    table = np.full(256, FOREIGN, np.uint8)
    for code, letter in enumerate(_LETTERS):
        table[[ord(letter), ord(letter.lower())]] = code
    table[[ord("T"), ord("t")]] = U
    return table


CODE_OF_BYTE = _lookup_table()
"""Code of each byte; `FOREIGN` for what is no letter of an RNA."""

_BYTE_OF_CODE = np.frombuffer(_LETTERS.encode() + b"\0", np.uint8)


def _by_position(index: int) -> str:
    return f"sequence {index + 1}"


def encode(
    sequences: Sequence[str], describe: Callable[[int], str] = _by_position
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Encode RNA sequences as integers, padded on the right.

    Parameters
    ----------
    sequences : sequence of str, length n
        Letters A, C, G, U and N in either case; T is read as U. From 1 to 41 letters each.
    describe : callable
        Gives the words by which an error names the sequence at an index. Default: "sequence 3".

    Returns
    -------
    codes : uint8 array, shape (n, 41)
        A, C, G, U, N as 0..4 and 5 (`PAD`) behind the end.
    lengths : uint8 array, shape (n,)

    Raises
    ------
    DataError
        When a sequence is empty, too long or holds another letter.
    """
    if len(sequences) == 0:
        return np.empty((0, WIDTH), np.uint8), np.empty(0, np.uint8)
    try:
        text = np.frombuffer((_SEPARATOR.join(sequences) + _SEPARATOR).encode("ascii"), np.uint8)
    except (UnicodeEncodeError, TypeError):
        raise _fault(sequences, describe) from None
    ends = np.flatnonzero(text == ord(_SEPARATOR))
    starts = np.concatenate([[0], ends[:-1] + 1])
    faulty = len(ends) != len(sequences)
    if not faulty:
        codes, lengths, bad = encode_slices(text, starts, ends)
        faulty = bool(bad.any())
    if faulty:
        raise _fault(sequences, describe)
    return codes, lengths


def encode_long(
    sequences: Sequence[str], describe: Callable[[int], str] = _by_position
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Encode RNA sequences of any length one behind the other.

    Parameters
    ----------
    sequences, describe
        As in `encode`, of one letter or more.

    Returns
    -------
    codes : uint8 array, shape (sum of lengths,)
    lengths : int64 array, shape (n,)

    Raises
    ------
    DataError
        When a sequence is empty or holds another letter.
    """
    lengths = np.array([len(sequence) for sequence in sequences], np.int64)
    try:
        text = np.frombuffer("".join(sequences).encode("ascii"), np.uint8)
    except (UnicodeEncodeError, TypeError):
        raise _fault(sequences, describe) from None
    codes = CODE_OF_BYTE[text]
    if (codes == FOREIGN).any() or not lengths.all():
        raise _fault(sequences, describe)
    return codes, lengths


def encode_slices(
    text: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Encode sequences that lie in one long text, without a Python object for each.

    Parameters
    ----------
    text : uint8 array, shape (bytes,)
    starts, ends : int64 arrays, shape (n,)
        Sequence i is `text[starts[i]:ends[i]]`.

    Returns
    -------
    codes : uint8 array, shape (n, 41)
    lengths : uint8 array, shape (n,)
    bad : bool array, shape (n,)
        True where a sequence is empty, too long or holds a foreign letter; its codes mean nothing.
    """
    lengths = ends - starts
    codes = np.take(CODE_OF_BYTE, cut_runs(text, starts, WIDTH))
    codes[np.arange(WIDTH) >= lengths[:, None]] = PAD
    bad = (lengths < 1) | (lengths > WIDTH)
    foreign = codes == FOREIGN
    if foreign.any():
        bad |= foreign.any(axis=1)
    return codes, np.minimum(lengths, WIDTH).astype(np.uint8), bad


def decode(codes: npt.NDArray[np.integer]) -> list[str]:
    """Turn codes back into letters.

    Parameters
    ----------
    codes : integer array, shape (n, length)
        As `encode` gives them; positions of `PAD` are left out.

    Returns
    -------
    list of str, length n
    """
    codes = np.asarray(codes)
    if codes.shape[0] == 0 or codes.shape[1] == 0:
        return [""] * codes.shape[0]
    letters = np.ascontiguousarray(_BYTE_OF_CODE[codes])
    return [row.decode() for row in letters.view(f"S{codes.shape[1]}").ravel()]


def _fault(sequences: Sequence[str], describe: Callable[[int], str]) -> DataError:
    """Find the first sequence that cannot be encoded; only called when there is one."""
    for index, sequence in enumerate(sequences):
        where = describe(index)
        if not isinstance(sequence, str) or not sequence.strip():
            return DataError(f"{where}: the sequence is empty; remove the row or give its sequence")
        for letter in sequence:
            if letter.upper() not in "ACGUTN":
                return DataError(
                    f"{where}: {letter!r} in {_shorten(sequence)!r} is no RNA letter; use A, C, G, U, T or N"
                )
        if len(sequence) > WIDTH:
            return DataError(
                f"{where}: {_shorten(sequence)!r} has {len(sequence)} letters; cut it to at most {WIDTH}"
            )
    raise AssertionError("every sequence can be encoded")


def _shorten(sequence: str) -> str:
    return sequence if len(sequence) <= WIDTH else sequence[:WIDTH] + "..."
