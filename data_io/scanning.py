"""The cells of an intensity matrix, found and read by kernels that numba compiles for the processor at hand.

They work without Python's lock, so that threads with a block each do not wait for each other in them.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from data_io.bitmasks import BYTES, at_most, count, equal, lowest
from data_io.bytearrays import Bytes, Places
from data_io.jit import compiled

NEWLINE = ord("\n")
_UNPRINTABLE = ord("\t") - 1
_FILLER = ord(" ")
_ZERO, _NINE, _POINT, _PLUS, _MINUS = map(ord, "09.+-")
_MOST_DIGITS = 15  # so long an integer is exact as float64, as is the power of ten that it is divided by
_POWERS_OF_TEN = np.array([10.0**exponent for exponent in range(_MOST_DIGITS + 1)])


def find_cells(text: Bytes, width: int, columns: Iterable[int]) -> dict[int, Places] | None:
    """Find where the cells of some columns end.

    Parameters
    ----------
    text : uint8 array, shape (n,)
        Lines of cells that are parted by tabs.
    width : int
        How many cells each line must have.
    columns : iterable of int
        From 0 to width - 1.

    Returns
    -------
    dict of int64 arrays, shape (lines,), or None
        The places of the separators behind the cells, by column; always with the last column, the line ends.
        None where a line has fewer or more cells, or a byte is neither printable nor a separator.
    """
    wanted = np.array(sorted({*columns, width - 1}))
    ends = np.empty((len(text) // width + 1, len(wanted)), np.int64)  # no line is shorter than its separators
    tail = np.full(BYTES, _FILLER, np.uint8)
    tail[: len(text) % BYTES] = text[len(text) - len(text) % BYTES :]
    separators, lines, even = find_ends(text, tail, width, wanted, ends)
    if not separators == lines * width == even * width:
        return None
    return dict(zip(wanted.tolist(), ends[:lines].T, strict=True))


@compiled
def find_ends(
    text: Bytes, tail: Bytes, width: int, columns: Places, ends: npt.NDArray[np.int64]
) -> tuple[int, int, int]:
    """Fill `ends`; count the separators, the line ends, and the line ends that end a row of `width` cells.

    A byte that is no text makes the first count -1. `tail` holds the bytes behind the last whole 64.
    """
    separators = lines = even = unprintable = 0
    row = asked = 0
    rank = columns[0]  # of the separator asked for next, among all
    for chunk in range(len(text) // BYTES + 1):
        part, start = (text, BYTES * chunk) if chunk < len(text) // BYTES else (tail, 0)
        found = at_most(part, start, NEWLINE)
        unprintable += count(at_most(part, start, _UNPRINTABLE))
        lines += count(equal(part, start, NEWLINE))
        after = separators + count(found)
        while rank < after:
            while separators < rank:
                found &= found - np.uint64(1)
                separators += 1
            place = lowest(found)
            even += part[start + place] == NEWLINE and asked == len(columns) - 1
            ends[row, asked] = BYTES * chunk + place
            asked += 1
            if asked == len(columns):
                row, asked = row + 1, 0
            rank = row * width + columns[asked]
        separators = after
    return (-1 if unprintable else separators), lines, even


def read_decimals(
    text: Bytes, starts: Places, ends: Places
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Read numbers such as -12.345, of at most 15 digits and no exponent.

    Such a number is an integer over a power of ten, both exact as float64: their quotient is the float64 that
    is nearest to it (W. D. Clinger, How to read floating point numbers accurately, 1990).

    Parameters
    ----------
    text : uint8 array, shape (bytes,)
    starts, ends : int64 arrays, shape (n,)
        Cell i is `text[starts[i]:ends[i]]`.

    Returns
    -------
    values : float32 array, shape (n,)
        The nearest to those float64.
    plain : bool array, shape (n,)
        False where a cell is anything else; its value means nothing.
    """
    values, plain = np.empty(len(starts), np.float32), np.empty(len(starts), np.bool_)
    parse_decimals(text, starts, ends, values, plain)
    return values, plain


@compiled
def parse_decimals(
    text: Bytes,
    starts: Places,
    ends: Places,
    values: npt.NDArray[np.float32],
    plain: npt.NDArray[np.bool_],
) -> None:
    """Fill `values` and `plain`."""
    for row in range(len(starts)):
        place, end = starts[row], ends[row]
        negative = place < end and text[place] == _MINUS
        if negative or (place < end and text[place] == _PLUS):
            place += 1
        integer = digits = decimals = 0
        point = False
        while place < end and digits <= _MOST_DIGITS:
            byte = int(text[place])
            if byte == _POINT and not point:
                point = True
            elif _ZERO <= byte <= _NINE:
                integer = 10 * integer + byte - _ZERO
                digits += 1
                decimals += point
            else:
                break
            place += 1
        plain[row] = place == end and 0 < digits <= _MOST_DIGITS
        value = integer / _POWERS_OF_TEN[decimals] if plain[row] else 0.0
        values[row] = -value if negative else value
