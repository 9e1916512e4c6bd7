"""What is read out of an intensity matrix: which columns, and the rows or the fault that come of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Layout:
    """Which columns of the matrix to read; `width` is the number of all columns."""

    width: int
    probe_set: int
    sequence: int
    intensity: int
    probe_id: int | None
    experiment: str


@dataclass(frozen=True)
class Rows:
    """Probes of both sets in the order of the file.

    Attributes
    ----------
    codes : uint8 array, shape (n, 41)
    in_set_a : bool array, shape (n,)
    intensity : float32 array, shape (n,)
        NaN where nothing was measured.
    """

    codes: npt.NDArray[np.uint8]
    in_set_a: npt.NDArray[np.bool_]
    intensity: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.codes)

    @staticmethod
    def join(parts: Sequence["Rows"]) -> "Rows":
        """Put the rows of several blocks one behind the other."""
        return Rows(
            np.concatenate([part.codes for part in parts]),
            np.concatenate([part.in_set_a for part in parts]),
            np.concatenate([part.intensity for part in parts]),
        )


class RowError(Exception):
    """A row that cannot be used; the reader of the file knows which line of it the block's first row is."""

    def __init__(self, row: int, probe: str, problem: str) -> None:
        super().__init__(problem)
        self.row, self.probe, self.problem = row, probe, problem

    def describe(self, first_line: int) -> str:
        """Name line and probe, for a block that begins in line `first_line`."""
        return f"line {first_line + self.row}{self.probe} {self.problem}"
