"""What the filters of a CNN detect, on networks whose filters are written by hand."""

import numpy as np
import pytest
import torch

from models.cnn import CNN, CNNConfig
from models.predict import predict
from models.rnn import RNN, RNNConfig
from search.evidence.filters import find_filters
from tests.support.toys import TINY


def by_hand(**config):
    """Four filters of 4: UGCA, which counts twice, GGAC, one that never responds, one that does not count."""
    torch.manual_seed(0)
    network = CNN(CNNConfig(filters=4, motif_length=4, hidden=4, **config)).eval()
    with torch.no_grad():
        weight, bias = network.convolutions.motifs.weight, network.convolutions.motifs.bias
        weight.fill_(-1)
        for number, word in enumerate(([3, 2, 1, 0], [2, 2, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1])):
            weight[number, word, range(4)] = 1
        bias.copy_(torch.tensor([-2.5, -2.5, -9, -2.5]))
        network.head.fc1.weight.zero_().fill_diagonal_(1)
        network.head.fc1.bias.zero_()
        network.head.fc2.weight.copy_(torch.tensor([[2.0, 1.0, 5.0, 0.0]]))
    return network


@pytest.fixture
def codes():
    return np.random.default_rng(0).integers(0, 4, (2000, 41), dtype=np.uint8)


@pytest.mark.parametrize("norm", [False, True])
def test_what_they_detect(codes, norm):
    network = by_hand(batch_norm=norm)
    if norm:  # one that changes nothing, but for a channel that is turned over
        network.convolutions.norm.eps = 0.0
        with torch.no_grad():
            network.convolutions.norm.weight[1] = -1
            network.convolutions.motifs.weight[1] *= -1
            network.convolutions.motifs.bias[1] *= -1
    first, second = find_filters(network, codes)
    assert (first.filter, first.iupac) == (0, "UGCA")
    assert (second.filter, second.iupac) == (1, "GGAC")
    assert first.effect > 1.5 * second.effect > 0
    with torch.no_grad():
        network.head.fc2.weight[0, 0] = 0  # the same as a first filter that never responds
    before, without = predict(by_hand(), codes[:500]), predict(network, codes[:500])
    assert first.effect == pytest.approx(np.sqrt(np.mean((without - before) ** 2)) / before.std(), rel=1e-3)


def test_the_network_stays_as_it_was(codes):
    network = by_hand()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    find_filters(network, codes)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize(
    "more", [{}, {"pooling": "windows"}, {"layers": 2, "kernel_2": 3, "batch_norm": True}]
)
def test_drawn_networks(codes, more):
    torch.manual_seed(1)
    network = CNN(CNNConfig(**TINY["cnn"], motif_length=8, **more)).eval()
    found = find_filters(network, codes, most=3)
    assert 0 < len(found) <= 3
    assert [one.effect for one in found] == sorted((one.effect for one in found), reverse=True)
    assert all(len(one.iupac) == len(one.probabilities) <= 8 for one in found)


def test_others_have_none(codes):
    assert find_filters(RNN(RNNConfig(**TINY["rnn"])), codes) == ()
