"""A block of lines of the intensity matrix as arrays: the cells of three columns, every row checked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data_io.alphabet import encode, encode_slices
from data_io.bytearrays import NEWLINE, Bytes, Places, Separators, cut_runs
from data_io.errors import DataError

_RETURN = ord("\r")
_WIDEST_NUMBER = 40
_BEGINS_NUMBER = np.isin(np.arange(256), np.frombuffer(b"+-.0123456789", np.uint8))
_MISSING = np.array([b"", b"NA", b"NaN", b"nan", b"N/A", b"#N/A", b"null", b"NULL", b"None"])


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

    codes: Bytes
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


def read_rows(block: bytes | memoryview, layout: Layout) -> Rows:
    """Read the probes of a block of whole lines.

    Raises
    ------
    RowError
        For a row with too few or too many cells, a foreign Probe_Set, letter or number.
    """
    table = _Table(block, layout)
    codes, _, bad = encode_slices(table.text, *table.places(layout.sequence))
    if bad.any():
        row = int(bad.argmax())
        raise table.fault(row, _sequence_problem(table.cell(row, layout.sequence)))
    return Rows(codes, _in_set_a(table), _numbers(table))


class _Table:
    """The cells of a block: those of the asked columns at once, others as they are named in an error."""

    def __init__(self, block: bytes | memoryview, layout: Layout) -> None:
        self.layout = layout
        self.text: Bytes = np.frombuffer(block, np.uint8)
        self._separators = Separators(self.text)
        self._rows = self._separators.lines
        if len(self._separators) != self._rows * layout.width:
            raise self._uneven()
        asked = {layout.probe_set, layout.sequence, layout.intensity}
        self._ends = self._find_ends({*asked, *(column - 1 for column in asked), layout.width - 1})
        if (self.text[self._ends[layout.width - 1]] != NEWLINE).any():
            raise self._uneven()

    def _find_ends(self, columns: Iterable[int]) -> dict[int, Places]:
        """Where the cells of some columns end; column -1 is the line before."""
        ordered = sorted(columns)
        ranks = np.arange(self._rows, dtype=np.int32)[:, None] * self.layout.width + np.array(
            ordered, np.int32
        )
        ends = np.where(
            ranks < 0, -1, self._separators.places(np.maximum(ranks, 0).ravel()).reshape(ranks.shape)
        )
        return dict(zip(ordered, ends.T, strict=True))

    def places(self, column: int) -> tuple[Places, Places]:
        """Where the cells of a column begin and end."""
        if not {column - 1, column} <= self._ends.keys():
            self._ends |= self._find_ends({column - 1, column})
        before, ends = self._ends[column - 1], self._ends[column]
        if column == self.layout.width - 1:
            ends = np.maximum(ends - (self.text[ends - 1] == _RETURN), before + 1)
        return before + 1, ends

    def strings(self, column: int, width: int) -> npt.NDArray[np.bytes_]:
        """The cells of a column, cut to `width` bytes."""
        starts, ends = self.places(column)
        letters = cut_runs(self.text, starts, width)
        letters[np.arange(width) >= (ends - starts)[:, None]] = 0
        return letters.view(f"S{width}").ravel()

    def cell(self, row: int, column: int) -> str:
        starts, ends = self.places(column)
        return self.text[starts[row] : ends[row]].tobytes().decode("utf-8", "replace")

    def fault(self, row: int, problem: str) -> RowError:
        column = self.layout.probe_id
        return RowError(row, "" if column is None else f" (probe {self.cell(row, column)})", problem)

    def _uneven(self) -> RowError:
        for row, line in enumerate(self.text.tobytes().split(b"\n")[:-1]):
            cells = line.count(b"\t") + 1
            if cells != self.layout.width:
                there = f"has {cells} cells where the header has {self.layout.width}"
                return RowError(row, "", f"{there}; the file is cut or damaged, get it again")
            if any(byte < ord("\t") for byte in line):
                return RowError(row, "", "holds unprintable bytes; the file is damaged, get it again")
        raise AssertionError("all rows are even")


def _sequence_problem(sequence: str) -> str:
    try:
        encode([sequence], describe=lambda _: "has a bad RNA_Seq")
    except DataError as error:
        return str(error)
    raise AssertionError(f"{sequence!r} can be encoded")


def _in_set_a(table: _Table) -> npt.NDArray[np.bool_]:
    names = table.strings(table.layout.probe_set, 5)  # one more than SetA has, to see a longer name
    in_set_a: npt.NDArray[np.bool_] = names == b"SetA"
    foreign = ~in_set_a & (names != b"SetB")
    if foreign.any():
        row = int(foreign.argmax())
        name = table.cell(row, table.layout.probe_set)
        raise table.fault(row, f"has the Probe_Set {name!r}; use SetA or SetB")
    return in_set_a


def _numbers(table: _Table) -> npt.NDArray[np.float32]:
    starts, ends = table.places(table.layout.intensity)
    width = int(np.clip((ends - starts).max(), len(b"nan"), _WIDEST_NUMBER))
    cells = table.strings(table.layout.intensity, width)
    unlike = np.flatnonzero(~_BEGINS_NUMBER[cells.view(np.uint8)[::width]])
    if len(unlike):
        missing = np.isin(np.char.strip(cells[unlike]), _MISSING)
        cells[unlike[missing]] = b"nan"
    with np.errstate(over="ignore"):
        values = _parse(cells).astype(np.float32)
    bad = np.isinf(values) | (ends - starts > _WIDEST_NUMBER)
    if bad.any():
        row = int(bad.argmax())
        cell = f"has {table.cell(row, table.layout.intensity)!r} in {table.layout.experiment}"
        raise table.fault(
            row, f"{cell}, no finite number; correct it, or leave it empty if it was not measured"
        )
    return values


def _parse(cells: npt.NDArray[np.bytes_]) -> npt.NDArray[np.float64]:
    """Cells as numbers; infinity stands for what is none."""
    try:
        return np.array(list(map(float, cells.tolist())))  # faster than astype
    except ValueError:
        return np.array([_number(cell) for cell in cells])


def _number(cell: bytes) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("inf")
