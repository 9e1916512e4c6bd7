"""Specifications: stored, read back and compared."""

from __future__ import annotations

import pytest

from data_io.errors import StudyError
from search.strategy.space_files import shipped_space
from search.strategy.strategy import Strategy
from search.study.spec import Spec, differences, package_versions


def spec(**changes: object) -> Spec:
    shipped = shipped_space("cnn")
    values = {
        "space": shipped.without_starts().to_dict(),
        "strategy": Strategy(starts=shipped.starts),
        "seed": 1,
        "split": "grouped",
    } | changes
    return Spec("RBFOX1", "RNCMPT00168", "Homo_sapiens", **values)


def test_a_specification_survives_being_stored() -> None:
    assert Spec.from_dict(spec().to_dict(), "x") == spec()
    assert spec().study == "RBFOX1/RNCMPT00168/cnn"


def test_one_of_another_version_is_refused() -> None:
    content = spec().to_dict()
    content["strategy"].pop("members")
    with pytest.raises(StudyError, match="study x: written by another version"):
        Spec.from_dict(content, "x")


def test_differences_are_named_down_to_the_value() -> None:
    fixed = shipped_space("cnn").with_fixed(epochs=5).without_starts().to_dict()
    other = spec(seed=2, space=fixed, asked={"epochs": 5})
    assert differences(spec(), other) == [
        "seed was 1, now 2",
        "space.fixed.epochs was 15, now 5",
        "space.seed.epochs was 30, now None",
    ]
    assert differences(spec(), spec()) == []


def test_what_followed_from_other_defaults_is_no_difference() -> None:
    """A later version has another patience and another shipped space; the same command goes on."""
    before = spec(strategy=Strategy(patience=9), space={**spec().space, "fixed": {"epochs": 20}})
    assert differences(before, spec()) == []
    assert differences(spec(asked={"members": 3}), spec()) == []


def test_what_was_asked_for_by_name_is_compared() -> None:
    two = spec(strategy=Strategy(members=2), asked={"members": 2})
    three = spec(strategy=Strategy(members=3), asked={"members": 3})
    assert "strategy.members was 2, now 3" in differences(two, three)
    assert "strategy.members was 3, now 2" in differences(three, spec())


def test_a_space_of_ones_own_is_compared_whole() -> None:
    own = {"asked": {"space": True}}
    shipped = spec().space
    smaller = {**shipped, "fixed": {**shipped["fixed"], "epochs": 20}}
    assert differences(spec(**own), spec(space=smaller, **own)) == ["space.fixed.epochs was 15, now 20"]


def test_versions_name_what_the_figures_depend_on() -> None:
    assert {"rbptune", "python", "torch", "optuna", "numba"} <= set(package_versions())
