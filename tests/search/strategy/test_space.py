"""Search spaces: what is drawn, and what a file can get wrong."""

from __future__ import annotations

import math
import shutil
from importlib import resources
from pathlib import Path

import optuna
import pytest

import studies
from data_io.errors import SpaceError
from models.config import split_params
from search.strategy.space import Parameter, Space
from search.strategy.space_files import parse_space, read_space, shipped_architectures, shipped_space


def space(parameters: dict[str, object], **sections: object) -> Space:
    content = {"architecture": "cnn", "seed": {"motif_length": 8}, "parameters": parameters, **sections}
    return parse_space(content, "my.toml")


def draw(of: Space, number: int, seed: int = 0) -> list[dict[str, object]]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    drawn = []
    for _ in range(len(of.prescribed) + number):
        of.enqueue(study, len(study.trials))
        trial = study.ask()
        drawn.append(of.suggest(trial))
        study.tell(trial, 0.0)
    return drawn[len(of.prescribed) :]


@pytest.mark.parametrize(
    ("parameter", "inside", "outside"),
    [
        (Parameter("p", "int", {"low": 4, "high": 24}), [4, 5, 24, 4.0], [3, 25, 4.5, "x", None]),
        (Parameter("p", "int", {"low": 4, "high": 24, "step": 4}), [4, 8, 24], [6]),
        (Parameter("p", "float", {"low": 1e-3, "high": 0.1, "log": True}), [1e-3, 0.1], [0, 0.2, math.nan]),
        (Parameter("p", "float", {"low": 0, "high": 1, "step": 0.25}), [0, 0.25, 1.0], [0.3, math.inf]),
        (Parameter("p", "categorical", {"choices": ("max", "mean")}), ["max"], ["min", 1, None]),
        (Parameter("p", "categorical", {"choices": (False, True)}), [True, False], ["true", 2]),
    ],
)
def test_a_parameter_admits_what_optuna_can_draw(
    parameter: Parameter, inside: list[object], outside: list[object]
) -> None:
    assert [value for value in (*inside, *outside) if parameter.admits(value)] == inside


@pytest.mark.parametrize("architecture", shipped_architectures())
def test_every_draw_of_a_shipped_space_is_a_config(architecture: str) -> None:
    for params in draw(shipped_space(architecture), 200):
        split_params(architecture, params)


@pytest.mark.parametrize("architecture", shipped_architectures())
def test_seed_and_starts_lie_within_their_shipped_space(architecture: str) -> None:
    shipped = shipped_space(architecture)
    study = optuna.create_study()
    for number, params in enumerate(shipped.prescribed):
        shipped.enqueue(study, number)
        trial = study.ask()
        assert shipped.suggest(trial) == params
        assert set(trial.params) == {p.name for p in shipped.active(params)}


def test_a_file_beside_the_shipped_spaces_is_no_architecture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(Path(studies.__file__).parent, tmp_path / "studies")
    (tmp_path / "studies" / "mine.toml").write_text('architecture = "cnn"\n')
    monkeypatch.setattr(resources, "files", lambda package: tmp_path / package)
    assert shipped_architectures() == ["cnn", "rnn"]
    with pytest.raises(SpaceError, match="unknown architecture 'mine'"):
        shipped_space("mine")


def test_the_shipped_seeds_are_the_published_configs() -> None:
    cnn, training = split_params("cnn", shipped_space("cnn").prescribed[0])
    assert (cnn.motif_length, cnn.filters, cnn.hidden, cnn.dropout) == (24, 64, 32, 0.5)
    assert (training.learning_rate, training.batch_size, training.epochs) == (1e-3, 256, 30)
    assert (training.averaging, training.loss) == (0.0, "mean_square")
    rnn, training = split_params("rnn", shipped_space("rnn").prescribed[0])
    assert (rnn.motif_length, rnn.filters, rnn.lstm_hidden, rnn.lstm_layers) == (11, 32, 128, 2)
    assert (rnn.hidden, rnn.dropout, training.batch_size, training.epochs) == (64, 0.5, 512, 20)
    assert (training.averaging, training.loss) == (0.0, "mean_square")


def test_conditional_parameters_are_drawn_under_their_condition_alone() -> None:
    conditional = space(
        {
            "layers": {"type": "int", "low": 1, "high": 2},
            "kernel_2": {"type": "int", "low": 3, "high": 5, "when": {"layers": [2]}},
        }
    )
    drawn = draw(conditional, 50)
    assert {params["layers"] for params in drawn} == {1, 2}
    assert all(("kernel_2" in params) == (params["layers"] == 2) for params in drawn)


def test_a_range_counts_only_under_its_condition() -> None:
    """A motif of 41 leaves no room for another layer, but is drawn where there is one layer alone."""
    conditional = space(
        {
            "layers": {"type": "int", "low": 1, "high": 3},
            "motif_length": {"type": "int", "low": 5, "high": 41, "when": {"layers": [1]}},
        },
        seed={"motif_length": 8, "layers": 3},
    )
    for params in draw(conditional, 50):
        split_params("cnn", params)


