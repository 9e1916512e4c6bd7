"""Long texts as arrays of bytes: runs cut out of them, and where their tabs and line ends stand."""

import threading
from typing import cast

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]

NEWLINE = ord("\n")
_WORD = 8
_EACH_BYTE = np.uint64(0x0101010101010101)


def cut_runs(text: Bytes, starts: Places, width: int) -> Bytes:
    """Copy runs of bytes out of a text.

    Parameters
    ----------
    text : uint8 array, shape (bytes,)
    starts : int64 array, shape (n,)
    width : int

    Returns
    -------
    uint8 array, shape (n, width)
        Zeros beyond the end of the text.
    """
    if starts.max(initial=0) + width > len(text):
        text = np.append(text, np.zeros(width, np.uint8))
    runs: Bytes = np.lib.stride_tricks.sliding_window_view(text, width)[starts]
    return runs


class Separators:
    """Tabs (9) and line ends (10) of a text, in which no byte is below.

    One byte in ten of an intensity matrix is a separator, and a few of each line are asked for. So they are
    counted in words of eight bytes, and only the words asked for are looked into: a third of the time that
    a list of all takes. It is of use until the same thread makes another.

    Parameters
    ----------
    text : uint8 array, shape (n,)
        Not empty, of less than 2^31 bytes.

    Attributes
    ----------
    lines : int
        How many of them are line ends.
    """

    def __init__(self, text: Bytes) -> None:
        words = -(-len(text) // _WORD)
        mask, self._up_to = _room(words)
        self.lines = int(np.count_nonzero(np.equal(text, NEWLINE, out=mask[: len(text)])))
        np.less_equal(text, NEWLINE, out=mask[: len(text)])
        mask[len(text) :] = False
        self._words = mask.view("<u8")
        np.multiply(self._words, _EACH_BYTE, out=self._words)  # byte i is then the sum of bytes 0 to i
        np.cumsum(mask.view(np.uint8)[_WORD - 1 :: _WORD], dtype=np.int32, out=self._up_to)

    def __len__(self) -> int:
        return int(self._up_to[-1])

    def places(self, ranks: npt.NDArray[np.int32]) -> Places:
        """Where the separators of these ranks, from 0 and ascending, stand; both of shape (k,)."""
        words = np.searchsorted(self._up_to, ranks, side="right")
        before = np.where(words > 0, self._up_to[words - 1], 0)
        so_far = self._words[words].view(np.uint8).reshape(-1, _WORD)
        reached = so_far == (ranks - before + 1).astype(np.uint8)[:, None]
        return cast(Places, _WORD * words + reached.argmax(axis=1))


_kept = threading.local()


def _room(words: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int32]]:
    """Memory of this thread's for so many words: fresh memory takes longer than what is done in it."""
    if len(getattr(_kept, "counts", ())) < words:
        _kept.mask, _kept.counts = np.empty(_WORD * words, np.bool_), np.empty(words, np.int32)
    return _kept.mask[: _WORD * words], _kept.counts[:words]
