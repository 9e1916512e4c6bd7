"""Where the cells of a table of text end, by a few passes of numpy over a whole block of it.

Tabs and line ends are marked in a bit mask. Since all lines have equally many cells, the separator behind any
cell has a known rank among all of them, and the set bit of a given rank is found by counts (rank and select;
G. Jacobson, Space-efficient static trees and graphs, 1989), or from the one before it, where that is known.
So cells that are not asked for cost nothing, and a line that is cut or broken anywhere shows by its count.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from data_io.bytearrays import Bytes, Places

TAB, NEWLINE = ord("\t"), ord("\n")
_BITS = 64
_ONE, _ALL = np.uint64(1), ~np.uint64(0)
_PIECE = 1 << 18  # bytes; with the marks of it, a piece fits into the processor's nearer caches


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
    words, tabs = _mark(text)
    counts = np.cumsum(np.bitwise_count(words), dtype=np.int64)
    lines, uneven = divmod(int(counts[-1]), width)
    if uneven or tabs != lines * (width - 1):
        return None
    ends = _select(words, counts, np.arange(1, lines + 1) * width - 1)
    if (text[ends] != NEWLINE).any():  # else, with the tabs, these are all that is marked
        return None
    return _find_between(words, counts, width, ends, sorted({*columns} - {width - 1}))


def _mark(text: Bytes) -> tuple[npt.NDArray[np.uint64], int]:
    """Mark all bytes up to the line end in the bits of words, the first in the lowest of the first word.

    Returns
    -------
    words : uint64 array, shape (n // 64 + 1,)
    tabs : int
        How many of the bytes are tabs.
    """
    words = np.zeros(len(text) // _BITS + 1, "<u8")
    packed, tabs = words.view(np.uint8), 0
    scratch = np.empty(min(len(text), _PIECE), np.bool_)  # fresh memory would take longer than the passes
    for start in range(0, len(text), _PIECE):
        piece = text[start : start + _PIECE]
        marks = np.less_equal(piece, NEWLINE, out=scratch[: len(piece)])
        bits = np.packbits(marks, bitorder="little")
        packed[start // 8 : start // 8 + len(bits)] = bits
        tabs += int(np.count_nonzero(np.equal(piece, TAB, out=marks)))
    return words, tabs


def _find_between(
    words: npt.NDArray[np.uint64], counts: Places, width: int, ends: Places, columns: Sequence[int]
) -> dict[int, Places]:
    """Find what stands behind the cells of some columns, ascending, within lines whose ends are known."""
    found = {width - 1: ends}
    before = np.concatenate([[-1], ends])[:-1]  # the places behind the cells of the column `known`
    known = -1
    for column in columns:
        if column - 1 == known:
            before = _next(words, before)
        else:
            before = _select(words, counts, np.arange(len(ends)) * width + column)
        found[column], known = before, column
    return found


def _next(words: npt.NDArray[np.uint64], places: Places) -> Places:
    """Find the first set bit behind each of some places; there must be one."""
    index, bit = np.divmod(places + 1, _BITS)
    word = words[index] & (_ALL << bit.astype(np.uint64))
    empty = np.flatnonzero(word == 0)
    while len(empty):
        index[empty] += 1
        word[empty] = words[index[empty]]
        empty = empty[word[empty] == 0]
    found: Places = _BITS * index + np.bitwise_count(word ^ (word - _ONE)) - 1
    return found


def _select(words: npt.NDArray[np.uint64], counts: Places, ranks: Places) -> Places:
    """Find the set bits of the given ranks; `counts` are those up to the end of each word."""
    index = np.searchsorted(counts, ranks, side="right")
    word = words[index]
    before = (ranks - counts[index] + np.bitwise_count(word)).astype(np.uint8)  # set bits of the word to pass
    place = np.zeros(len(word), np.uint8)
    for half in (32, 16, 8, 4, 2, 1):
        lower = np.bitwise_count(word & np.uint64((1 << half) - 1))
        upper = before >= lower
        before -= lower * upper
        step = upper * np.uint8(half)
        place += step
        word >>= step
    return _BITS * index + place
