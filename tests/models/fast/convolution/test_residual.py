import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cosine_similarity

from models import kernels
from models.cnn import CNN, CNNConfig
from models.dropout import seed_dropout
from models.fast.convolution.deeper import pool_features
from models.residual import ResidualBlock, average_windows, pool_in_order


@st.composite
def blocks(draw):
    """A block in either mode, and features (B, P, C) for it: enough values for each channel's variance."""
    torch.manual_seed(draw(st.integers(0, 2**31)))
    channels, dropout = draw(st.sampled_from([1, 5, 16, 33])), draw(st.sampled_from([0.0, 0.3]))
    block = ResidualBlock(channels, draw(st.integers(1, 4)), draw(st.booleans()), dropout)
    for norm in block.norms:
        for values in [norm.weight, norm.bias, norm.running_mean] if isinstance(norm, nn.BatchNorm1d) else []:
            nn.init.normal_(values)
    x = torch.randn(draw(st.integers(5, 9)), draw(st.integers(3, 12)), channels)
    return block.train(draw(st.booleans())), x.relu()


def seeded(block):
    seed_dropout(block, torch.Generator().manual_seed(5))
    return block


@settings(max_examples=80, deadline=None)
@given(blocks())
def test_values_gradients_and_running_figures_equal_those_of_torch(drawn):
    block, x = drawn
    plain, y = copy.deepcopy(block).double(), x.double().requires_grad_()
    x.requires_grad_()
    output = seeded(block).in_order(x)
    oracle = seeded(plain)(y.transpose(1, 2)).transpose(1, 2)
    torch.testing.assert_close(output.double(), oracle, rtol=1e-4, atol=1e-4)
    slopes = torch.randn(output.shape)
    output.backward(slopes)
    oracle.backward(slopes.double())
    torch.testing.assert_close(x.grad.double(), y.grad * (y > 0), rtol=1e-3, atol=2e-3)
    for name, value in plain.named_parameters():
        gradient = block.get_parameter(name).grad.double()
        torch.testing.assert_close(gradient, value.grad, rtol=1e-3, atol=2e-3, msg=name)
    for name, value in plain.named_buffers():
        torch.testing.assert_close(block.get_buffer(name).to(value.dtype), value, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_bfloat16_is_within_its_rounding(training):
    torch.manual_seed(1)
    block = ResidualBlock(32, 3, dropout=0.1).train(training)
    x = torch.randn(64, 41, 32).relu()
    exact, half = seeded(block).in_order(x), seeded(block).in_order(x.bfloat16())
    assert half.dtype == torch.bfloat16
    error = (half.float() - exact).norm() / exact.norm()
    assert 1e-4 < error < 1e-2  # no error at all would mean that it was not used
    found = []
    for output in (exact, half):
        output.float().square().sum().backward()
        found.append([parameter.grad for parameter in block.parameters()])
        block.zero_grad(set_to_none=True)
    for one, other in zip(*found, strict=True):
        assert cosine_similarity(one.flatten(), other.flatten(), 0) > 0.99


def test_nan_is_not_hidden():
    block = ResidualBlock(2, 1, batch_norm=False)
    with torch.no_grad():
        block.convolutions[0].weight[0, 0, 1] = torch.nan
    assert block.in_order(torch.ones(1, 4, 2)).isnan().any(dim=1).tolist() == [[True, False]]


@pytest.mark.parametrize("window", [1, 4, 10, 41])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_windows_are_averaged_as_torch_does(window, dtype):
    torch.manual_seed(2)
    x = torch.randn(3, 41, 5).to(dtype).requires_grad_()
    averages, oracle = pool_features(x, "windows", window), average_windows(x.float().transpose(1, 2), window)
    torch.testing.assert_close(averages, oracle)
    slopes = torch.randn(averages.shape)
    (found,) = torch.autograd.grad(averages, x, slopes)
    (expected,) = torch.autograd.grad(oracle, x, slopes)
    torch.testing.assert_close(found, expected)


def test_a_network_in_double_precision_stays_in_it():
    x = torch.randn(2, 41, 3, dtype=torch.float64)
    assert pool_in_order(x, "windows", 10).equal(average_windows(x.transpose(1, 2), 10))
    network = CNN(CNNConfig(filters=4, residual=1, pooling="windows")).double()
    assert network(torch.zeros(2, 41, dtype=torch.uint8)).dtype == torch.float64


@pytest.mark.parametrize("how", ["max", "max+average", "windows"])
def test_pooling_is_the_same_without_kernels(how, without_kernels):
    x = torch.randn(3, 41, 5)
    assert kernels.fast is not None
    torch.testing.assert_close(pool_in_order(x, how, 8), without_kernels(pool_in_order, x, how, 8))
