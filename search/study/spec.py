"""A study's specification: all that decides its figures, stored with it when it is made."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import version
from typing import Any

from data_io.errors import ConfigError, StudyError
from search.strategy.space import Space
from search.strategy.space_files import parse_space
from search.strategy.strategy import Strategy

VERSIONS = ("torch", "numpy", "numba", "optuna", "distributed")
OWN_SPACE = "space"


@dataclass(frozen=True)
class Spec:
    """What a study searches, on what, and by which protocol.

    Attributes
    ----------
    protein, experiment, species : str
        The experiment, by its row of the master sheet.
    space : dict
        The search space, as `Space.to_dict` gives it, without its starts, which are the strategy's.
    strategy : Strategy
    seed : int
        Of sampling, splitting apart, initialisation, shuffling and dropout.
    split : {"grouped", "seeded-shuffle"}
    asked : dict or None
        What of space and strategy a person asked for by name, such as ``{"epochs": 8}``; all else followed
        from defaults, which may be others in another version. None where that is not known.
    """

    protein: str
    experiment: str
    species: str
    space: Mapping[str, Any]
    strategy: Strategy
    seed: int
    split: str
    asked: Mapping[str, Any] | None = field(default_factory=dict)

    @property
    def architecture(self) -> str:
        """The architecture's name."""
        return str(self.space["architecture"])

    @property
    def study(self) -> str:
        """The study's name, PROTEIN/RNCMPTxxxxx/ARCH."""
        return f"{self.protein}/{self.experiment}/{self.architecture}"

    def load_space(self) -> Space:
        """Give the search space with the strategy's starts of all kinds, checked against the architecture."""
        starts = [dict(start) for start in (*self.strategy.starts, *self.strategy.transferred)]
        return parse_space({**self.space, "starts": starts}, f"study {self.study}")

    def to_dict(self) -> dict[str, Any]:
        """Give plain values, the form kept in a study."""
        return {**asdict(self), "strategy": self.strategy.to_dict()}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], study: str) -> Spec:
        """Read plain values back, those of version 0.1.0 too.

        Raises
        ------
        StudyError
            When they are those of another version of rbptune.
        """
        try:
            values = _upgraded(content)
            if set(values) != set(cls.__dataclass_fields__):
                raise ConfigError("unknown form")
            return cls(**{**values, "strategy": Strategy.from_dict(values["strategy"])})
        except (ConfigError, KeyError, TypeError) as error:
            raise StudyError(
                f"study {study}: written by another version of rbptune; use another --workspace"
            ) from error


def _upgraded(content: Mapping[str, Any]) -> dict[str, Any]:
    """Give the present form of a specification; in version 0.1.0 the strategy stood in three places."""
    values = dict(content)
    if "pruner" not in values:
        return values
    rule, space = dict(values.pop("pruner")), dict(values.pop("space"))
    strategy = Strategy(
        sampler="tpe",
        startup_trials=10,
        pruner="percentile",
        keep_percent=rule.pop("keep_percent"),
        pruner_startup_trials=rule.pop("startup_trials"),
        warmup_epochs=rule.pop("warmup_epochs"),
        early_keep_percent=None,
        patience=rule.pop("patience"),
        min_gain=rule.pop("min_gain"),
        retraining_patience=rule.pop("retraining_patience"),
        starts=tuple(space["starts"]),
        counted=("finished", "pruned"),
        finalists=values.pop("finalists"),
        members=values.pop("members"),
        partners_within=None,
        refit=False,
    )
    if rule:
        raise ConfigError(f"unknown rule {sorted(rule)}")
    return {**values, "space": {**space, "starts": []}, "strategy": strategy.to_dict(), "asked": None}


def differences(stored: Spec, asked: Spec) -> list[str]:
    """Say where a study differs from what is asked for now, one short text a value.

    What followed from defaults, then and now, is no difference: the study goes on with what it has.
    """
    found = _differences(_compared(stored), _compared(asked))
    if stored.asked is not None and dict(stored.asked) != dict(asked.asked or {}):
        return found
    wanted = set(asked.asked or {})
    free = ["strategy.", *([] if OWN_SPACE in wanted else ["space."])]
    named = {f"{place}.{name}" for name in wanted for place in ("strategy", "space.fixed")}
    named |= {"strategy.starts"} if OWN_SPACE in wanted else set()
    return [text for text in found if text.split(" was ")[0] in named or not text.startswith(tuple(free))]


def _compared(spec: Spec) -> dict[str, Any]:
    return {key: value for key, value in spec.to_dict().items() if key != "asked"}


def _differences(stored: Mapping[str, Any], asked: Mapping[str, Any]) -> list[str]:
    found = []
    for key in sorted({*stored, *asked}):
        old, new = stored.get(key), asked.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += [f"{key}.{text}" for text in _differences(old, new)]
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
