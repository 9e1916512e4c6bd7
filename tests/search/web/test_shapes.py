"""Paths of curves, and marks of axes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.evidence.logos import draw_logo
from search.web.evidence import letters_alone
from search.web.shapes import Scale, line, spark, steps, ticks


def test_a_line_joins_its_points() -> None:
    assert line([(1, 2), (3, 4), (5, 0)]) == "M1 2L3 4L5 0"
    assert line([]) == ""


def test_steps_hold_until_the_next_point() -> None:
    assert steps([(1, 9), (4, 5), (8, 5)], 10) == "M1 9H4V5H8H10"
    assert steps([], 10) == ""


def test_a_scale_keeps_within_its_ends() -> None:
    scale = Scale(0.0, 1.0, 100, 0)
    assert [scale(value) for value in (-1, 0, 0.25, 1, 7)] == [100, 100, 75, 0, 0]


def test_a_spark_ends_where_the_trials_are() -> None:
    assert spark([(1, 0.2), (5, 0.6)], 5, 10, 72, 16) == "M8 15H36V1H36"
    assert spark([(3, 0.5)], 3, 3, 72, 16) == "M71 1H71"
    assert spark([], 0, 10, 72, 16) == ""


@given(
    best=st.lists(st.floats(-1, 1), min_size=1, max_size=40, unique=True),
    budget=st.integers(0, 60),
    width=st.integers(10, 200),
)
def test_a_spark_stays_within_its_picture(best: list[float], budget: int, width: int) -> None:
    points = list(enumerate(sorted(best), 1))
    path = spark(points, len(points), budget, width, 16)
    across = [int(x) for x in re.findall(r"(?:M|H)(\d+)", path)]
    assert across == sorted(across)
    assert 0 <= across[0] <= across[-1] <= width
    assert all(0 <= int(y) <= 16 for y in re.findall(r"V(\d+)", path))


@pytest.mark.parametrize("letters", [4, 9])
def test_what_is_shown_of_a_logo_is_what_stands_within_its_axes(letters: int) -> None:
    svg = draw_logo([[0.7, 0.1, 0.1, 0.1]] * letters).svg
    within = re.search(r'id="patch_2">\s*<path d="M ([\d.]+) ([\d.]+) \nL ([\d.]+) \S+ \nL \S+ ([\d.]+)', svg)
    left, bottom, right, top = (float(each) for each in within.groups()) if within else (0, 0, 0, 0)
    shown = re.search(r"viewBox\(([\d,]+)\)", letters_alone(letters))
    x, y, width, height = (int(each) for each in shown[1].split(",")) if shown else (0, 0, 0, 0)
    assert (x, y, x + width, y + height) == pytest.approx((left, top, right, bottom), abs=1.5)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.31, 0.52, [0.35, 0.4, 0.45, 0.5]),
        (1, 30, [5, 10, 15, 20, 25, 30]),
        (0.5, 0.5, [0.5]),
    ],
)
def test_marks_are_round(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == expected
