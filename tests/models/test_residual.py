import re

import pytest
import torch
from torch import nn

from data_io.errors import ConfigError
from models.cnn import CNN, CNNConfig
from models.dropout import seed_dropout
from models.layers import one_hot
from models.residual import ResidualBlock, average_windows

RESIDUAL = {
    "motif_length": 7,
    "filters": 96,
    "residual": 3,
    "block_dropout": 0.1,
    "pooling": "windows",
    "window": 10,
    "pooled_dropout": 0.2,
    "hidden": 256,
    "hidden_norm": True,
    "dropout": 0.5,
    "batch_norm": True,
    "precision": "float32",
}


class ResidualBind(nn.Module):
    """The published network, at 96 filters of 7 and without its dropout, from torch's layers only."""

    def __init__(self):
        super().__init__()
        self.detect = nn.Sequential(nn.Conv1d(4, 96, 7, padding=3), nn.BatchNorm1d(96), nn.ReLU())
        layers = []
        for dilation in (1, 2, 4):
            convolution = nn.Conv1d(96, 96, 3, padding=dilation, dilation=dilation, bias=False)
            layers += [convolution, nn.BatchNorm1d(96), nn.ReLU()]
        self.block = nn.Sequential(*layers[:-1])
        hidden = [nn.Flatten(), nn.Linear(384, 256), nn.BatchNorm1d(256), nn.ReLU(), nn.Linear(256, 1)]
        self.head = nn.Sequential(nn.ReLU(), nn.AvgPool1d(10), *hidden)

    def forward(self, x):
        x = self.detect(x)
        return self.head(x + self.block(x)).squeeze(1)


@pytest.fixture
def pair():
    """Ours and the oracle, with the same weights, which ours gives in the order of its layers."""
    torch.manual_seed(4)
    ours, theirs = CNN(CNNConfig(**RESIDUAL)), ResidualBind()
    given = list(ours.named_parameters()), list(theirs.parameters())
    in_order = sorted(given[0], key=lambda item: ORDER.index(item[0]))
    with torch.no_grad():
        for (name, value), other in zip(in_order, given[1], strict=True):
            assert value.shape == other.shape, name
            other.copy_(value)
    return ours, theirs


ORDER = [
    *(f"convolutions.{part}" for part in ("motifs.weight", "motifs.bias", "norm.weight", "norm.bias")),
    *(
        f"block.{part}"
        for layer in range(3)
        for part in (f"convolutions.{layer}.weight", f"norms.{layer}.weight", f"norms.{layer}.bias")
    ),
    *(f"head.{part}" for part in ("fc1.weight", "fc1.bias", "norm.weight", "norm.bias")),
    *(f"head.{part}" for part in ("fc2.weight", "fc2.bias")),
]


def without_dropout(network):
    for module in network.modules():
        if hasattr(module, "probability"):
            module.probability = 0.0


