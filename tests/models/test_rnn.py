import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from models.dropout import seed_dropout
from models.layers import one_hot
from models.residual import average_windows
from models.rnn import RNN, RNNConfig

READOUTS = ("last", "mean", "max", "windows")


class SeedRNN(nn.Module):
    """The published seed network, built from torch's layers only."""

    def __init__(self):
        super().__init__()
        self.detect = nn.Conv2d(1, 32, (11, 4))
        self.lstm = nn.LSTM(32, 128, 2, batch_first=True, dropout=0.5)
        self.hidden, self.output = nn.Linear(128, 64), nn.Linear(64, 1)

    def forward(self, image):
        scores = nn.functional.relu(self.detect(image)[..., 0])
        states, _ = self.lstm(scores.transpose(1, 2))
        return self.output(nn.functional.relu(self.hidden(states[:, -1])))[:, 0]


@pytest.fixture
def pair():
    torch.manual_seed(4)
    ours, theirs = RNN(RNNConfig(precision="float32")).eval(), SeedRNN().eval()
    weights = ours.state_dict()
    theirs.lstm.load_state_dict(ours.lstm.state_dict())
    with torch.no_grad():
        theirs.detect.weight.copy_(weights["convolutions.motifs.weight"].transpose(1, 2).unsqueeze(1))
        theirs.detect.bias.copy_(weights["convolutions.motifs.bias"])
        for mine, reference in ((ours.head.fc1, theirs.hidden), (ours.head.fc2, theirs.output)):
            reference.load_state_dict(mine.state_dict())
    return ours, theirs


def image_of(codes):
    return one_hot(codes).transpose(1, 2).unsqueeze(1)


def test_seed_config_has_the_parameters_of_the_seed_network(pair):
    counts = [sum(value.numel() for value in network.parameters()) for network in pair]
    assert counts[0] == counts[1] == 224801


def test_seed_config_predicts_what_the_seed_network_predicts(pair, codes):
    ours, theirs = pair
    torch.testing.assert_close(ours(codes), theirs(image_of(codes)), rtol=1e-4, atol=1e-5)


def test_seed_config_has_the_gradients_of_the_seed_network(pair, codes):
    for network, x in zip(pair, (codes, image_of(codes)), strict=True):
        network(x).square().mean().backward()
    ours, theirs = pair
    expected = theirs.detect.weight.grad.squeeze(1).transpose(1, 2)
    torch.testing.assert_close(ours.convolutions.motifs.weight.grad, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("readout", READOUTS)
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("below", [{"convolution": False}, {}, {"residual": 2, "hidden_norm": True}])
def test_every_option_trains_every_parameter(codes, readout, bidirectional, below):
    torch.manual_seed(2)
    config = RNNConfig(
        **below,
        filters=8,
        lstm_hidden=6,
        bidirectional=bidirectional,
        readout=readout,
        dropout=0.1,
    )
    network = RNN(config)
    network(codes).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("convolution", [False, True])
def test_mean_and_max_are_over_real_positions(codes, bidirectional, convolution):
    shape = {"convolution": convolution, "filters": 8, "lstm_hidden": 6, "bidirectional": bidirectional}
    for readout in ("mean", "max"):
        network = RNN(RNNConfig(readout=readout, precision="float32", motif_length=3, **shape)).eval()
        lstm = nn.LSTM(network.lstm.inputs, 6, 2, batch_first=True, bidirectional=bidirectional)
        lstm.load_state_dict(network.lstm.state_dict())
        features = network.convolutions(codes) if convolution else one_hot(codes)
        rows = []
        for row, sequence in zip(features, codes, strict=True):
            length = min(int((sequence != 5).sum()), row.shape[1])
            states, _ = lstm(row[None, :, :length].transpose(1, 2))
            rows.append(states[0].mean(dim=0) if readout == "mean" else states[0].max(dim=0)[0])
        torch.testing.assert_close(network(codes), network.head(torch.stack(rows)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [{"filters": 8, "layers": 2}, {"filters": 8, "residual": 2}])
def test_windows_average_the_states_of_real_positions(codes, shape):
    config = RNNConfig(readout="windows", lstm_hidden=6, bidirectional=True, precision="float32", **shape)
    network = RNN(config).eval()
    lstm = nn.LSTM(network.lstm.inputs, 6, 2, batch_first=True, bidirectional=True)
    lstm.load_state_dict(network.lstm.state_dict())
    features = network.convolutions(codes)
    features = features if network.block is None else network.block(features)
    rows = []
    for x, sequence in zip(features, codes, strict=True):
        length = max(1, int((sequence != 5).sum()))
        states = lstm(x[None, :, :length].transpose(1, 2))[0][0]
        rows.append(torch.cat([states, torch.zeros(41 - length, 12)]))
    pooled = average_windows(torch.stack(rows).transpose(1, 2), 10)
    torch.testing.assert_close(network(codes), network.head(pooled), rtol=1e-4, atol=1e-5)


def test_last_reads_the_padding_as_the_seed_does(codes):
    network = RNN(RNNConfig(convolution=False, lstm_hidden=6, lstm_layers=1, precision="float32")).eval()
    lstm = nn.LSTM(4, 6, batch_first=True)
    lstm.load_state_dict(network.lstm.state_dict())
    _, (ends, _) = lstm(one_hot(codes).transpose(1, 2))
    torch.testing.assert_close(network(codes), network.head(ends[0]), rtol=1e-4, atol=1e-5)


def test_last_of_two_directions_is_where_each_ends_without_the_padding(codes):
    shape = {"convolution": False, "lstm_hidden": 6, "lstm_layers": 1, "precision": "float32"}
    network = RNN(RNNConfig(bidirectional=True, **shape)).eval()
    lstm = nn.LSTM(4, 6, batch_first=True, bidirectional=True)
    lstm.load_state_dict(network.lstm.state_dict())
    packed = pack_padded_sequence(
        one_hot(codes).transpose(1, 2), (codes != 5).sum(dim=1), batch_first=True, enforce_sorted=False
    )
    _, (ends, _) = lstm(packed)
    expected = network.head(torch.cat(list(ends), dim=1))
    torch.testing.assert_close(network(codes), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("readout", READOUTS)
def test_an_empty_sequence_has_a_prediction(readout):
    network = RNN(RNNConfig(filters=8, lstm_hidden=6, readout=readout)).eval()
    assert network(torch.full((3, 41), 5, dtype=torch.uint8)).isfinite().all()


def test_dropout_between_the_lstm_layers_draws_from_the_generator(codes):
    network = RNN(RNNConfig(filters=8, lstm_hidden=6, lstm_layers=3))
    network.head.eval()
    network.convolutions.eval()
    outputs = []
    for seed, disturbance in ((1, 1), (1, 2), (2, 1)):
        seed_dropout(network, torch.Generator().manual_seed(seed))
        torch.manual_seed(disturbance)
        outputs.append(network(codes))
    assert (outputs[0] == outputs[1]).all()
    assert (outputs[0] != outputs[2]).any()
