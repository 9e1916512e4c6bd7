import math

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from models.fast.convolution.one_hot import conv_pool, one_hot_conv_relu

BASES = torch.tensor([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0.25] * 4, [0] * 4]).double()


@st.composite
def layers(draw):
    """Codes with N and padding, and an `nn.Conv1d` for them; sizes around the kernels' blocks of 3 and 32."""
    length = draw(st.integers(1, 41))
    motif, filters = draw(st.integers(1, length)), draw(st.sampled_from([1, 3, 32, 33, 64]))
    torch.manual_seed(draw(st.integers(0, 2**31)))
    codes = torch.randint(0, 5, (draw(st.integers(1, 9)), length), dtype=torch.uint8)
    codes[:, draw(st.integers(0, length)) :] = 5
    return codes, nn.Conv1d(4, filters, motif)


def windows(codes, layer):
    """The oracle: float64, letter by letter through `nn.Conv1d`."""
    return layer(BASES[codes.long()].transpose(1, 2))


def gradients(output, slopes, *parameters):
    return torch.autograd.grad(output, parameters, slopes)


def double_of(layer):
    twin = nn.Conv1d(4, layer.out_channels, layer.kernel_size[0]).double()
    twin.load_state_dict(layer.state_dict())
    return twin


def pool(x, pooling):
    x = torch.relu(x)
    return x.amax(dim=2) if pooling == "max" else torch.cat([x.amax(dim=2), x.mean(dim=2)], dim=1)


@settings(max_examples=100, deadline=None)
@given(layers(), st.sampled_from(["max", "max+average"]))
def test_conv_pool_and_its_gradients_equal_those_of_conv1d(drawn, pooling):
    codes, layer = drawn
    oracle = double_of(layer)
    expected = pool(windows(codes, oracle), pooling)
    output = conv_pool(codes, layer.weight, layer.bias, pooling)
    torch.testing.assert_close(output.double(), expected, rtol=1e-5, atol=1e-5)
    slopes = torch.randn(expected.shape) * (torch.rand(expected.shape) < 0.6)
    got = gradients(output, slopes, layer.weight, layer.bias)
    wanted = gradients(expected, slopes.double(), oracle.weight, oracle.bias)
    for one, other in zip(got, wanted, strict=True):
        torch.testing.assert_close(one.double(), other, rtol=1e-5, atol=1e-5)


def norms(filters, training):
    """A batch normalisation of float32 away from where it starts, and its twin in float64 for the oracle."""
    norm, twin = nn.BatchNorm1d(filters).train(training), nn.BatchNorm1d(filters).double().train(training)
    for values in (norm.weight, norm.bias, norm.running_mean):
        nn.init.normal_(values)
    nn.init.uniform_(norm.running_var, 0.5, 2.0)
    twin.load_state_dict(norm.state_dict())
    return norm, twin


@settings(max_examples=100, deadline=None)
@given(layers(), st.sampled_from(["max", "max+average"]), st.booleans())
def test_conv_pool_with_batch_norm_equals_conv1d_and_batch_norm(drawn, pooling, training):
    codes, layer = drawn
    codes[0, 0] = (
        0  # an all-padded batch has no variance: one over the square root of eps would scale rounding
    )
    # Of a few values, a normalisation leaves little but their signs, and gradients that are rounding.
    assume(not training or len(codes) * (codes.shape[1] - layer.kernel_size[0] + 1) > 9)
    oracle, (norm, norm_oracle) = double_of(layer), norms(layer.out_channels, training)
    expected = pool(norm_oracle(windows(codes, oracle)), pooling)
    output = conv_pool(codes, layer.weight, layer.bias, pooling, norm)
    torch.testing.assert_close(output.double(), expected, rtol=1e-4, atol=1e-4)
    slopes = torch.randn(expected.shape) * (torch.rand(expected.shape) < 0.6)
    got = gradients(output, slopes, layer.weight, norm.weight, norm.bias)
    wanted = gradients(expected, slopes.double(), oracle.weight, norm_oracle.weight, norm_oracle.bias)
    for one, other in zip(got, wanted, strict=True):
        torch.testing.assert_close(one.double(), other, rtol=1e-3, atol=1e-3)
    for name, figure in norm_oracle.named_buffers():
        torch.testing.assert_close(norm.get_buffer(name).to(figure.dtype), figure, rtol=1e-5, atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(layers())
def test_one_hot_conv_relu_and_its_gradients_equal_those_of_conv1d(drawn):
    codes, layer = drawn
    oracle = double_of(layer)
    expected = torch.relu(windows(codes, oracle)).transpose(1, 2)
    output = one_hot_conv_relu(codes, layer.weight, layer.bias)
    torch.testing.assert_close(output.double(), expected, rtol=1e-5, atol=1e-5)
    slopes = torch.randn(expected.shape)
    got = gradients(output, slopes, layer.weight, layer.bias)
    wanted = gradients(expected, slopes.double(), oracle.weight, oracle.bias)
    for one, other in zip(got, wanted, strict=True):
        torch.testing.assert_close(one.double(), other, rtol=1e-4, atol=1e-4)
    half = one_hot_conv_relu(codes, layer.weight, layer.bias, dtype=torch.bfloat16)
    assert half.equal(output.bfloat16())  # rounded to the nearest, as torch does


def test_one_window_in_all_is_normalised_by_the_running_figures():
    codes, layer, (norm, _) = torch.zeros(1, 5), nn.Conv1d(4, 3, 5), norms(3, training=True)
    before = norm.running_mean.clone()
    output = conv_pool(codes, layer.weight, layer.bias, "max", norm)
    torch.testing.assert_close(output, conv_pool(codes, layer.weight, layer.bias, "max", norm.eval()))
    assert norm.running_mean.equal(before)


@pytest.mark.parametrize("pooling", ["max", "max+average"])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_weight_that_is_not_finite_shows_in_its_filter_alone(bad, pooling):
    layer = nn.Conv1d(4, 3, 5)
    with torch.no_grad():
        layer.weight[1, 2, 3] = bad
    output = conv_pool(torch.zeros(2, 41, dtype=torch.uint8), layer.weight, layer.bias, pooling)
    assert output.isnan().tolist() == [[False, True, False] * (1 + (pooling != "max"))] * 2


def test_codes_beyond_padding_are_refused():
    layer = nn.Conv1d(4, 3, 5)
    with pytest.raises(ValueError, match="codes must be 0 to 5, got 6"):
        conv_pool(torch.full((2, 41), 6, dtype=torch.uint8), layer.weight, layer.bias, "max")


def test_a_motif_longer_than_the_sequences_is_refused():
    layer = nn.Conv1d(4, 3, 12)
    with pytest.raises(ValueError, match="motif of 12 does not fit sequences of 11 letters"):
        conv_pool(torch.zeros(2, 11, dtype=torch.uint8), layer.weight, layer.bias, "max")
