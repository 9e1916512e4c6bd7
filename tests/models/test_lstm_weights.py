"""Where the weights of an LSTM lie for cuDNN."""

import copy
import functools

import pytest
import torch

from models.lstm import LSTMStack
from models.rnn import RNNConfig
from tests.support.training import fit


@pytest.fixture
def as_for_cudnn(monkeypatch):
    """Let the weights lie on the CPU as they do on a GPU."""
    monkeypatch.setattr("models.lstm._by_cudnn", lambda weights: True)


def places(network):
    return {name: value.data_ptr() for name, value in network.named_parameters()}


@pytest.mark.usefixtures("as_for_cudnn")
def test_weights_for_cudnn_lie_in_one_piece_a_direction():
    network = LSTMStack(4, 6, layers=2, bidirectional=True)
    before, parameters = copy.deepcopy(network.state_dict()), dict(network.named_parameters())
    network.to("cpu")
    assert list(network.state_dict()) == list(before)
    for name, value in network.named_parameters():
        assert value is parameters[name]  # the optimizer's, too
        assert torch.equal(value, before[name])
    for suffix in ("l0", "l0_reverse", "l1", "l1_reverse"):
        weights = [
            parameters[f"{kind}_{suffix}"] for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        ]
        sizes = [weight.numel() for weight in weights]
        assert [weight.storage_offset() for weight in weights] == [sum(sizes[:place]) for place in range(4)]
        assert weights[0].untyped_storage().nbytes() == 4 * sum(sizes)
        assert all(weight.is_contiguous() for weight in weights)


@pytest.mark.usefixtures("as_for_cudnn")
def test_weights_for_cudnn_stay_where_an_average_and_a_graph_found_them():
    network = LSTMStack(4, 6).to("cpu")
    before = places(network)
    network.to("cpu")
    network.load_state_dict(LSTMStack(4, 6).state_dict())
    assert places(network) == before
    doubled = copy.deepcopy(network).double()
    assert len({value.untyped_storage().data_ptr() for value in doubled.parameters()}) == 1


def test_training_and_checkpoints_are_the_same_with_weights_in_one_piece(small_trainer, monkeypatch):
    make = functools.partial(small_trainer, architecture="rnn", network=RNNConfig(lstm_hidden=8, filters=8))
    expected = make()
    losses = [report.train_loss for report in fit(expected)]
    monkeypatch.setattr("models.lstm._by_cudnn", lambda weights: True)
    halfway, resumed = make(), make()
    for _ in range(2):
        halfway.run_epoch()
    resumed.restore(halfway.checkpoint())
    assert [report.train_loss for report in fit(resumed)] == losses
    for name, value in expected.best_weights().items():
        assert torch.equal(resumed.best_weights()[name], value)


def test_a_cpu_keeps_each_weight_for_itself():
    network = LSTMStack(4, 6).to("cpu")
    assert len({value.untyped_storage().data_ptr() for value in network.parameters()}) == 4