def test_fixed_values_are_in_every_draw_and_win_over_a_parameter() -> None:
    fixed = space({"filters": {"type": "int", "low": 4, "high": 8}}).with_fixed(epochs=3, filters=5)
    assert draw(fixed, 3) == [{"epochs": 3, "filters": 5}] * 3


def test_a_prescribed_config_may_have_its_own_of_what_is_fixed_until_a_person_fixes_it() -> None:
    parameters = {"filters": {"type": "int", "low": 4, "high": 8}}
    own = space(parameters, fixed={"epochs": 15}, seed={"filters": 4, "epochs": 30}, starts=[{"filters": 5}])
    assert [params["epochs"] for params in own.prescribed] == [30, 15]
    assert [params["epochs"] for params in own.with_fixed(epochs=2).prescribed] == [2, 2]
    assert {params["epochs"] for params in draw(own, 3)} == {15}


def test_a_seed_outside_of_the_space_is_trained_but_not_told_as_a_draw() -> None:
    outside = space(
        {
            "motif_length": {"type": "int", "low": 10, "high": 12},
            "hidden": {"type": "int", "low": 8, "high": 64},
        },
        seed={"motif_length": 24, "hidden": 32},
    )
    study = optuna.create_study()
    outside.enqueue(study, 0)
    trial = study.ask()
    assert outside.suggest(trial) == {"motif_length": 24, "hidden": 32}
    assert trial.params == {"hidden": 32}


def test_a_space_survives_being_stored() -> None:
    for architecture in shipped_architectures():
        shipped = shipped_space(architecture)
        assert parse_space(shipped.to_dict()) == shipped


def test_a_file_without_seed_gets_the_published_one(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('architecture = "cnn"\n[parameters]\nhidden = { type = "int", low = 8, high = 16 }\n')
    assert read_space(path).seed == shipped_space("cnn").seed


LOW_HIGH = {"type": "int", "low": 4, "high": 8}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"parameters": {}}, "parameters is empty"),
        ({"parameters": 3}, "parameters is 3; it has to be a table"),
        ({"extra": 1, "parameters": {"filters": LOW_HIGH}}, "unknown key 'extra'"),
        ({"architecture": 5, "parameters": {"filters": LOW_HIGH}}, "architecture is 5"),
        ({"architecture": "gnn", "parameters": {"filters": LOW_HIGH}}, "gnn"),
        ({"parameters": {"filters": 7}}, "parameters.filters is 7"),
        ({"parameters": {"filters": {"type": "whole"}}}, "parameters.filters.type is 'whole'"),
        ({"parameters": {"filters": {"type": "int", "low": 9, "high": 8}}}, "low 9 is above high 8"),
        ({"parameters": {"filters": {"type": "int", "low": 4}}}, "parameters.filters.high is None"),
        ({"parameters": {"filters": {"type": "int", "low": 4.5, "high": 8}}}, "low is 4.5; it has to be"),
        ({"parameters": {"filters": {**LOW_HIGH, "step": 0}}}, "step is 0"),
        ({"parameters": {"filters": {**LOW_HIGH, "log": "yes"}}}, "log is 'yes'"),
        ({"parameters": {"filters": {**LOW_HIGH, "log": True, "step": 2}}}, "no step"),
        ({"parameters": {"dropout": {"type": "float", "low": 0, "high": 0.5, "log": True}}}, "low is 0"),
        ({"parameters": {"filters": {**LOW_HIGH, "choices": [1]}}}, "choices is not known for type int"),
        ({"parameters": {"pooling": {"type": "categorical", "choices": []}}}, "at least one value"),
        ({"parameters": {"pooling": {"type": "categorical", "choices": ["max", "max"]}}}, "once"),
        ({"parameters": {"pooling": {"type": "categorical", "choices": [[1]]}}}, "holds [1]"),
        ({"parameters": {"pooling": {"type": "categorical", "choices": ["max", "min"]}}}, "'min'"),
        ({"parameters": {"fliters": LOW_HIGH}}, "did you mean 'filters'?"),
        ({"parameters": {"filters": {"type": "int", "low": 0, "high": 8}}}, "filters: filters = 0"),
        ({"parameters": {"motif_length": {"type": "int", "low": 4, "high": 42}}}, "motif_length = 42"),
        ({"parameters": {"filters": {**LOW_HIGH, "when": {"layers": [2]}}}}, "neither fixed nor a parameter"),
        ({"fixed": {"layers": 2}, "parameters": {"filters": {**LOW_HIGH, "when": {"layers": 2}}}}, "list of"),
        ({"seed": {"filtres": 4}, "parameters": {"filters": LOW_HIGH}}, "seed and fixed"),
        ({"starts": 3, "parameters": {"filters": LOW_HIGH}}, "starts is 3"),
        ({"starts": [{"filters": 0}], "parameters": {"filters": LOW_HIGH}}, "starts, number 1"),
    ],
)  # fmt: skip
def test_errors_name_file_and_key(content: dict[str, object], message: str) -> None:
    with pytest.raises(SpaceError) as error:
        parse_space({"architecture": "cnn", **content}, "my.toml")
    assert str(error.value).startswith("my.toml: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)
