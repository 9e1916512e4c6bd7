"""The running average of weights, against its recursion written out."""

import numpy as np
import pytest
import torch
from torch import nn

from models.averaging import Average
from models.metrics import spearman
from models.predict import predict


@pytest.fixture
def network():
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


def tensors(network):
    return {name: value.clone() for name, value in network.state_dict().items()}


def disturb(network):
    with torch.no_grad():
        for value in network.state_dict().values():
            value.add_(torch.ones_like(value) if not value.is_floating_point() else torch.randn(value.shape))


def test_the_average_is_its_recursion_and_forgets_the_beginning(network):
    average, expected = Average(network, 0.5), {}
    for number, share in enumerate([0.1, 2 / 11, 3 / 12, 4 / 13, 5 / 14, 6 / 15, 7 / 16, 8 / 17, 0.5, 0.5]):
        before = expected or {name: value.double() for name, value in tensors(network).items()}
        disturb(network)
        now = tensors(network)
        expected = {name: share * value + (1 - share) * now[name] for name, value in before.items()}
        average.step(number)
    for name, value in average.state().items():
        np.testing.assert_allclose(value.numpy(), expected[name].numpy(), rtol=1e-5, atol=1e-6)
    assert "1.running_var" in average.state()
    assert "1.num_batches_tracked" not in average.state()


def test_the_network_has_the_averages_only_while_they_are_shown(network):
    average, before = Average(network, 0.9), tensors(network)
    disturb(network)
    after, kept = tensors(network), average.state()["0.weight"].clone()
    with average.shown():
        assert (network[0].weight == before["0.weight"]).all()
    assert all((value == after[name]).all() for name, value in tensors(network).items())
    assert (average.state()["0.weight"] == kept).all()


def test_averaging_changes_what_is_validated_but_not_how_it_is_trained(small_trainer, data):
    plain, averaged = (small_trainer(epochs=3, averaging=share) for share in (0.0, 0.9))
    for _ in range(3):
        one, other = plain.run_epoch(), averaged.run_epoch()
        assert one.train_loss == other.train_loss
        assert one.spearman != other.spearman
    assert all((averaged.model.state_dict()[n] == v).all() for n, v in plain.model.state_dict().items())
    averaged.model.load_state_dict(averaged.best_weights())
    scored = spearman(predict(averaged.model, data.validation.codes), data.validation.targets)
    assert scored == averaged.best.spearman
