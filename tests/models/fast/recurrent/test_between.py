import numpy as np
import pytest
import torch

from models.fast.bfloat16 import as_array
from models.fast.recurrent.between import pass_back, pass_on
from models.lstm import LSTMStack


def dropping(seed, **options):
    ours = LSTMStack(3, 16, 2, dropout=0.5, **options)
    ours.dropout.generator = torch.Generator().manual_seed(seed)
    return ours


def test_dropout_follows_from_its_generator_alone():
    torch.manual_seed(2)
    weights, x = LSTMStack(3, 16, 2).state_dict(), torch.randn(40, 6, 3)
    outputs = []
    for seed, disturbance in ((1, 1), (1, 2), (2, 1)):
        ours = dropping(seed)
        ours.load_state_dict(weights)
        torch.manual_seed(disturbance)
        outputs.append((ours(x), ours(x), ours.eval()(x)))
    for first, again in zip(outputs[0], outputs[1], strict=True):
        assert (first == again).all()
    assert (outputs[0][0] != outputs[0][1]).any()  # each call drops others
    assert (outputs[0][0] != outputs[2][0]).any()
    assert (outputs[0][2] == outputs[2][2]).all()  # evaluation drops nothing


@pytest.mark.parametrize("bidirectional", [False, True])
def test_gradients_under_dropout_are_slopes(bidirectional):
    torch.manual_seed(8)
    ours = dropping(0, bidirectional=bidirectional, precision="float32")
    x = torch.randn(60, 6, 3)
    lengths = torch.randint(1, 7, (60,))

    def loss():
        ours.dropout.generator.manual_seed(4)
        return ours(x, lengths).square().sum()

    loss().backward()
    slope = sum(float(value.grad.square().sum()) for value in ours.parameters())
    direction = {name: value.grad / slope**0.5 for name, value in ours.named_parameters()}
    ends = []
    with torch.no_grad():
        for step in (0.05, -0.1):
            for name, value in ours.named_parameters():
                value.add_(direction[name], alpha=step)
            ends.append(float(loss()))
    assert (ends[0] - ends[1]) / 0.1 == pytest.approx(slope**0.5, rel=0.01)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_dropout_zeroes_its_share_and_the_gradient_the_same(dtype):
    steps, rows, hidden, limit = 20, 50, 40, round(0.3 * 2**32)
    states = torch.ones(steps + 1, rows, hidden, dtype=dtype)
    inputs = torch.zeros(steps + 1, rows, hidden, dtype=dtype)
    random = np.arange(rows), steps, 123, limit
    pass_on(as_array(states), 1, as_array(inputs), 0, 0, hidden, *random)
    given, rest = inputs[:-1].float(), inputs[-1]
    assert (rest == 0).all()
    kept = given[0].max()
    assert float(kept) == pytest.approx(1 / 0.7, rel=0.004)
    assert ((given == 0) | (given == kept)).all()
    assert float((given == 0).float().mean()) == pytest.approx(0.3, abs=0.01)
    for shares in (given.mean(dim=(1, 2)), given.mean(dim=(0, 2)), given.mean(dim=(0, 1))):
        assert (shares - 1).abs().max() < 0.15  # no position, row or unit is special
    for position in range(steps):
        back = torch.zeros(rows, hidden)
        pass_back(back.numpy(), as_array(states), 0, position, 0, rows, *random)
        torch.testing.assert_close(back, given[position], rtol=0.004, atol=0)
