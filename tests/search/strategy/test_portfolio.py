"""Starts that cover many proteins."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from search.strategy.portfolio import cover

SCORES = arrays.arrays(float, st.tuples(st.integers(1, 6), st.integers(1, 5)), elements=st.integers(0, 9))


def reached(scores: np.ndarray, chosen: list[int]) -> float:
    return scores[chosen].max(axis=0).sum()


def test_the_second_serves_whom_the_first_does_not() -> None:
    """The second row is the next best on average, but serves the same proteins as the first."""
    scores = [[0.9, 0.8, 0.1], [0.8, 0.8, 0.1], [0.2, 0.1, 0.6]]
    assert cover(scores, 2) == [0, 2]
    assert cover(scores, 1) == [0]


def test_a_config_that_helps_nobody_is_not_taken() -> None:
    assert cover([[0.5, 0.5], [0.4, 0.5]], 2) == [0]
    assert cover(np.empty((0, 3)), 2) == []


@given(SCORES, st.integers(1, 6))
def test_it_is_as_near_to_the_best_choice_as_greed_can_be(scores: np.ndarray, size: int) -> None:
    chosen = cover(scores, size)
    assert len(set(chosen)) == len(chosen) <= size
    choices = itertools.combinations(range(len(scores)), min(size, len(scores)))
    best = max(reached(scores, list(each)) for each in choices)
    assert reached(scores, chosen) >= (1 - 1 / np.e) * best  # Nemhauser et al. 1978
    assert reached(scores, chosen[:1]) == scores.sum(axis=1).max()
