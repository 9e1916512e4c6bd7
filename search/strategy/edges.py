"""Whether a config lies at the edge of what was searched, where a wider space may hold a better one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from data_io.errors import ConfigError
from models.config import split_params
from search.strategy.space import Parameter, Space, Value

NEAR = 0.05  # of the range (of its logarithm, where it is drawn so) counts as its edge


def find_edges(space: Space, params: Mapping[str, Value]) -> dict[str, dict[str, Any]]:
    """Find the numbers of a config that lie at the edge of their range.

    An edge that the architecture does not allow to pass, such as a dropout of 0, is none.

    Parameters
    ----------
    space : Space
    params : dict
        A config of the space, complete.

    Returns
    -------
    dict
        Name of a hyperparameter -> its value, and low and high of its range.
    """
    found = {}
    for parameter in space.active(dict(params)):
        value = params.get(parameter.name)
        if value is None or parameter.kind == "categorical" or not parameter.admits(value):
            continue
        beyond = [{**params, parameter.name: other} for other in _passed(parameter, value)]
        if any(_is_config(space.architecture, config) for config in beyond):
            low, high = parameter.extremes
            found[parameter.name] = {"value": value, "low": low, "high": high}
    return found


def _passed(parameter: Parameter, value: Value) -> Iterator[Value]:
    """Give a value beyond each edge that `value` lies at."""
    low, high = (float(edge) for edge in parameter.extremes)
    if low == high:
        return
    step = float(parameter.options.get("step", 1 if parameter.kind == "int" else NEAR * (high - low)))
    stepwise = parameter.kind == "int" or "step" in parameter.options
    for edge, sign in ((low, -1), (high, 1)):
        if parameter.distance(value, edge) <= (1e-9 if stepwise else NEAR):
            by_factor = parameter.options.get("log") and not stepwise
            beyond = edge * (high / low) ** (sign * NEAR) if by_factor else edge + sign * step
            yield round(beyond) if parameter.kind == "int" else beyond


def _is_config(architecture: str, params: dict[str, Value]) -> bool:
    try:
        split_params(architecture, params)
    except ConfigError:
        return False
    return True
