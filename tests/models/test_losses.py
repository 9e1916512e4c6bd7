import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.losses import LOSSES, mean_gradient
from tests.support.training import BY_NAME

FEW_ERRORS = st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=40)


@pytest.mark.parametrize("loss", LOSSES)
@given(errors=FEW_ERRORS)
def test_it_is_the_gradient_of_the_mean_loss(loss, errors):
    error = torch.tensor(errors, dtype=torch.float64, requires_grad=True)
    (expected,) = torch.autograd.grad(BY_NAME[loss](error).mean(), error)
    torch.testing.assert_close(mean_gradient(loss, error.detach()), expected)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("error", [1e30, -1e30, 0.0])
def test_an_error_of_any_size_has_a_finite_gradient_of_its_sign(loss, error):
    (slope,) = mean_gradient(loss, torch.tensor([error])).tolist()
    assert abs(slope) < float("inf")
    assert slope * error >= 0


@pytest.mark.parametrize("loss", LOSSES)
def test_small_errors_count_as_their_square(loss):
    error = torch.tensor([1e-3, -2e-3])
    torch.testing.assert_close(mean_gradient(loss, error), error, rtol=1e-5, atol=0.0)
