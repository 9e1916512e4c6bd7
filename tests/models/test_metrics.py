import warnings

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.metrics import average_ranks, pearson, spearman

FLOATS = st.floats(-1e6, 1e6, width=32)
# Few different values, so that most examples have ties, and many are constant.
TIED = st.sampled_from([-1.5, 0.0, 0.25, 3.0])


def pairs(values):
    return st.integers(2, 40).flatmap(
        lambda n: st.tuples(
            hnp.arrays(np.float32, n, elements=values), hnp.arrays(np.float32, n, elements=values)
        )
    )


def by_scipy(function, x, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(x, y).statistic


@given(hnp.arrays(np.float32, st.integers(0, 50), elements=TIED | FLOATS))
def test_average_ranks_are_those_of_scipy(values):
    np.testing.assert_array_equal(average_ranks(values), scipy.stats.rankdata(values))


@given(pairs(TIED | FLOATS))
def test_spearman_is_that_of_scipy_and_zero_where_scipy_has_none(pair):
    expected = by_scipy(scipy.stats.spearmanr, *pair)
    assert spearman(*pair) == pytest.approx(0.0 if np.isnan(expected) else expected, abs=1e-12)


@given(pairs(st.floats(-100, 100, width=16)))
def test_pearson_is_that_of_scipy_and_zero_for_a_constant(pair):
    x, y = (side.astype(np.float64) for side in pair)
    constant = (x == x[0]).all() or (y == y[0]).all()
    expected = 0.0 if constant else by_scipy(scipy.stats.pearsonr, x, y)
    assert pearson(x, y) == pytest.approx(expected, abs=1e-9)


@given(pairs(TIED), st.integers(0, 2**32 - 1))
def test_missing_targets_are_left_out(pair, seed):
    prediction, target = pair
    missing = np.random.default_rng(seed).random(len(target)) < 0.4
    gapped = np.where(missing, np.nan, target)
    for metric in (spearman, pearson):
        assert metric(prediction, gapped) == metric(prediction[~missing], target[~missing])


@given(pairs(FLOATS))
def test_spearman_does_not_change_with_a_rising_function(pair):
    prediction, target = pair
    risen = prediction.astype(np.float64) ** 3  # exact order: doubles hold the cube of any float32
    assert spearman(risen, target) == pytest.approx(spearman(prediction, target))
    assert spearman(-prediction, target) == pytest.approx(-spearman(prediction, target))


@pytest.mark.parametrize("metric", [spearman, pearson])
@pytest.mark.parametrize(
    ("prediction", "target", "expected"),
    [
        ([], [], 0.0),
        ([1.0], [2.0], 0.0),
        ([1.0, 2.0], [np.nan, np.nan], 0.0),
        ([5.0, 5.0, 5.0], [1.0, 2.0, 3.0], 0.0),
        ([0.1] * 7, [1, 2, 3, 4, 5, 6, 7], 0.0),  # the mean of seven 0.1 is not 0.1
        ([1.0, 2.0, 3.0], [4.0, 4.0, 4.0], 0.0),
        ([1e-300, 2e-300], [1e300, 2e300], 1.0),
        ([1.0, np.nan, 3.0], [1.0, 2.0, 3.0], np.nan),
        ([1.0, np.nan, 3.0], [1.0, np.nan, 3.0], 1.0),  # NaN is predicted where nothing was measured
    ],
)
def test_cases_at_the_edge(metric, prediction, target, expected):
    assert metric(prediction, target) == pytest.approx(expected, nan_ok=True)


def test_spearman_ranks_infinity_and_pearson_has_no_value_for_it():
    assert spearman([1.0, 2.0, np.inf], [1.0, 2.0, 3.0]) == pytest.approx(1.0)
    assert np.isnan(pearson([1.0, 2.0, np.inf], [1.0, 2.0, 3.0]))


def test_shapes_that_do_not_match_are_refused():
    with pytest.raises(ValueError, match=r"\(2,\) and target \(3,\)"):
        spearman([1, 2], [1, 2, 3])
