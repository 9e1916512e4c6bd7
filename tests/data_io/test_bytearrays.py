"""Runs of a text, against slices."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from data_io.bytearrays import cut_runs


@given(text=st.binary(min_size=1, max_size=200), width=st.integers(1, 50), data=st.data())
def test_runs_are_slices_with_zeros_beyond_the_end(text, width, data):
    starts = data.draw(st.lists(st.integers(0, len(text))))
    runs = cut_runs(np.frombuffer(text, np.uint8), np.array(starts, np.int64), width)
    assert runs.shape == (len(starts), width)
    assert [run.tobytes() for run in runs] == [text[s : s + width].ljust(width, b"\0") for s in starts]
