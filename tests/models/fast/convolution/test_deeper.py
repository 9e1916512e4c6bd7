import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import conv1d

from models.cnn import CNNConfig
from models.fast.convolution.deeper import conv_relu, pool_features
from models.layers import ConvStack, pool


@st.composite
def stacks(draw):
    """Features (B, P, C), and an `nn.Conv1d` and perhaps an `nn.BatchNorm1d` for them.

    At least 10 values a channel: of two, a normalisation leaves the sign alone, and no gradient but rounding.
    """
    positions, channels = draw(st.integers(2, 12)), draw(st.sampled_from([1, 5, 16, 33]))
    width, kernel = draw(st.sampled_from([1, 7, 32])), draw(st.integers(1, positions - 1))
    torch.manual_seed(draw(st.integers(0, 2**31)))
    convolution = nn.Conv1d(channels, width, kernel)
    norm = nn.BatchNorm1d(width).train(draw(st.booleans())) if draw(st.booleans()) else None
    for values in [norm.weight, norm.bias, norm.running_mean] if norm else []:
        nn.init.normal_(values)
    return torch.randn(draw(st.integers(5, 9)), positions, channels), convolution, norm


def by_torch(x, convolution, norm, pooling, padded):
    """The oracle, in float64 and channels first."""
    padding = "same" if padded else "valid"
    z = conv1d(x.transpose(1, 2), convolution.weight, convolution.bias, padding=padding)
    a = torch.relu(z if norm is None else norm(z))
    return a.amax(dim=2) if pooling == "max" else torch.cat([a.amax(dim=2), a.mean(dim=2)], dim=1)


@settings(max_examples=150, deadline=None)
@given(stacks(), st.sampled_from(["max", "max+average"]), st.booleans())
def test_values_gradients_and_running_figures_equal_those_of_torch(drawn, pooling, padded):
    x, convolution, norm = drawn
    wanted = [copy.deepcopy(part).double() if part is not None else None for part in (x, convolution, norm)]
    for leaf in (x, wanted[0]):
        leaf.requires_grad_()
    output = pool_features(conv_relu(x, convolution.weight, convolution.bias, norm, padded), pooling)
    oracle = by_torch(*wanted, pooling, padded)
    torch.testing.assert_close(output.double(), oracle, rtol=1e-4, atol=1e-4)
    slopes = torch.randn(output.shape)
    output.backward(slopes)
    oracle.backward(slopes.double())
    torch.testing.assert_close(x.grad.double(), wanted[0].grad, rtol=1e-3, atol=1e-3)
    for ours, theirs in zip((convolution, norm), wanted[1:], strict=True):
        for name, value in theirs.named_parameters() if theirs else []:
            gradient = ours.get_parameter(name).grad.double()
            torch.testing.assert_close(gradient, value.grad, rtol=1e-3, atol=1e-3, msg=name)
        for name, value in theirs.named_buffers() if theirs else []:
            torch.testing.assert_close(ours.get_buffer(name).to(value.dtype), value, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
def test_bfloat16_is_within_its_rounding(training):
    torch.manual_seed(1)
    x, convolution, norm = torch.randn(64, 20, 32).relu(), nn.Conv1d(32, 48, 5), nn.BatchNorm1d(48)
    norm.train(training)
    given = convolution.weight, convolution.bias, norm
    exact = pool_features(conv_relu(x, *given), "max+average")
    half = conv_relu(x.bfloat16(), *given)
    assert half.dtype == torch.bfloat16
    pooled = pool_features(half, "max+average")
    assert pooled.dtype == torch.float32
    error = (pooled - exact).norm() / exact.norm()
    assert 1e-5 < error < 6e-3  # 2^-8 is its spacing; no error at all would mean that it was not used
    pooled.square().sum().backward()
    in_half, convolution.weight.grad = convolution.weight.grad, None
    exact.square().sum().backward()
    assert (
        torch.nn.functional.cosine_similarity(in_half.flatten(), convolution.weight.grad.flatten(), 0) > 0.99
    )


def test_nan_is_not_hidden():
    convolution = nn.Conv1d(3, 2, 2)
    with torch.no_grad():
        convolution.weight[0, 0, 0] = torch.nan
    output = pool_features(conv_relu(torch.ones(1, 4, 3), convolution.weight, convolution.bias), "max")
    assert output.isnan().tolist() == [[True, False]]


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("layers", [2, 3])
def test_a_stack_of_layers_pools_what_its_plain_layers_give(codes, layers, batch_norm):
    torch.manual_seed(3)
    config = CNNConfig(motif_length=7, filters=24, layers=layers, batch_norm=batch_norm, precision="float32")
    stack = ConvStack(config)
    plain = copy.deepcopy(stack)
    for training in (True, False):
        output = stack.train(training).pooled(codes, "max+average")
        expected = pool(plain.train(training)(codes), "max+average")
        torch.testing.assert_close(output, expected, rtol=1e-4, atol=1e-5)
    output.square().sum().backward()
    expected.square().sum().backward()
    for name, value in plain.named_parameters():
        torch.testing.assert_close(stack.get_parameter(name).grad, value.grad, rtol=1e-3, atol=1e-4, msg=name)


@pytest.mark.parametrize("training", [False, True])
def test_deeper_layers_are_in_half_precision_where_the_processor_has_it(codes, monkeypatch, training):
    torch.manual_seed(3)
    given = {"motif_length": 7, "filters": 24, "layers": 2}
    auto, exact = ConvStack(CNNConfig(**given)), ConvStack(CNNConfig(**given, precision="float32"))
    exact.load_state_dict(auto.state_dict())
    expected = exact.train(training).pooled(codes, "max")
    auto.train(training)
    monkeypatch.setattr("models.fast.bfloat16.multiplies_bfloat16", lambda: False)
    assert auto.pooled(codes, "max").equal(expected)
    monkeypatch.setattr("models.fast.bfloat16.multiplies_bfloat16", lambda: True)
    assert not auto.pooled(codes, "max").equal(expected)
    torch.testing.assert_close(auto.pooled(codes, "max"), expected, rtol=0.02, atol=0.01)
