"""Long texts as arrays of bytes, and runs cut out of them."""

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]


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
    windows: Bytes = np.ndarray((len(text) - width + 1, width), np.uint8, text, strides=(1, 1))
    return windows[starts]
