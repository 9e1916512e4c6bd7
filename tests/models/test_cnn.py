import pytest
import torch
from torch import nn

from models.cnn import CNN, CNNConfig
from models.layers import one_hot


class SeedCNN(nn.Module):
    """The published seed network, built from torch's layers only."""

    def __init__(self):
        super().__init__()
        self.detect = nn.Conv2d(1, 64, (24, 4))
        self.hidden, self.output = nn.Linear(64, 32), nn.Linear(32, 1)

    def forward(self, image):
        scores = nn.functional.relu(self.detect(image)[..., 0])
        return self.output(nn.functional.relu(self.hidden(scores.max(dim=2)[0])))[:, 0]


@pytest.fixture
def pair():
    torch.manual_seed(4)
    ours, theirs = CNN(CNNConfig()).eval(), SeedCNN().eval()
    weights = ours.state_dict()
    theirs.load_state_dict(
        {
            "detect.weight": weights["convolutions.motifs.weight"].transpose(1, 2).unsqueeze(1),
            "detect.bias": weights["convolutions.motifs.bias"],
            **{f"hidden.{part}": weights[f"head.fc1.{part}"] for part in ("weight", "bias")},
            **{f"output.{part}": weights[f"head.fc2.{part}"] for part in ("weight", "bias")},
        }
    )
    return ours, theirs


def image_of(codes):
    return one_hot(codes).transpose(1, 2).unsqueeze(1)


def test_seed_config_has_the_parameters_of_the_seed_network(pair):
    counts = [sum(value.numel() for value in network.parameters()) for network in pair]
    assert counts == [8321, 8321]


def test_seed_config_predicts_what_the_seed_network_predicts(pair, codes):
    ours, theirs = pair
    torch.testing.assert_close(ours(codes), theirs(image_of(codes)))


def test_seed_config_has_the_gradients_of_the_seed_network(pair, codes):
    for network, x in zip(pair, (codes, image_of(codes)), strict=True):
        network(x).square().mean().backward()
    ours, theirs = pair
    torch.testing.assert_close(ours.head.fc1.weight.grad, theirs.hidden.weight.grad)
    expected = theirs.detect.weight.grad.squeeze(1).transpose(1, 2)
    torch.testing.assert_close(ours.convolutions.motifs.weight.grad, expected)


@pytest.mark.parametrize("pooling", ["max", "max+average"])
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_every_option_trains_every_parameter(codes, pooling, batch_norm, layers):
    torch.manual_seed(2)
    network = CNN(
        CNNConfig(
            motif_length=7, filters=8, layers=layers, pooling=pooling, batch_norm=batch_norm, dropout=0.1
        )
    )
    network(codes).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        subtracted_again = batch_norm and name.endswith(("motifs.bias", "deeper.0.bias", "deeper.3.bias"))
        if not subtracted_again:
            assert parameter.grad.abs().sum() > 0, name


def test_max_and_average_are_both_used(codes):
    config = CNNConfig(motif_length=7, filters=8, pooling="max+average")
    network = CNN(config).eval()
    features = network.convolutions(codes)
    pooled = torch.cat([features.max(dim=2)[0], features.mean(dim=2)], dim=1)
    torch.testing.assert_close(network(codes), network.head(pooled))


@pytest.mark.parametrize("pooling", ["max", "max+average"])
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("motif_length", [1, 11, 41])
def test_one_layer_gives_what_its_plain_parts_give(codes, without_kernels, pooling, batch_norm, motif_length):
    """Predictions, gradients and running figures, in training and after it."""
    config = CNNConfig(
        motif_length=motif_length, filters=37, pooling=pooling, batch_norm=batch_norm, dropout=0.0
    )

    def train():
        torch.manual_seed(6)
        network = CNN(config)
        prediction = network(codes)
        prediction.square().sum().backward()
        gradients = [
            p.grad for name, p in network.named_parameters() if not (batch_norm and "motifs.bias" in name)
        ]
        later = network.eval()(codes)
        return [prediction, later, *gradients, *network.buffers()]

    for ours, oracle in zip(train(), without_kernels(train), strict=True):
        torch.testing.assert_close(ours, oracle, rtol=1e-3, atol=1e-4)


def test_pooled_features_are_normalised_before_the_head(codes):
    config = CNNConfig(motif_length=7, filters=8, pooling="max+average", pooled_norm=True, dropout=0.0)
    network = CNN(config)
    pooled = network.convolutions.pooled(codes, "max+average")
    normalised = (pooled - pooled.mean(dim=0)) / (pooled.var(dim=0, unbiased=False) + 1e-5).sqrt()
    torch.testing.assert_close(network(codes), network.head(normalised))
    assert network.norm.running_mean.abs().sum() > 0


def test_one_probe_alone_can_be_trained_on_with_normalised_features(codes):
    assert CNN(CNNConfig(pooled_norm=True))(codes[:1]).isfinite().all()
