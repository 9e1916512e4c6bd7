"""Specifications: stored, read back and compared."""

from __future__ import annotations

import pytest

from data_io.errors import StudyError
from search.strategy.space_files import shipped_space
from search.study.spec import Spec, differences, package_versions


def spec(**changes: object) -> Spec:
    values = {"space": shipped_space("cnn").to_dict(), "seed": 1} | changes
    return Spec("RBFOX1", "RNCMPT00168", "Homo_sapiens", **values)


def test_a_specification_survives_being_stored() -> None:
    assert Spec.from_dict(spec().to_dict(), "x") == spec()
    assert spec().study == "RBFOX1/RNCMPT00168/cnn"


def test_one_of_another_version_is_refused() -> None:
    content = spec().to_dict()
    content.pop("members")
    with pytest.raises(StudyError, match="study x: written by another version"):
        Spec.from_dict(content, "x")


def test_differences_are_named_down_to_the_value() -> None:
    other = spec(seed=2, space=shipped_space("cnn").with_fixed(epochs=5).to_dict())
    found = differences(spec().to_dict(), other.to_dict())
    assert found == ["seed was 1, now 2", "space.fixed.epochs was 30, now 5"]
    assert differences(spec().to_dict(), spec().to_dict()) == []


def test_versions_name_what_the_figures_depend_on() -> None:
    assert {"rbptune", "python", "torch", "optuna", "numba"} <= set(package_versions())
