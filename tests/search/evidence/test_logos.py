"""Tests of sequence logos."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.evidence.logos import INK, draw_logo, information

MOTIF = [[0.0, 0.0, 1.0, 0.0], [0.5, 0.0, 0.0, 0.5], [0.25] * 4]


def test_letters_are_as_high_as_they_tell_something():
    np.testing.assert_allclose(information(MOTIF), [[0, 0, 2, 0], [0.5, 0, 0, 0.5], [0] * 4])


@settings(max_examples=50)
@given(st.lists(st.lists(st.floats(0.01, 1), min_size=4, max_size=4), min_size=1, max_size=9))
def test_no_column_is_higher_than_two_bits_or_lower_than_nothing(weights):
    matrix = np.array(weights) / np.sum(weights, axis=1, keepdims=True)
    heights = information(matrix)
    assert heights.min() >= -1e-12
    assert heights.sum(axis=1).max() <= 2 + 1e-12


@pytest.mark.parametrize("wrong", [[], [[0.5, 0.5]], [0.25] * 4])
def test_what_is_no_motif_is_refused(wrong):
    with pytest.raises(ValueError, match="a motif is"):
        draw_logo(wrong)


def test_a_logo_is_the_same_each_time_and_needs_no_font():
    logo = draw_logo(MOTIF)
    assert logo == draw_logo(MOTIF)
    assert ET.fromstring(logo.svg).tag.endswith("svg")
    assert "<text" not in logo.svg
    assert INK in logo.svg
    assert "#000000" not in logo.svg, "black would be lost on a dark page"
    assert logo.png.startswith(b"\x89PNG")
