"""Numbers out of cells, read alone and all at once, against Python's own float."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data_io.numbers import MISSING, NO_NUMBER, read_column, read_columns

PLAIN = {
    "1.5": 1.5,
    "-2.5E-1": -0.25,
    "+3": 3.0,
    ".5": 0.5,
    "7.": 7.0,
    "-0": -0.0,
    "1e3": 1000.0,
    "9007199254740.99": 9007199254740.99,
    "0." + "0" * 40 + "1": 1e-41,
    "1e-400": 0.0,
}
BLANK = {" 4": 4.0, "4 ": 4.0, " 4 ": 4.0, " NA ": np.nan}
WRONG = (
    *(
        "-",
        ".",
        "+.",
        "--1",
        "1.2.3",
        "1e",
        "e1",
        "1_0",
        "1_000",
        "0x1F",
        "1,5",
        "1 0",
        "high",
        "-0.5*",
        "\u0661",
    ),
    *("inf", "-Inf", "infinity", "1e39", "-1e39", "1e400", "1" * 50, "<NA>", "na", "*", "\u22121"),
)


def alone(cells):
    texts = [cell.encode() for cell in cells]
    ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
    text = np.frombuffer(b"".join(texts), np.uint8)
    return read_column(text, ends - np.array([len(text) for text in texts], np.int64), ends)


def together(cells):
    """The cells as the second and last of three columns."""
    block = "".join(f"x\t{cell}\t{cell}\n" for cell in cells).encode()
    values = read_columns(block, 3, [1, 2])
    if values is not None:
        assert values.flags.c_contiguous
        assert values[0].tobytes() == values[1].tobytes()
    return None if values is None else values[0]


@pytest.mark.parametrize("read", [alone, together])
def test_numbers_and_missing_values(read):
    values = read([*PLAIN, *MISSING])
    assert values.dtype == np.float32
    assert values[: len(PLAIN)].tobytes() == np.array([*PLAIN.values()]).astype(np.float32).tobytes()
    assert np.isnan(values[len(PLAIN) :]).all()


def test_blanks_around_a_number():
    assert np.array_equal(alone([*BLANK]), np.array([*BLANK.values()], np.float32), equal_nan=True)


@pytest.mark.parametrize("cell", WRONG)
@pytest.mark.parametrize("others", [[], ["1.5", "", "2.5"]])
def test_whatever_else_is_no_number(cell, others):
    assert alone([cell, *others])[0] == NO_NUMBER
    assert np.array_equal(alone([*others, cell])[:-1], alone(others), equal_nan=True)
    both = together([cell, *others])
    assert both is None or both[0] == NO_NUMBER


decimals = st.builds(
    lambda sign, digits, point: f"{sign}{digits[:point]}.{digits[point:]}",
    st.sampled_from(["", "-", "+"]),
    st.text("0123456789", min_size=1, max_size=20),
    st.integers(0, 20),
)
floats = st.floats(allow_nan=False, allow_infinity=False)
plain = decimals | floats.map(repr) | floats.map("{:.6f}".format) | st.integers(-(10**18), 10**18).map(str)


@settings(deadline=None)
@given(cells=st.lists(plain, min_size=1, max_size=50))
@example(cells=["0.30000001192092896"])  # halfway between two float32 as text, not as float64
def test_numbers_are_the_floats_that_python_reads(cells):
    with np.errstate(over="ignore"):
        expected = np.array([float(cell) for cell in cells]).astype(np.float32)
    expected[np.isinf(expected)] = NO_NUMBER
    assert alone(cells).tobytes() == expected.tobytes()
    assert together(cells).tobytes() == expected.tobytes()


@settings(deadline=None)
@given(cells=st.lists(st.text("0123456789.+-eE_ nNaAif\"'x#/", max_size=8), min_size=1, max_size=20))
def test_all_at_once_is_what_each_is_alone_or_nothing(cells):
    both = together(cells)
    assert both is None or np.array_equal(both, alone(cells), equal_nan=True)
