"""The strategies that are compared, a row each: today's, and what is otherwise in one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from search.strategy.space import Space
from search.strategy.strategy import Strategy

TODAY = "today"
PORTFOLIO = 3  # starts
BY_HAND = {  # starts that come first in the shipped spaces and were not chosen on the curves
    "cnn": 2,
    "rnn": 4,
}
RULES: Mapping[str, Mapping[str, Any]] = {  # what else draws and ends trials
    "random": {"sampler": "random"},
    "TPE after 5": {"startup_trials": 5},
    "TPE after 20": {"startup_trials": 20},
    "TPE, each parameter alone": {"multivariate": False},
    "nothing ends early": {"pruner": "none", "patience": None},
    "patience 2 alone": {"pruner": "none"},
    "patience 4 alone": {"pruner": "none", "patience": 4},
    "nothing is pruned before epoch 3": {"early_keep_percent": None},
    "best 80 % before epoch 3": {"early_keep_percent": 80.0},
    "best 60 % before epoch 3": {"early_keep_percent": 60.0},
    "best 40 % from epoch 1": {"early_keep_percent": 40.0},
    "patience 3": {"patience": 3},
    "median": {"keep_percent": 50.0, "patience": None},
    "median, patience 4": {"keep_percent": 50.0, "patience": 4},
    "best 25 %, patience 2": {"keep_percent": 25.0},
    "halving": {"pruner": "halving", "patience": None},
    "halving, patience 2": {"pruner": "halving"},
    "Hyperband": {"pruner": "hyperband", "patience": None},
    "extrapolation": {"pruner": "extrapolation", "patience": None},
    "extrapolation, patience 2": {"pruner": "extrapolation"},
    "extrapolation by median": {"pruner": "extrapolation", "hoped_gain": 0.5},
}
SLOW = {"Gaussian process after 5": {"sampler": "gp", "startup_trials": 5}}  # half a minute a search

Starts = tuple[Mapping[str, Any], ...]


def todays_starts(space: Space, portfolio: Iterable[Mapping[str, Any]]) -> Starts:
    """Give the starts as shipped, but a portfolio of other experiments for what was chosen on all."""
    by_hand = space.starts[: BY_HAND[space.architecture]]
    return once(space, (*by_hand, *portfolio)) if len(space.starts) > len(by_hand) else by_hand


def once(space: Space, starts: Iterable[Mapping[str, Any]]) -> Starts:
    """Leave out starts that come again."""
    first: dict[str, Mapping[str, Any]] = {}
    for start in starts:
        first.setdefault(repr(sorted({**space.fixed, **start}.items())), start)
    return tuple(first.values())


def candidates(
    space: Space,
    portfolio: Sequence[Mapping[str, Any]],
    winners: Sequence[Mapping[str, Any]],
    slow: bool = False,
) -> dict[str, Strategy]:
    """Give the strategies by name.

    Parameters
    ----------
    space : Space
        With the starts as shipped (see `todays_starts`).
    portfolio : sequence of dict
        Starts chosen on other experiments; none where there are too few of them.
    winners : sequence of dict
        Starts as a workspace with the other experiments would give them; none where each is prescribed.
    slow : bool
        Give those, too, whose draws take long.
    """
    by_hand = space.starts[: BY_HAND[space.architecture]]
    today = Strategy(starts=todays_starts(space, portfolio))
    others = today.starts[len(by_hand) :]
    changes: dict[str, Mapping[str, Any]] = {
        TODAY: {},
        **RULES,
        "no starts": {"starts": ()},
        "starts by hand alone": {"starts": by_hand},
        "starts by hand in reverse": {"starts": (*by_hand[::-1], *others)},
        "starts by hand and portfolio": {"starts": once(space, (*by_hand, *portfolio))},
        "portfolio alone": {"starts": tuple(portfolio)},
        "portfolio first": {"starts": once(space, (*portfolio, *by_hand))},
        "with winners of the others": {"transferred": tuple(winners)},
    }
    if slow:
        changes |= SLOW
    return {name: replace(today, **change) for name, change in changes.items()}
