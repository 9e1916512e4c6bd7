import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_io.errors import ConfigError
from models.config import TrainingConfig, split_params, to_params
from models.registry import architecture_names, get_architecture


def values_of(field):
    kind, metadata = field.metadata["kind"], field.metadata
    if kind is bool:
        return st.booleans()
    if kind is str:
        return st.sampled_from(metadata["choices"])
    low, high = metadata["limits"]
    if "motif" in field.name or "kernel" in field.name:
        high = 13  # three of them fit into a probe
    return st.integers(low, high) if kind is int else st.floats(low, high)


@pytest.mark.parametrize("name", architecture_names())
@given(data=st.data())
def test_split_and_to_params_are_inverse_also_through_json(name, data):
    kinds = (get_architecture(name).config, TrainingConfig)
    declared = [field for kind in kinds for field in dataclasses.fields(kind)]
    params = data.draw(st.fixed_dictionaries({field.name: values_of(field) for field in declared}))
    assert to_params(*split_params(name, json.loads(json.dumps(params)))) == params


@pytest.mark.parametrize("name", architecture_names())
def test_no_name_means_both_a_network_and_a_training_field(name):
    network = {field.name for field in dataclasses.fields(get_architecture(name).config)}
    assert not network & {field.name for field in dataclasses.fields(TrainingConfig)}


def test_what_is_left_out_keeps_its_default():
    network, training = split_params("cnn", {"filters": 16, "epochs": 5})
    assert (network.filters, network.motif_length) == (16, 24)
    assert (training.epochs, training.batch_size) == (5, 256)


@pytest.mark.parametrize(
    ("architecture", "params", "message"),
    [
        ("cnn", {"filter": 3}, "cnn has no hyperparameter 'filter': did you mean 'filters'?"),
        ("cnn", {"lstm_hidden": 3}, "cnn has no hyperparameter 'lstm_hidden': "),
        ("rnn", {"pooling": "max"}, "rnn has no hyperparameter 'pooling': "),
        ("cnn", {"zzz": 3}, "cnn has no hyperparameter 'zzz': known are averaging, batch_norm, batch_size"),
        ("cnn", {"motif_length": 42}, "motif_length = 42: must be a whole number from 1 to 41"),
        ("cnn", {"pooling": "mean"}, "pooling = 'mean': must be one of max, max+average"),
        ("cnn", {"dropout": 1}, "dropout = 1: must be a number from 0 to 0.99"),
        ("cnn", {"learning_rate": 0.0}, "learning_rate = 0.0: must be a number from 1e-07 to 1"),
        ("cnn", {"batch_size": 0}, "batch_size = 0: must be a whole number from 1 to 65536"),
        ("cnn", {"epochs": 2.5}, "epochs = 2.5: must be a whole number from 1 to 10000"),
        ("cnn", {"schedule": "linear"}, "schedule = 'linear': must be one of constant, cosine"),
        ("cnn", {"loss": "huber"}, "loss = 'huber': must be one of mean_square, log_cosh"),
        ("rnn", {"readout": "first"}, "readout = 'first': must be one of last, mean, max, windows"),
        ("rnn", {"bidirectional": 1}, "bidirectional = 1: must be true or false"),
        (
            "cnn",
            {"layers": 2, "motif_length": 40},
            "motif_length = 40, kernel_2 = 5: together they span 44 bases, a probe has 41; shorten one",
        ),
        (
            "rnn",
            {"layers": 3, "motif_length": 20, "kernel_2": 20},
            "motif_length = 20, kernel_2 = 20, kernel_3 = 3: together they span 41 bases",
        ),
        ("gan", {}, "architecture 'gan' is unknown: choose one of cnn, rnn"),
        ("trainer", {}, "architecture 'trainer' is unknown: choose one of cnn, rnn"),
        ("os.path", {}, "architecture 'os.path' is unknown: choose one of cnn, rnn"),
    ],
)
def test_a_bad_parameter_is_named(architecture, params, message):
    if "span 41" in message:  # just fits
        split_params(architecture, params)
        params = {**params, "kernel_3": 4}
        message = message.replace("kernel_3 = 3", "kernel_3 = 4").replace("41 bases", "42 bases")
    with pytest.raises(ConfigError) as error:
        split_params(architecture, params)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_fields_without_effect_are_not_checked_together():
    split_params("cnn", {"layers": 1, "motif_length": 41, "kernel_2": 41})
    split_params("rnn", {"convolution": False, "layers": 3, "motif_length": 41})


def test_a_constant_schedule_stays():
    config = TrainingConfig(learning_rate=0.01)
    assert [config.learning_rate_at(step, 10) for step in (0, 5, 9)] == [0.01] * 3


def test_a_cosine_falls_from_the_learning_rate_towards_zero():
    config = TrainingConfig(learning_rate=0.01, schedule="cosine")
    rates = [config.learning_rate_at(step, 100) for step in range(100)]
    assert rates[0] == 0.01
    assert rates[50] == pytest.approx(0.005)
    assert rates == sorted(rates, reverse=True)
    assert 0 < rates[-1] < 1e-5
