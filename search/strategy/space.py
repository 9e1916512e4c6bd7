"""Search spaces: what the trials of a study draw, and which configs they begin with."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import optuna

Value = bool | int | float | str


@dataclass(frozen=True)
class Parameter:
    """One hyperparameter: what it may be, and under which other values it is drawn at all.

    Attributes
    ----------
    kind : {"int", "float", "categorical"}
    options : dict
        The arguments of Optuna's ``suggest_<kind>``: low, high, step and log, or choices.
    when : dict
        Name of an earlier parameter -> the values under which this one is drawn.
    """

    name: str
    kind: str
    options: Mapping[str, Any]
    when: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)

    @property
    def distribution(self) -> optuna.distributions.BaseDistribution:
        """The same as one of Optuna's distributions."""
        kinds: dict[str, Any] = {
            "int": optuna.distributions.IntDistribution,
            "float": optuna.distributions.FloatDistribution,
            "categorical": optuna.distributions.CategoricalDistribution,
        }
        distribution: optuna.distributions.BaseDistribution = kinds[self.kind](**self.options)
        return distribution

    @property
    def extremes(self) -> tuple[Value, ...]:
        """The values that a check of the whole range has to try."""
        return tuple(self.options.get("choices") or (self.options["low"], self.options["high"]))

    def applies(self, drawn: Mapping[str, Value]) -> bool:
        """Tell whether the values drawn so far call for this parameter."""
        return all(name in drawn and drawn[name] in allowed for name, allowed in self.when.items())

    def suggest(self, trial: optuna.Trial) -> Value:
        """Draw a value for `trial`."""
        value: Value = getattr(trial, f"suggest_{self.kind}")(self.name, **self.options)
        return value

    def admits(self, value: Value) -> bool:
        """Tell whether the distribution contains `value`."""
        distributions = {self.name: self.distribution}
        try:
            optuna.trial.create_trial(value=0.0, params={self.name: value}, distributions=distributions)
        except (ValueError, TypeError):
            return False
        return True

    def distance(self, one: Value | None, other: Value | None) -> float:
        """Give how far two values lie apart, 0 to 1; None is that of a config that does not have it."""
        if one == other:
            return 0.0
        if one is None or other is None or self.kind == "categorical":
            return 1.0
        scale = math.log if self.options.get("log") else float
        low, high = scale(self.options["low"]), scale(self.options["high"])
        return min(1.0, abs(scale(float(one)) - scale(float(other))) / (high - low or 1.0))

    def to_dict(self) -> dict[str, Any]:
        """Give plain values, the form kept in a study's provenance."""
        when = {name: list(values) for name, values in self.when.items()}
        return {"type": self.kind, **self.options, **({"when": when} if when else {})}


@dataclass(frozen=True)
class Space:
    """A validated search space of one architecture.

    Attributes
    ----------
    architecture : str
    parameters : tuple of Parameter
        In the order in which a trial draws them.
    seed : dict
        The hyperparameters of trial 0.
    fixed : dict
        Hyperparameters that are the same in every trial, unless a prescribed one has its own.
    starts : tuple of dict
        The hyperparameters of trials 1, 2 and so on, before any is drawn.
    """

    architecture: str
    parameters: tuple[Parameter, ...]
    seed: Mapping[str, Value]
    fixed: Mapping[str, Value]
    starts: tuple[Mapping[str, Value], ...] = ()

    @property
    def prescribed(self) -> tuple[dict[str, Value], ...]:
        """The hyperparameters of the first trials, which are not drawn: the seed, then the starts."""
        return tuple({**self.fixed, **params} for params in (self.seed, *self.starts))

    def active(self, drawn: dict[str, Value]) -> Iterator[Parameter]:
        """Yield the parameters that apply, in order; the caller adds each value to `drawn` on the way."""
        for parameter in self.parameters:
            if parameter.name not in self.fixed and parameter.applies(drawn):
                yield parameter

    def enqueue(self, study: optuna.Study, number: int) -> None:
        """Let the next trial, `number`, be the prescribed one, where there is one."""
        if number < len(self.prescribed):
            study.enqueue_trial(self.within(self.prescribed[number]))

    def suggest(self, trial: optuna.Trial) -> dict[str, Value]:
        """Give the hyperparameters of `trial`, drawn or (see `enqueue`) prescribed, with the fixed ones."""
        return self._prescribe(trial) if trial.number < len(self.prescribed) else self.draw(trial)

    def draw(self, trial: optuna.Trial) -> dict[str, Value]:
        """Draw the hyperparameters of `trial`, whatever its number, and give them with the fixed ones."""
        drawn: dict[str, Value] = dict(self.fixed)
        for parameter in self.active(drawn):
            drawn[parameter.name] = parameter.suggest(trial)
        return drawn

    def _prescribe(self, trial: optuna.Trial) -> dict[str, Value]:
        """Record with `trial` what the space contains of its prescribed config, and give the whole."""
        params = self.prescribed[trial.number]
        within = self.within(params)
        for parameter in self.parameters:
            if parameter.name in within:
                parameter.suggest(trial)
        return params

    def within(self, params: Mapping[str, Value]) -> dict[str, Value]:
        """Give the part of a config that a trial of this space could draw."""
        active = (p for p in self.active(dict(params)) if p.name in params)
        return {p.name: params[p.name] for p in active if p.admits(params[p.name])}

    def misfit(self, params: Mapping[str, Value]) -> str | None:
        """Say what of a config no trial of this space has, as ``name = value``; None where it has all."""
        within = {**self.within(params), **self.fixed}
        for name, value in params.items():
            if name not in within or within[name] != value:
                return f"{name} = {value!r}"
        return next((f"no {p.name}" for p in self.active(dict(params)) if p.name not in params), None)

    def distance(self, one: Mapping[str, Value], other: Mapping[str, Value]) -> float:
        """Give how far two configs lie apart, the sum over the parameters; 0 where they are the same.

        Distances are Gower's (1971): for a number the difference as a share of the range (of its logarithm
        where it is drawn so), for a choice 0 or 1; a parameter that one of the two does not have counts 1.
        """
        return sum(p.distance(one.get(p.name), other.get(p.name)) for p in self.parameters)

    def with_fixed(self, **values: Value) -> Space:
        """Give the same space with some hyperparameters set for every trial, the prescribed ones too."""
        seed, *starts = (
            {name: value for name, value in params.items() if name not in values}
            for params in (self.seed, *self.starts)
        )
        return replace(self, fixed={**self.fixed, **values}, seed=seed, starts=tuple(starts))

    def without_starts(self) -> Space:
        """Give the same space with no configs before those that are drawn."""
        return replace(self, starts=())

    def to_dict(self) -> dict[str, Any]:
        """Give plain values, the form kept in a study's provenance."""
        return {
            "architecture": self.architecture,
            "fixed": dict(self.fixed),
            "seed": dict(self.seed),
            "starts": [dict(start) for start in self.starts],
            "parameters": {p.name: p.to_dict() for p in self.parameters},
        }