def test_the_residual_network_is_the_published_one(pair, codes):
    ours, theirs = pair
    without_dropout(ours)
    prediction, oracle = ours(codes), theirs(one_hot(codes))
    torch.testing.assert_close(prediction, oracle, rtol=1e-4, atol=1e-4)
    prediction.square().sum().backward(), oracle.square().sum().backward()
    by_name = dict(ours.named_parameters())
    for name, parameter in zip(ORDER, theirs.parameters(), strict=True):
        torch.testing.assert_close(by_name[name].grad, parameter.grad, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(ours.eval()(codes), theirs.eval()(one_hot(codes)), rtol=1e-4, atol=1e-4)


def test_a_block_adds_what_its_convolutions_make_of_what_it_reads():
    block = ResidualBlock(1, 2, batch_norm=False)
    with torch.no_grad():
        for convolution, weight in zip(block.convolutions, ([1.0, 0.0, 0.0], [0.0, 0.0, -1.0]), strict=True):
            convolution.weight.copy_(torch.tensor([[weight]]))
            convolution.bias.zero_()
    x = torch.tensor([[[1.0, 2.0, 0.0, 4.0, 5.0]]])
    # One to the right: 0 1 2 0 4; minus two to the left of it: -2 0 -4 0 0.
    assert block(x).tolist() == [[[0.0, 2.0, 0.0, 4.0, 5.0]]]


def test_each_layer_of_a_block_sees_twice_as_far():
    block = ResidualBlock(1, 4, batch_norm=False)
    x = torch.zeros(1, 1, 41, requires_grad=True)
    with torch.no_grad():
        for convolution in block.convolutions:
            convolution.weight.fill_(1.0)
    (block(x + 1.0)[0, 0, 20]).backward()
    assert (x.grad[0, 0] > 0).nonzero().flatten().tolist() == list(range(5, 36))  # 1 + 2 + 4 + 8 either way


def test_a_block_drops_what_it_adds_too():
    block = ResidualBlock(1, 1, batch_norm=False, dropout=0.5)
    seed_dropout(block, torch.Generator().manual_seed(1))
    with torch.no_grad():
        block.convolutions[0].weight.zero_(), block.convolutions[0].bias.zero_()
    assert set(block(torch.ones(1, 1, 50)).flatten().tolist()) == {0.0, 2.0}
    assert set(block.eval()(torch.ones(1, 1, 50)).flatten().tolist()) == {1.0}


def test_windows_are_averaged_in_order():
    x = torch.tensor([[[1.0, 3.0, 5.0, 7.0, 9.0], [0.0, 2.0, 4.0, 4.0, 100.0]]])
    assert average_windows(x, 2).tolist() == [[2.0, 6.0, 1.0, 4.0]]
    assert average_windows(x, 5).tolist() == [[5.0, 22.0]]


@pytest.mark.parametrize("motif_length", [1, 8, 11, 41])
@pytest.mark.parametrize("options", [{"residual": 1}, {"pooling": "windows"}, {"layers": 3, "residual": 2}])
def test_padded_convolutions_keep_every_position(codes, motif_length, options):
    network = CNN(CNNConfig(motif_length=motif_length, filters=8, **options))
    assert network.convolutions(codes).shape == (64, network.convolutions.channels, 41)
    assert network(codes).shape == (64,)


def test_a_feature_stands_at_the_middle_of_its_motif():
    network = CNN(CNNConfig(motif_length=3, filters=1, pooling="windows"))
    with torch.no_grad():
        network.convolutions.motifs.weight.zero_()[0, 2, 1] = 1.0  # G in the middle
        network.convolutions.motifs.bias.zero_()
    codes = torch.full((1, 41), 5, dtype=torch.uint8)
    codes[0, :5] = torch.tensor([2, 0, 0, 2, 1])
    assert network.convolutions(codes)[0, 0].nonzero().flatten().tolist() == [0, 3]


@pytest.mark.parametrize("pooling", ["max", "max+average", "windows"])
@pytest.mark.parametrize("batch_norm", [False, True])
def test_every_option_trains_every_parameter(codes, pooling, batch_norm):
    torch.manual_seed(2)
    config = CNNConfig(**{**RESIDUAL, "filters": 8, "pooling": pooling, "batch_norm": batch_norm})
    network = CNN(config)
    network(codes).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        subtracted_again = (batch_norm and "motifs.bias" in name) or "fc1.bias" in name
        if not subtracted_again:
            assert parameter.grad.abs().sum() > 0, name


def test_the_defaults_are_what_they_were():
    torch.manual_seed(0)
    names = set(CNN(CNNConfig()).state_dict())
    parts = {"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"}
    assert names == {"convolutions.motifs.weight", "convolutions.motifs.bias", *(f"head.{p}" for p in parts)}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"residual": 6}, "residual = 6: must be a whole number from 0 to 5"),
        ({"window": 42}, "window = 42: must be a whole number from 1 to 41"),
        ({"pooled_dropout": 1.0}, "pooled_dropout = 1.0: must be a number from 0 to 0.99"),
        ({"pooling": "average"}, "pooling = 'average': must be one of max, max+average, windows"),
    ],
)
def test_what_cannot_be_is_refused(options, said):
    with pytest.raises(ConfigError, match=re.escape(said)):
        CNNConfig(**options)


def test_long_kernels_are_allowed_where_they_are_padded():
    assert CNNConfig(motif_length=41, layers=2, pooling="windows").padded
    with pytest.raises(ConfigError, match="shorten one"):
        CNNConfig(motif_length=41, layers=2)


def test_a_residual_network_goes_on_bit_for_bit(small_trainer):
    network = CNNConfig(**{**RESIDUAL, "filters": 8, "hidden": 16, "precision": "auto"})
    undisturbed, first, second = (small_trainer(3, network, epochs=3) for _ in range(3))
    curve = [undisturbed.run_epoch().spearman for _ in range(3)]
    first.run_epoch()
    second.restore(first.checkpoint())
    assert [second.run_epoch().spearman for _ in range(2)] == curve[1:]
    last = undisturbed.best_weights()
    assert all((second.best_weights()[name] == value).all() for name, value in last.items())
