"""The compiled kernels of the matrix reader, against Python's own split and float."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data_io.scanning import find_cells, read_decimals

compiling = settings(deadline=None)  # the first call compiles


def as_bytes(text):
    return np.frombuffer(text, np.uint8)


@st.composite
def tables(draw):
    """Lines of equally many cells, from shorter than the 64 bytes that are looked at together to longer."""
    width = draw(st.integers(1, 8))
    cell = st.text("0A \r~\u00e9", max_size=draw(st.sampled_from([0, 3, 40])))
    rows = draw(st.lists(st.lists(cell, min_size=width, max_size=width), max_size=30))
    return width, [[each.encode() for each in row] for row in rows]


@compiling
@given(table=tables(), data=st.data())
def test_cells_end_where_split_ends_them(table, data):
    width, rows = table
    text = b"".join(b"\t".join(row) + b"\n" for row in rows)
    asked = data.draw(st.sets(st.integers(0, width - 1)))
    ends = find_cells(as_bytes(text), width, asked)
    starts = np.cumsum([0, *(len(b"\t".join(row)) + 1 for row in rows)])
    assert ends.keys() == asked | {width - 1}
    for column, places in ends.items():
        expected = [
            start + len(b"\t".join(row[: column + 1])) for start, row in zip(starts, rows, strict=False)
        ]
        assert places.tolist() == expected


@compiling
@given(text=st.lists(st.sampled_from(b"\t\n0A\x01"), max_size=200).map(bytes), width=st.integers(1, 4))
@example(text=b"0\t0\n0\t0\t0\n0\n", width=2)  # as many separators as there should be, in the wrong lines
@example(text=b"0\t0\n0\x010\n", width=2)
def test_only_whole_lines_of_printable_cells_are_a_table(text, width):
    lines = text.split(b"\n")
    even = all(line.count(b"\t") == width - 1 for line in lines[:-1]) and b"\t" not in lines[-1]
    found = find_cells(as_bytes(text), width, [0])
    assert (found is not None) == (even and b"\x01" not in text)


def read(cells):
    text = b"".join(cells)
    ends = np.cumsum([len(cell) for cell in cells])
    return read_decimals(as_bytes(text), ends - [len(cell) for cell in cells], ends)


decimals = st.builds(
    lambda sign, digits, point: f"{sign}{digits[:point]}.{digits[point:]}".encode(),
    st.sampled_from(["", "-", "+"]),
    st.text("0123456789", min_size=1, max_size=15),
    st.integers(0, 15),
)


@compiling
@given(cells=st.lists(decimals | st.integers(-(10**15) + 1, 10**15 - 1).map(lambda n: b"%d" % n), min_size=1))
@example(cells=[b"9007199254740.99", b"-0", b".000000000000001", b"999999999999999"])
def test_decimals_are_the_floats_that_python_reads(cells):
    values, plain = read(cells)
    assert plain.all()
    expected = np.array([float(cell) for cell in cells]).astype(np.float32)
    assert values.tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    "cell",
    [
        b"",
        b"-",
        b".",
        b"+.",
        b"1e3",
        b"nan",
        b"NA",
        b" 1",
        b"1 ",
        b"1_0",
        b"--1",
        b"1.2.3",
        b"1" * 16,
        b"0x1",
    ],
)
def test_whatever_else_is_left_to_the_caller(cell):
    assert read([b"1.5", cell, b"2.5"])[1].tolist() == [True, False, True]
