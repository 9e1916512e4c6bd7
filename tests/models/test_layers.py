import copy
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from models.cnn import CNNConfig
from models.layers import (
    BatchNorm,
    ConvStack,
    OneHotConv,
    count_positions,
    one_hot,
    pool,
)


def test_one_hot_of_bases_unknown_and_padding():
    expected = [
        [1, 0, 0, 0, 0.25, 0],
        [0, 1, 0, 0, 0.25, 0],
        [0, 0, 1, 0, 0.25, 0],
        [0, 0, 0, 1, 0.25, 0],
    ]
    codes = torch.arange(6).view(1, 6)
    assert one_hot(codes.to(torch.uint8)).tolist() == [expected]
    assert one_hot(codes).tolist() == [expected]


def test_a_position_is_real_if_its_window_starts_within_the_sequence():
    codes = torch.tensor([[0, 1, 2, 3], [0, 4, 5, 5], [0, 5, 5, 5]], dtype=torch.uint8)
    assert count_positions(codes, 3).tolist() == [3, 2, 1]


def test_an_empty_sequence_has_one_real_position():
    assert count_positions(torch.full((1, 4), 5), 4).tolist() == [1]


@pytest.mark.parametrize("motif_length", [1, 5, 41])
def test_convolution_is_that_of_torch_and_so_are_its_gradients(codes, motif_length):
    layer = OneHotConv(7, motif_length)
    oracle = nn.Conv2d(1, 7, (motif_length, 4))
    with torch.no_grad():
        oracle.weight.copy_(layer.weight.transpose(1, 2).unsqueeze(1))
        oracle.bias.copy_(layer.bias)
    expected = oracle(one_hot(codes).transpose(1, 2).unsqueeze(1)).squeeze(3)
    output = layer(codes)
    torch.testing.assert_close(output, expected, rtol=1e-5, atol=1e-5)
    factors = torch.randn(output.shape, generator=torch.Generator().manual_seed(1))
    (output * factors).sum().backward()
    (expected * factors).sum().backward()
    torch.testing.assert_close(layer.bias.grad, oracle.bias.grad, rtol=1e-4, atol=1e-4)
    wanted = oracle.weight.grad.squeeze(1).transpose(1, 2)
    torch.testing.assert_close(layer.weight.grad, wanted, rtol=1e-4, atol=1e-4)


def spread(values):
    values = values.detach()
    return float(values.min()), float(values.max()), float(values.std())


@pytest.mark.parametrize("motif_length", [4, 24])
def test_convolution_starts_as_that_of_torch(motif_length):
    torch.manual_seed(0)
    ours, theirs = OneHotConv(2000, motif_length), nn.Conv2d(1, 2000, (motif_length, 4))
    bound = 1 / math.sqrt(4 * motif_length)
    for mine, reference in ((ours.weight, theirs.weight), (ours.bias, theirs.bias)):
        np.testing.assert_allclose(spread(mine), spread(reference), rtol=0.05)
        assert bound * 0.99 < float(mine.detach().max()) <= bound


@pytest.mark.parametrize("shape", [(8, 6), (8, 6, 5), (1, 6, 2), (2, 6, 1)])
def test_batch_norm_is_that_of_torch(shape):
    torch.manual_seed(0)
    ours, oracle = BatchNorm(6), nn.BatchNorm1d(6)
    for _ in range(3):
        x = torch.randn(shape)
        torch.testing.assert_close(ours(x), oracle(x))
    torch.testing.assert_close(ours.eval()(x), oracle.eval()(x))


@pytest.mark.parametrize("shape", [(1, 3), (1, 3, 1)])
def test_batch_norm_of_one_value_a_channel_uses_the_running_figures(shape):
    layer = BatchNorm(3)
    x = torch.randn(shape)
    torch.testing.assert_close(layer(x), layer.eval()(x))


def by_torch(stack: ConvStack, codes: torch.Tensor, config: CNNConfig) -> torch.Tensor:
    x = nn.functional.conv1d(one_hot(codes), stack.motifs.weight, stack.motifs.bias)
    for number in range(config.layers):
        if number:
            convolution = stack.deeper[(number - 1) * (3 if config.batch_norm else 2)]
            x = nn.functional.conv1d(x, convolution.weight, convolution.bias)
        if config.batch_norm:
            mean, variance = x.mean((0, 2)), x.var((0, 2), unbiased=False)
            x = (x - mean[:, None]) / (variance + 1e-5).sqrt()[:, None]
        x = x.clamp(min=0)
    return x


@pytest.mark.parametrize("layers", [1, 2, 3])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_convolutions_are_stacked_in_order(codes, layers, batch_norm):
    config = CNNConfig(
        motif_length=7, filters=8, layers=layers, filters_2=6, filters_3=5, batch_norm=batch_norm
    )
    stack = ConvStack(config)
    output = stack(codes)
    assert output.shape == (64, [8, 6, 5][layers - 1], [35, 31, 29][layers - 1])
    assert stack.channels == output.shape[1]
    torch.testing.assert_close(output, by_torch(stack, codes, config), rtol=1e-4, atol=1e-5)


def test_pooling():
    x = torch.tensor([[[1.0, 2.0, 6.0], [-1.0, -2.0, 0.0]]])
    assert pool(x, "max").tolist() == [[6.0, 0.0]]
    assert pool(x, "max+average").tolist() == [[6.0, 0.0, 3.0, -1.0]]


@given(st.integers(1, 41), st.integers(1, 41), st.integers(1, 41), st.integers(1, 3))
def test_a_config_is_refused_exactly_where_torch_finds_no_position(motif_length, kernel_2, kernel_3, layers):
    positions = 41
    for kernel in (motif_length, kernel_2, kernel_3)[:layers]:
        positions -= kernel - 1
    shape = {"motif_length": motif_length, "kernel_2": kernel_2, "kernel_3": kernel_3, "layers": layers}
    small = {"filters": 1, "filters_2": 1, "filters_3": 1}
    if positions < 1:
        with pytest.raises(Exception, match="together they span"):
            CNNConfig(**shape, **small)
    else:
        output = ConvStack(CNNConfig(**shape, **small))(torch.zeros(2, 41, dtype=torch.uint8))
        assert output.shape == (2, 1, positions)


@pytest.mark.parametrize("how", ["max", "max+average"])
@pytest.mark.parametrize("layers", [1, 3])
def test_features_are_the_same_with_kernels_without_and_in_double_precision(
    codes, without_kernels, layers, how
):
    stack = ConvStack(CNNConfig(motif_length=7, filters=10, layers=layers, precision="float32"))
    pooled, features = stack.pooled(codes, how), stack.in_order(codes)
    torch.testing.assert_close(pooled, without_kernels(stack.pooled, codes, how), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(features, without_kernels(stack.in_order, codes), rtol=1e-4, atol=1e-5)
    exact = copy.deepcopy(stack).double().pooled(codes, how)
    assert exact.dtype == torch.float64
    torch.testing.assert_close(pooled.double(), exact, rtol=1e-4, atol=1e-5)
