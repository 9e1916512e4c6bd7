"""Intensities out of cells of text: each becomes the float32 nearest to the float64 that Python reads."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from data_io.bytearrays import Bytes, Places, cut_runs

MISSING = ("", "NA", "NaN", "nan", "N/A", "#N/A", "null", "NULL", "None")
NO_NUMBER = np.float32(np.inf)
"""What stands for a cell that is no finite number."""

_LONGEST = 24
_PLAIN = np.isin(np.arange(256), np.frombuffer(b"0123456789.+-eE", np.uint8))


def read_column(text: Bytes, starts: Places, ends: Places) -> npt.NDArray[np.float32]:
    """Read one column.

    Parameters
    ----------
    text : uint8 array, shape (bytes,)
    starts, ends : int64 arrays, shape (n,)
        Cell i is `text[starts[i]:ends[i]]`.

    Returns
    -------
    float32 array, shape (n,)
        NaN where a value is missing, `NO_NUMBER` where a cell is anything else.
    """
    lengths = ends - starts
    width = min(int(lengths.max(initial=1)), _LONGEST)
    letters = cut_runs(text, starts, width)
    beyond = np.arange(width) >= lengths[:, None]
    plain = (_PLAIN[letters] | beyond).all(axis=1) & (lengths > 0) & (lengths <= width)
    cells = np.where(beyond, 0, letters).astype(np.uint8).view(f"S{width}").ravel()
    values = np.empty(len(cells), np.float64)
    try:
        values[plain] = cells[plain].astype(np.float64)
    except ValueError:  # made of the letters of numbers, such as 1.2.3
        plain[:] = False
    others = np.flatnonzero(~plain)
    values[others] = [_read_cell(text[starts[row] : ends[row]].tobytes()) for row in others]
    return _narrow(values)


def read_columns(block: bytes, width: int, columns: Sequence[int]) -> npt.NDArray[np.float32] | None:
    """Read many columns at once, where all cells are plain.

    Parameters
    ----------
    block : bytes
        Lines of `width` cells that are parted by tabs.
    width : int
    columns : sequence of int
        Ascending.

    Returns
    -------
    float32 array, shape (len(columns), lines), or None
        As `read_column` gives them; None where a cell needs a closer look.
    """
    import polars  # only here: what reads one experiment has no need of it

    wanted = set(columns)
    schema = {str(i): polars.Float64 if i in wanted else polars.String for i in range(width)}
    try:
        table = polars.read_csv(
            block,
            has_header=False,
            separator="\t",
            quote_char=None,
            schema=schema,
            columns=list(columns),
            null_values=list(MISSING),
        )
    except polars.exceptions.PolarsError:
        return None
    return _narrow(table.to_numpy().T)


def _read_cell(cell: bytes) -> float:
    cell = cell.strip()
    if cell in _MISSING:
        return float("nan")
    if b"_" in cell:  # Python reads 1_000, but nobody who writes tables does
        return float("inf")
    try:
        return float(cell)
    except ValueError:
        return float("inf")


_MISSING = {name.encode() for name in MISSING}


def _narrow(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32, order="C")
    narrow[np.isinf(narrow)] = NO_NUMBER
    return narrow
