"""A block of lines of the intensity matrix as arrays: the cells of three columns, every row checked."""

import numpy as np
import numpy.typing as npt

from data_io.alphabet import encode, encode_slices
from data_io.bytearrays import Bytes, Places, cut_runs
from data_io.errors import DataError
from data_io.rows import Layout, RowError, Rows
from data_io.scanning import find_cells, read_decimals

_RETURN = ord("\r")
_MISSING = {b"", b"NA", b"NaN", b"nan", b"N/A", b"#N/A", b"null", b"NULL", b"None"}


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
        asked = {layout.probe_set, layout.sequence, layout.intensity}
        self._ends = self._find_ends({*asked, *(column - 1 for column in asked if column)})

    def _find_ends(self, columns: set[int]) -> dict[int, Places]:
        """Where the cells of some columns end, and the lines."""
        ends = find_cells(self.text, self.layout.width, columns)
        if ends is None:
            raise self._uneven()
        return ends

    def places(self, column: int) -> tuple[Places, Places]:
        """Where the cells of a column begin and end."""
        if not {column, max(column - 1, 0)} <= self._ends.keys():
            self._ends |= self._find_ends({column, max(column - 1, 0)})
        ends, lines = self._ends[column], self._ends[self.layout.width - 1]
        before = self._ends[column - 1] if column else np.concatenate([[-1], lines[:-1]])
        if ends is lines:
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
    values, plain = read_decimals(table.text, starts, ends)
    others = np.flatnonzero(~plain)
    with np.errstate(over="ignore"):
        values[others] = [_number(table.text[starts[row] : ends[row]].tobytes()) for row in others]
    bad = np.isinf(values)
    if bad.any():
        row = int(bad.argmax())
        cell = f"has {table.cell(row, table.layout.intensity)!r} in {table.layout.experiment}"
        raise table.fault(
            row, f"{cell}, no finite number; correct it, or leave it empty if it was not measured"
        )
    return values


def _number(cell: bytes) -> float:
    """A cell as a number; infinity stands for what is none."""
    cell = cell.strip()
    if cell in _MISSING:
        return float("nan")
    try:
        return float(cell)
    except ValueError:
        return float("inf")
