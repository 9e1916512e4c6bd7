import copy

import pytest
import torch

from models.config import split_params
from models.dropout import seed_dropout
from models.head import Head
from models.registry import get_architecture
from tests.support.toys import TINY


def test_head_is_two_linear_layers():
    head = Head(5, 3, 0.5).eval()
    x = torch.randn(4, 5)
    hidden = (x @ head.fc1.weight.T + head.fc1.bias).clamp(min=0)
    torch.testing.assert_close(head(x), (hidden @ head.fc2.weight.T + head.fc2.bias)[:, 0])


def test_head_drops_before_both_layers():
    head = Head(50, 40, 0.5)
    with torch.no_grad():
        head.fc1.weight.fill_(1.0), head.fc1.bias.zero_()
        head.fc2.weight.fill_(1.0), head.fc2.bias.zero_()
    seed_dropout(head, torch.Generator().manual_seed(1))
    outputs = head(torch.ones(3000, 50)).detach()
    assert float(outputs.mean()) == pytest.approx(50 * 40, rel=0.02)
    # Variance of a product of two independent binomial sums.
    first, second = 50 * 50**0.0, 40
    expected = ((50**2 + first) * (40**2 + second) - (50 * 40) ** 2) ** 0.5
    assert float(outputs.std()) == pytest.approx(expected, rel=0.1)


@pytest.mark.parametrize(("architecture", "others"), [("cnn", {}), ("rnn", {"lstm_layers": 1})])
def test_dropout_before_the_output_can_be_told_apart(architecture, others):
    codes = torch.randint(0, 4, (300, 41), dtype=torch.uint8)

    def changes(**params):
        network, _ = split_params(architecture, {**TINY[architecture], **others, "dropout": 0.5, **params})
        torch.manual_seed(1)
        model = get_architecture(architecture).build(network)
        return not torch.equal(model.train()(codes), model.eval()(codes))

    assert not changes(pooled_dropout=0.0, output_dropout=0.0)
    assert changes(pooled_dropout=0.0)
    assert changes(output_dropout=0.0)
    network, _ = split_params(architecture, {"pooled_dropout": 0.1, "output_dropout": 0.2, "dropout": 0.3})
    head = get_architecture(architecture).build(network).head
    assert (head.first_dropout.probability, head.dropout.probability) == (0.1, 0.2)


def gradients_of(head, x):
    seed_dropout(head, torch.Generator().manual_seed(8))
    head.zero_grad()
    x = x.clone().requires_grad_()
    prediction = head(x)
    factors = torch.linspace(-1, 2, len(x))
    (prediction * factors).sum().backward()
    return [prediction.detach(), x.grad, *(parameter.grad for parameter in head.parameters())]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("features", "hidden", "first", "second"),
    [(64, 32, 0.5, 0.5), (7, 1, 0.2, 0.0), (1, 45, 0.0, 0.9), (130, 64, 0.0, 0.0), (64, 128, 0.2, 0.6)],
)
@pytest.mark.parametrize("batch", [1, 33, 256])
def test_the_fast_path_gives_what_the_plain_one_gives(
    without_kernels, features, hidden, first, second, batch, training
):
    torch.manual_seed(batch)
    head = Head(features, hidden, second, first_dropout=first).train(training)
    x = torch.randn(batch, features)
    fast, plain = gradients_of(head, x), without_kernels(gradients_of, head, x)
    for ours, oracle in zip(fast, plain, strict=True):
        torch.testing.assert_close(ours, oracle, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    ("features", "hidden", "first", "second"), [(384, 256, 0.2, 0.5), (7, 1, 0.0, 0.3), (30, 45, 0.6, 0.0)]
)
@pytest.mark.parametrize("batch", [1, 2, 33, 128])
def test_the_fast_path_normalises_as_the_plain_one_does(
    without_kernels, features, hidden, first, second, batch, training
):
    torch.manual_seed(batch)
    head = Head(features, hidden, second, first_dropout=first, norm=True).train(training)
    for values in (head.norm.weight, head.norm.bias, head.norm.running_mean):
        torch.nn.init.normal_(values)
    head.norm.eps = 1e-2  # two values may lie so near that rounding decides
    x, plain = torch.randn(batch, features), copy.deepcopy(head)
    found, expected = gradients_of(head, x), without_kernels(gradients_of, plain, x)
    for ours, oracle in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, oracle, rtol=1e-4, atol=1e-4)
    for ours, oracle in zip(head.buffers(), plain.buffers(), strict=True):
        torch.testing.assert_close(ours, oracle)


@pytest.mark.filterwarnings("ignore:Input #0 requires gradient")  # it is float32, which the kernels need
def test_gradients_are_those_of_finite_differences():
    head = Head(6, 5, 0.3)

    def by_x(x):
        seed_dropout(head, torch.Generator().manual_seed(8))
        return head(x)

    x = torch.randn(9, 6, requires_grad=True)
    assert torch.autograd.gradcheck(by_x, x, eps=1e-2, atol=1e-2, rtol=1e-2, check_undefined_grad=False)


def test_only_what_needs_a_gradient_gets_one():
    head = Head(6, 5, 0.3)
    head.fc1.requires_grad_(False)
    head(torch.randn(9, 6)).sum().backward()
    assert head.fc1.weight.grad is None
    assert head.fc2.weight.grad is not None


def test_not_a_number_is_not_hidden():
    head = Head(6, 5, 0.0)
    x = torch.randn(9, 6)
    x[3, 2] = torch.nan
    assert head(x).isnan().tolist() == [row == 3 for row in range(9)]
