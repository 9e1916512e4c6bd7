import sys

import pytest
import torch

import models
from models.config import TrainingConfig
from models.registry import architecture_names, get_architecture
from models.trainer import Trainer


@pytest.mark.parametrize("name", architecture_names())
def test_an_architecture_builds_networks_from_codes_to_one_figure_a_probe(name, codes):
    found = get_architecture(name)
    assert found.name == name
    network = found.build(found.config())
    prediction = network(codes)
    assert prediction.shape == (64,)
    assert prediction.dtype == torch.float32
    torch.testing.assert_close(network.eval()(codes), network(codes.long()))


@pytest.mark.parametrize("name", architecture_names())
def test_every_field_of_a_config_has_limits(name):
    config = get_architecture(name).config
    assert all("kind" in field.metadata for field in config.__dataclass_fields__.values())
    assert config.__dataclass_params__.frozen


NEW_ARCHITECTURE = """
from dataclasses import dataclass
from torch import nn
from models import fields
from models.layers import one_hot
from models.registry import Architecture

@dataclass(frozen=True)
class LinearConfig:
    bias: bool = fields.switch(True)

class Linear(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.weights = nn.Linear(4 * 41, 1, bias=config.bias)

    def forward(self, codes):
        return self.weights(one_hot(codes).flatten(1)).squeeze(1)

ARCHITECTURE = Architecture("linear", LinearConfig, Linear)
"""


def test_a_further_architecture_is_one_file(tmp_path, monkeypatch, data_of):
    (tmp_path / "linear.py").write_text(NEW_ARCHITECTURE)
    monkeypatch.setattr(models, "__path__", [*models.__path__, str(tmp_path)])
    try:
        assert architecture_names() == ["cnn", "linear", "rnn"]
        config = get_architecture("linear").config()
        assert Trainer("linear", config, TrainingConfig(), data_of(), seed=1).run_epoch().epoch == 1
    finally:
        sys.modules.pop("models.linear", None)
        vars(models).pop("linear", None)
