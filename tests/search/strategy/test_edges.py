"""Whether the best config lies at the edge of its space."""

from __future__ import annotations

import pytest

from search.strategy.edges import find_edges
from search.strategy.space_files import parse_space, shipped_space

SPACE = parse_space(
    {
        "architecture": "cnn",
        "fixed": {"epochs": 5},
        "seed": {"motif_length": 8},
        "parameters": {
            "layers": {"type": "int", "low": 1, "high": 3},
            "motif_length": {"type": "int", "low": 5, "high": 24},
            "kernel_2": {"type": "int", "low": 3, "high": 9, "step": 2, "when": {"layers": [2, 3]}},
            "hidden": {"type": "categorical", "choices": [32, 64]},
            "dropout": {"type": "float", "low": 0.0, "high": 0.6, "step": 0.05},
            "learning_rate": {"type": "float", "low": 1e-4, "high": 5e-3, "log": True},
        },
    },
    "my.toml",
)
INSIDE = {
    "epochs": 5,
    "layers": 2,
    "motif_length": 8,
    "kernel_2": 5,
    "hidden": 64,
    "dropout": 0.3,
    "learning_rate": 1e-3,
}


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, set()),
        ({"learning_rate": 4.5e-3}, {"learning_rate"}),  # near is enough: winners of old were at 0.0043
        ({"learning_rate": 3e-3}, set()),
        ({"learning_rate": 1.1e-4, "dropout": 0.6}, {"learning_rate", "dropout"}),
        ({"dropout": 0.55}, set()),
        ({"dropout": 0.0}, set()),  # no dropout is below
        ({"layers": 3}, set()),  # no network has four
        ({"motif_length": 5}, {"motif_length"}),
        ({"motif_length": 6}, set()),
        ({"kernel_2": 9}, {"kernel_2"}),
        ({"kernel_2": 9, "layers": 1}, set()),  # without effect
        ({"learning_rate": 0.1}, set()),  # outside, as a prescribed config can be
    ],
)
def test_numbers_at_an_edge_that_could_be_passed_are_found(changed, found):
    edges = find_edges(SPACE, {**INSIDE, **changed})
    assert set(edges) == found
    for name, edge in edges.items():
        parameter = next(p for p in SPACE.parameters if p.name == name)
        assert (edge["low"], edge["high"]) == parameter.extremes
        assert edge["value"] == {**INSIDE, **changed}[name]


def test_no_prescribed_config_of_the_shipped_cnn_lies_at_an_edge_of_the_learning_rate():
    space = shipped_space("cnn")
    for params in space.prescribed:
        assert "learning_rate" not in find_edges(space, params)
