"""A block of lines of the intensity matrix as arrays: the cells of the asked columns, every row checked."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from data_io.alphabet import encode, encode_slices
from data_io.bytearrays import Bytes, Places, cut_runs
from data_io.errors import DataError
from data_io.numbers import NO_NUMBER, read_column, read_columns
from data_io.rows import Layout, RowError, Rows
from data_io.separators import TAB, find_cells

MANY = 12
"""From so many columns on, one pass of polars over all cells costs less than numpy's over each."""

_SET_A, _SET_B = np.frombuffer(b"SetASetB", "<u4")  # compared as numbers, which costs less
_RETURN, _QUOTE = ord("\r"), ord('"')


def read_rows(block: bytes | memoryview, layout: Layout) -> Rows:
    """Read the probes of a block of whole lines.

    Raises
    ------
    RowError
        For a row with too few or too many cells, a foreign Probe_Set or letter, or, if the layout is strict,
        one that is no number.
    """
    table = _Table(block, layout)
    codes, _, bad = encode_slices(table.text, *table.places(layout.sequence))
    if bad.any():
        row = int(bad.argmax())
        raise table.fault(row, _sequence_problem(table.cell(row, layout.sequence)))
    return Rows(codes, _in_set_a(table), _intensities(table))


class _Table:
    """The cells of a block, found column by column."""

    def __init__(self, block: bytes | memoryview, layout: Layout) -> None:
        self.block, self.layout = block, layout
        self.text: Bytes = np.frombuffer(block, np.uint8)
        self._ends: dict[int, Places] = {}
        columns = list(layout.experiments.values())
        self.find({layout.probe_set, layout.sequence, *(columns if len(columns) < MANY else ())})

    def find(self, columns: Iterable[int]) -> None:
        """Find the cells of some columns in one pass, unless they are found already."""
        asked = {max(0, column - side) for column in columns for side in (0, 1)}
        if not asked <= self._ends.keys():
            ends = find_cells(self.text, self.layout.width, asked)
            if ends is None:
                raise self._uneven()
            self._ends |= ends

    def places(self, column: int) -> tuple[Places, Places]:
        """Where the cells of a column begin and end."""
        self.find([column])
        ends, lines = self._ends[column], self._ends[self.layout.width - 1]
        starts = (self._ends[column - 1] if column else np.concatenate([[-1], lines[:-1]])) + 1
        if ends is lines:
            ends = np.maximum(ends - (self.text[ends - 1] == _RETURN), starts)
        if self.layout.quoted:
            marks = (self.text[starts] == _QUOTE) & (self.text[ends - 1] == _QUOTE) & (ends - starts > 1)
            starts, ends = starts + marks, ends - marks
        return starts, ends

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
            if any(byte < TAB for byte in line):
                return RowError(row, "", "holds unprintable bytes; the file is damaged, get it again")
        raise AssertionError("all rows are even")


def _sequence_problem(sequence: str) -> str:
    try:
        encode([sequence], describe=lambda _: "has a bad RNA_Seq")
    except DataError as error:
        return str(error)
    raise AssertionError(f"{sequence!r} can be encoded")


def _in_set_a(table: _Table) -> npt.NDArray[np.bool_]:
    starts, ends = table.places(table.layout.probe_set)
    names = cut_runs(table.text, starts, _SET_A.itemsize).view(_SET_A.dtype).ravel()
    names[ends - starts != _SET_A.itemsize] = 0
    in_set_a: npt.NDArray[np.bool_] = names == _SET_A
    foreign = ~in_set_a & (names != _SET_B)
    if foreign.any():
        row = int(foreign.argmax())
        name = table.cell(row, table.layout.probe_set)
        raise table.fault(row, f"has the Probe_Set {name!r}; use SetA or SetB")
    return in_set_a


def _intensities(table: _Table) -> npt.NDArray[np.float32]:
    """The values of all experiments, shape (experiments, rows)."""
    layout, values = table.layout, None
    columns = list(layout.experiments.values())
    if len(columns) >= MANY and not layout.quoted:
        values = read_columns(bytes(table.block), layout.width, columns)
    if values is None:
        table.find(columns)
        values = np.stack([read_column(table.text, *table.places(column)) for column in columns])
    if layout.strict and (values == NO_NUMBER).any():
        raise _number_fault(table, values)
    return values


def _number_fault(table: _Table, values: npt.NDArray[np.float32]) -> RowError:
    row, place = np.argwhere(values.T == NO_NUMBER)[0]
    experiment, column = list(table.layout.experiments.items())[place]
    problem = f"has {table.cell(row, column)!r} in {experiment}, no finite number"
    return table.fault(int(row), f"{problem}; correct it, or leave it empty if it was not measured")
