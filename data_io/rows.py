"""What is read out of an intensity matrix: which columns, and the rows or the fault that come of it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Layout:
    """Which columns of the matrix to read.

    Attributes
    ----------
    width : int
        The number of all columns.
    probe_set, sequence, probe_id : int or None
    experiments : dict of int by str
        The columns of the experiments, by name, in the order of the columns.
    strict : bool
        Raise for a cell that is no number; otherwise infinity takes its place.
    quoted : bool
        Cells may stand between quotation marks.
    """

    width: int
    probe_set: int
    sequence: int
    probe_id: int | None
    experiments: dict[str, int]
    strict: bool
    quoted: bool


@dataclass(frozen=True)
class Rows:
    """Probes of both sets in the order of the file.

    Attributes
    ----------
    codes : uint8 array, shape (n, 41)
    in_set_a : bool array, shape (n,)
    intensity : float32 array, shape (n,), or (experiments, n) of a block
        NaN where nothing was measured.
    """

    codes: npt.NDArray[np.uint8]
    in_set_a: npt.NDArray[np.bool_]
    intensity: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.codes)


class RowError(Exception):
    """A row that cannot be used; the reader of the file knows which line of it the block's first row is."""

    def __init__(self, row: int, probe: str, problem: str) -> None:
        super().__init__(problem)
        self.row, self.probe, self.problem = row, probe, problem

    def describe(self, first_line: int) -> str:
        """Name line and probe, for a block that begins in line `first_line`."""
        return f"line {first_line + self.row}{self.probe} {self.problem}"
