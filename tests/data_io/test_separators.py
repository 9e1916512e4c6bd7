"""Where cells end, against Python's own split."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from data_io import separators
from data_io.separators import find_cells


def as_bytes(text):
    return np.frombuffer(text, np.uint8)


@st.composite
def tables(draw):
    """Lines of equally many cells, from shorter than the 64 bytes of a word of marks to longer."""
    width = draw(st.integers(1, 8))
    cell = st.text("0A \r~\u00e9", max_size=draw(st.sampled_from([0, 3, 40, 200])))
    rows = draw(st.lists(st.lists(cell, min_size=width, max_size=width), max_size=30))
    return width, [[each.encode() for each in row] for row in rows]


@given(table=tables(), piece=st.sampled_from([64, 1 << 18]), data=st.data())
def test_cells_end_where_split_ends_them(table, piece, data):
    width, rows = table
    text = b"".join(b"\t".join(row) + b"\n" for row in rows)
    asked = data.draw(st.sets(st.integers(0, width - 1)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(separators, "_PIECE", piece)  # which a table of this size would not fill
        ends = find_cells(as_bytes(text), width, asked)
    starts = np.cumsum([0, *(len(b"\t".join(row)) + 1 for row in rows)])
    assert ends.keys() == asked | {width - 1}
    for column, places in ends.items():
        expected = [
            start + len(b"\t".join(row[: column + 1])) for start, row in zip(starts, rows, strict=False)
        ]
        assert places.tolist() == expected


@given(text=st.lists(st.sampled_from(b"\t\n0A\x01"), max_size=200).map(bytes), width=st.integers(1, 4))
@example(text=b"0\t0\n0\t0\t0\n0\n", width=2)  # as many separators as there should be, in the wrong lines
@example(text=b"0\t0\n0\x010\n", width=2)
@example(text=b"0\x000\n", width=2)  # as many marks as there should be, one of them no separator
def test_only_whole_lines_of_printable_cells_are_a_table(text, width):
    lines = text.split(b"\n")
    even = all(line.count(b"\t") == width - 1 for line in lines[:-1]) and b"\t" not in lines[-1]
    found = find_cells(as_bytes(text), width, [0])
    assert (found is not None) == (even and b"\x01" not in text and b"\x00" not in text)
