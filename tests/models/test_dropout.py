import numpy as np
import pytest
import torch
from torch import nn

from models.dropout import Dropout, random_words, seed_dropout


@pytest.mark.parametrize("probability", [0.0, 0.1, 0.5, 0.9])
def test_dropout_zeroes_its_share_and_keeps_the_mean(probability):
    layer = Dropout(probability)
    layer.generator = torch.Generator().manual_seed(3)
    x = torch.ones(400, 500)
    y = layer(x)
    assert (y == 0).float().mean() == pytest.approx(probability, abs=0.005)
    assert y[y != 0].unique().numel() == 1
    assert float(y.mean()) == pytest.approx(1.0, abs=0.02)
    assert (layer.eval()(x) == x).all()


def test_dropout_of_rows_and_columns_is_not_correlated():
    layer = Dropout(0.5)
    layer.generator = torch.Generator().manual_seed(3)
    kept = (layer(torch.ones(4000, 32)) != 0).double().numpy()
    correlation = np.corrcoef(kept, rowvar=False) - np.eye(32)
    assert np.abs(correlation).max() < 0.08
    assert abs(np.corrcoef(kept[:-1].ravel(), kept[1:].ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(layer(torch.ones(4000, 32)).ravel(), kept.ravel())[0, 1]) < 0.02


def test_dropout_passes_the_gradient_of_what_it_kept():
    layer = Dropout(0.25)
    layer.generator = torch.Generator().manual_seed(3)
    x = torch.randn(30, 20, requires_grad=True)
    y = layer(x)
    y.sum().backward()
    torch.testing.assert_close(x.grad, (y / x).detach())


def test_dropout_with_a_generator_leaves_the_process_alone():
    network = nn.Sequential(Dropout(0.5), nn.Linear(20, 5), Dropout(0.5))
    outputs = []
    for disturbance in (0, 7):
        seed_dropout(network, torch.Generator().manual_seed(5))
        torch.manual_seed(disturbance)
        before = torch.get_rng_state()
        outputs.append(network(torch.ones(8, 20)))
        assert (torch.get_rng_state() == before).all()
    assert (outputs[0] == outputs[1]).all()


def test_dropout_without_a_generator_follows_the_process():
    layer = Dropout(0.5)
    torch.manual_seed(1)
    first = layer(torch.ones(50))
    second = layer(torch.ones(50))
    torch.manual_seed(1)
    assert (layer(torch.ones(50)) == first).all()
    assert (second != first).any()


def test_not_a_number_is_not_hidden():
    layer = Dropout(0.5)
    y = layer(torch.full((200,), torch.nan))
    assert 50 < y.isnan().sum() < 150
    assert (y[~y.isnan()] == 0).all()


@pytest.mark.parametrize(
    "make", [lambda x: x.double(), lambda x: x.T, lambda x: x[:, ::2], lambda x: x[0, 0]]
)
def test_every_kind_of_tensor_can_be_dropped_from(make):
    x = make(torch.ones(50, 40)).requires_grad_()
    layer = Dropout(0.25)
    y = layer(x)
    y.sum().backward()
    assert y.shape == x.shape
    assert y.dtype == x.dtype
    assert all(value in (0.0, pytest.approx(4 / 3)) for value in y.detach().unique().tolist())
    torch.testing.assert_close(x.grad, y.detach())


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_compiled_and_plain_torch_drop_the_same_values(without_kernels, probability):
    def drop(dtype=torch.float32):
        layer = Dropout(probability)
        layer.generator = torch.Generator().manual_seed(3)
        x = torch.linspace(-1, 2, 3000, dtype=dtype).view(40, 75).requires_grad_()
        y = layer(x)
        y.square().sum().backward()
        return y.detach().float(), x.grad.float()

    for found, expected in zip(drop(), without_kernels(drop), strict=True):
        assert found.equal(expected)
    for found, expected in zip(drop(), drop(torch.float64), strict=True):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("key", [0, 1, 2**31, 2**62 + 12345, 2**63 - 2])
def test_random_words_are_even_in_every_bit(key):
    words = random_words(key, (50, 400))
    assert 0 <= int(words.min()) <= int(words.max()) < 2**32
    for bit in range(32):
        assert float((words >> bit & 1).double().mean()) == pytest.approx(0.5, abs=0.02)


def test_where_nothing_is_dropped_no_random_numbers_are_used_up():
    generator = torch.Generator().manual_seed(3)
    state = generator.get_state()
    for layer in (Dropout(0.0), Dropout(0.5).eval()):
        layer.generator = generator
        assert layer.draw_keys(3) == [0, 0, 0]
        layer(torch.ones(5))
    assert generator.get_state().equal(state)
