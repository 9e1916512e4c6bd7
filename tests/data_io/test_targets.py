import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hn

from data_io.errors import DataError
from data_io.targets import TargetScaling, fit_scaling

numbers = st.floats(-1000, 1000, allow_subnormal=False, width=32)
intensities = hn.arrays(np.float32, st.integers(3, 60), elements=numbers | st.just(np.nan))


def fit_or_none(values):
    try:
        return fit_scaling(values)
    except DataError:
        return None


def test_by_hand():
    values = np.array([-3.0, 0.0, 5.0, np.nan, 100.0])
    clip = np.percentile([-3.0, 0.0, 5.0, 100.0], 99.95)
    logs = np.log(np.array([-3.0, 0.0, 5.0, clip]) + 4 + 1e-6)
    scaling = fit_scaling(values)
    assert scaling.shift == 4
    assert (scaling.clip, scaling.floor) == (clip, -3)
    assert scaling.mean == pytest.approx(logs.mean())
    assert scaling.std == pytest.approx(logs.std())
    expected = (np.insert(logs, 3, np.nan) - logs.mean()) / logs.std()
    np.testing.assert_allclose(scaling.apply(values), expected.astype(np.float32), rtol=1e-6)


def test_positive_intensities_are_not_shifted():
    scaling = fit_scaling(np.array([1.0, 2.0, 4.0]))
    assert scaling.shift == 0
    assert scaling.mean == pytest.approx(np.log([1, 2, 4.0]).mean(), abs=1e-3)


def test_zero_is_shifted():
    assert fit_scaling(np.array([0.0, 2.0, 4.0])).shift == 1


@given(intensities)
def test_training_targets_are_standardised(values):
    scaling = fit_or_none(values)
    if scaling is None or scaling.std < 1e-3:
        return
    targets = scaling.apply(values)
    assert targets.dtype == np.float32
    assert np.array_equal(np.isnan(targets), np.isnan(values))
    measured = targets[~np.isnan(targets)].astype(float)
    assert measured.mean() == pytest.approx(0, abs=1e-3)
    assert measured.std() == pytest.approx(1, abs=1e-3)


@given(intensities, hn.arrays(np.float32, 20, elements=numbers | st.just(np.nan)))
def test_any_other_probes_get_finite_targets_in_the_same_order(values, others):
    scaling = fit_or_none(values)
    if scaling is None:
        return
    targets = scaling.apply(others)
    assert np.array_equal(np.isnan(targets), np.isnan(others)), "a low value must not turn into a missing one"
    measured = ~np.isnan(others)
    order = np.argsort(others[measured], kind="stable")
    assert (np.diff(targets[measured][order]) >= 0).all()


@given(intensities)
def test_what_is_not_training_has_no_influence(values):
    scaling = fit_or_none(values)
    if scaling is not None:
        assert fit_scaling(values[~np.isnan(values)]) == scaling


@given(intensities)
def test_it_survives_json(values):
    scaling = fit_or_none(values)
    if scaling is not None:
        assert TargetScaling.from_dict(json.loads(json.dumps(scaling.to_dict()))) == scaling


def test_nothing_to_fit():
    with pytest.raises(DataError) as caught:
        fit_scaling(np.array([np.nan, np.nan]))
    assert str(caught.value) == "no training probe is measured; choose another experiment"
    with pytest.raises(DataError) as caught:
        fit_scaling(np.array([2.5, 2.5, np.nan]))
    assert str(caught.value) == "all training probes have the intensity 2.5; choose another experiment"


@pytest.mark.parametrize("lowest", [0.5, -3.0])
def test_undone(lowest):
    intensity = np.append(np.random.default_rng(0).exponential(2.0, 5000) + lowest, np.nan)
    scaling = fit_scaling(intensity)
    undone = scaling.undo(scaling.apply(intensity))
    np.testing.assert_allclose(undone, np.minimum(intensity, scaling.clip), rtol=1e-4, atol=1e-4)


@given(hn.arrays(np.float32, st.integers(2, 5000), elements=st.floats(0, 1000, width=32), unique=False))
def test_the_clip_is_the_percentile_of_numpy(values):
    scaling = fit_or_none(values)
    if scaling is not None:
        assert scaling.clip == np.percentile(values.astype(float), 99.95)


def test_the_clip_of_many_is_the_percentile_of_numpy():
    values = np.random.default_rng(0).lognormal(size=96_261)
    for count in (*range(1_990, 2_010), 96_261):
        assert fit_scaling(values[:count]).clip == np.percentile(values[:count], 99.95)
