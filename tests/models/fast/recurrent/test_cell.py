import numpy as np
import pytest
from numba import njit

from models.fast.recurrent.cell import tanh


def test_tanh_is_accurate():
    @njit
    def apply(x):
        return np.array([tanh(number) for number in x])

    x = np.concatenate([np.linspace(-20, 20, 100001), np.geomspace(1e-30, 1, 1000)]).astype(np.float32)
    expected = np.tanh(x.astype(np.float64))
    np.testing.assert_allclose(apply(x), expected, rtol=4e-7, atol=1e-37)
    assert apply(np.array([np.inf, -np.inf], np.float32)).tolist() == pytest.approx([1, -1])
    assert np.isnan(apply(np.array([np.nan], np.float32)))
