"""Runs and separators of a text, against the plain list of all separators."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from data_io.bytearrays import Separators, cut_runs

texts = st.lists(st.sampled_from(b"\t\n0A"), min_size=1, max_size=200).map(bytes)


@given(text=texts, data=st.data())
def test_separators_stand_where_a_list_of_all_has_them(text, data):
    listed = [place for place, byte in enumerate(text) if byte in b"\t\n"]
    found = Separators(np.frombuffer(text, np.uint8))
    assert len(found) == len(listed)
    assert found.lines == text.count(b"\n")
    if listed:
        ranks = sorted(data.draw(st.lists(st.integers(0, len(listed) - 1))))
        assert found.places(np.array(ranks, np.int32)).tolist() == [listed[rank] for rank in ranks]


def test_a_shorter_text_sees_nothing_of_a_longer_one_before_it():
    assert len(Separators(np.frombuffer(b"\t" * 1000, np.uint8))) == 1000
    assert len(Separators(np.frombuffer(b"A\tA", np.uint8))) == 1


@given(text=texts, width=st.integers(1, 50), data=st.data())
def test_runs_are_slices_with_zeros_beyond_the_end(text, width, data):
    starts = data.draw(st.lists(st.integers(0, len(text))))
    runs = cut_runs(np.frombuffer(text, np.uint8), np.array(starts, np.int64), width)
    assert runs.shape == (len(starts), width)
    assert [run.tobytes() for run in runs] == [text[s : s + width].ljust(width, b"\0") for s in starts]
