"""The networks of the reference are those of the same config here."""

import optuna
import pytest
import torch

from models.cnn import CNN
from models.config import split_params
from models.layers import one_hot
from search.strategy.space_files import shipped_space
from tests.benchmarks.reference import network_of


def configs():
    """The prescribed ones of the shipped space, and drawn ones."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space, study = shipped_space("cnn"), optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    return [space.suggest(study.ask()) for _ in range(12)]


@pytest.mark.parametrize("params", configs())
def test_both_predict_the_same_with_the_same_weights(params):
    torch.manual_seed(5)
    ours, theirs = CNN(split_params("cnn", params)[0]).eval(), network_of(params).eval()
    given = sorted(ours.named_parameters(), key=lambda item: order(item[0]))
    with torch.no_grad():
        for (name, value), other in zip(given, theirs.parameters(), strict=True):
            assert value.shape == other.shape, name
            other.copy_(value)
        codes = torch.randint(0, 6, (20, 41), dtype=torch.uint8)
        expected = theirs(one_hot(codes).transpose(1, 2)).squeeze(1)
        torch.testing.assert_close(ours(codes), expected, rtol=1e-2, atol=1e-2)  # bfloat16 in deeper layers


def order(name):
    """Where a parameter stands in the reference: by layer, the block's after the others, then the head's."""
    part, *rest = name.split(".")
    if part == "block":
        kind, layer, which = rest
        return (1, int(layer), kind == "norms", which == "bias")
    if part == "norm":
        return (2, 0, False, rest[0] == "bias")
    if part == "head":
        place = {"fc1": 0, "norm": 1, "fc2": 2}[rest[0]]
        return (3, place, False, rest[1] == "bias")
    place = {"motifs": -2, "norm": -1}.get(rest[0])
    return (0, int(rest[1]) if place is None else place, False, rest[-1] == "bias")
