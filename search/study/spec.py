"""A study's specification: all that decides its figures, stored with it when it is made."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

from data_io.errors import StudyError
from search.strategy.space import Space
from search.strategy.space_files import parse_space

PRUNER: dict[str, Any] = {
    "keep_percent": 40,
    "startup_trials": 5,
    "warmup_epochs": 3,
    "patience": 2,
    "min_gain": 0.001,
    "retraining_patience": 5,
}
"""What ends trials early: not among the best 40 % of the finished ones at the same epoch, or `patience`
epochs without a gain of more than `min_gain`. Retraining is to get all that there is: it ends after its own
patience without any new best. Trial 0 trains to its end, as published."""
VERSIONS = ("torch", "numpy", "numba", "optuna", "distributed")


@dataclass(frozen=True)
class Spec:
    """What a study searches, on what, and by which protocol.

    Attributes
    ----------
    protein, experiment, species : str
        The experiment, by its row of the master sheet.
    space : dict
        The search space, as `Space.to_dict` gives it, with the number of epochs among its fixed values.
    seed : int
        Of sampling, splitting apart, initialisation, shuffling and dropout.
    split : {"grouped", "seeded-shuffle"}
    finalists : int
        Best configs that are retrained before the winner is chosen.
    members : int
        Seeds with which each finalist is retrained.
    """

    protein: str
    experiment: str
    species: str
    space: dict[str, Any]
    seed: int = 0
    split: str = "grouped"
    finalists: int = 3
    members: int = 3

    @property
    def architecture(self) -> str:
        """The architecture's name."""
        return str(self.space["architecture"])

    @property
    def study(self) -> str:
        """The study's name, PROTEIN/RNCMPTxxxxx/ARCH."""
        return f"{self.protein}/{self.experiment}/{self.architecture}"

    def load_space(self) -> Space:
        """Give the search space, checked against the architecture."""
        return parse_space(self.space, f"study {self.study}")

    def to_dict(self) -> dict[str, Any]:
        """Give plain values, with the pruner."""
        return {**asdict(self), "pruner": PRUNER}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], study: str) -> Spec:
        """Read plain values back.

        Raises
        ------
        StudyError
            When they are those of another version of rbptune, or of one that ended trials by another rule.
        """
        fields = {key: value for key, value in content.items() if key != "pruner"}
        if set(fields) != set(cls.__dataclass_fields__) or content.get("pruner") != PRUNER:
            raise StudyError(f"study {study}: written by another version of rbptune; use another --workspace")
        return cls(**fields)


def differences(stored: Mapping[str, Any], asked: Mapping[str, Any]) -> list[str]:
    """Say where two specifications differ, one short text a value."""
    found = []
    for key in sorted({*stored, *asked}):
        old, new = stored.get(key), asked.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += [f"{key}.{text}" for text in differences(old, new)]
        elif old != new:
            found.append(f"{key} was {old!r}, now {new!r}")
    return found


@cache
def package_versions() -> dict[str, str]:
    """Give the versions of what the figures can depend on."""
    return {
        "rbptune": version("rbptune"),
        "python": platform.python_version(),
        **{name: version(name) for name in VERSIONS},
    }
