"""Where the cells of a table of text end, by a few passes of numpy over a whole block of it.

Tabs and line ends are marked in a bit mask. Since all lines have equally many cells, the separator behind any
cell has a known rank among all of them, and the set bit of a given rank is found by counts (rank and select;
G. Jacobson, Space-efficient static trees and graphs, 1989). So cells that are not asked for cost nothing, and
a line that is cut or broken anywhere shows by its count.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from data_io.bytearrays import Bytes, Places

TAB, NEWLINE = ord("\t"), ord("\n")
_BITS = 64


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
    if text.min(initial=TAB) < TAB:
        return None
    chosen = text <= NEWLINE
    words = _mark(chosen)
    newlines = np.count_nonzero(
        np.equal(text, NEWLINE, out=chosen)
    )  # fresh memory would take longer than this
    counts = np.cumsum(np.bitwise_count(words), dtype=np.int64)
    lines, uneven = divmod(int(counts[-1]), width)
    if uneven or newlines != lines:
        return None
    wanted = sorted({*columns, width - 1})
    ranks = np.arange(lines)[:, None] * width + wanted
    ends = _select(words, counts, ranks.ravel()).reshape(ranks.shape)
    if (text[ends[:, -1]] != NEWLINE).any():
        return None
    return dict(zip(wanted, ends.T, strict=True))


def _mark(chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint64]:
    """Pack truth values into the bits of words, the first into the lowest of the first word."""
    packed = np.packbits(chosen, bitorder="little")
    words = np.zeros(len(packed) // 8 + 1, "<u8")
    words.view(np.uint8)[: len(packed)] = packed
    return words


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
