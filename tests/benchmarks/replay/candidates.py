"""The strategies that are compared, a row each: today's, and what is otherwise in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
SLOW = {"Gaussian process after 5": {"sampler": "gp", "startup_trials": 5}}  # half a minute a search


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
        With the starts as shipped. Those that were chosen on the curves of all experiments give way to what
        would have been chosen on the others.
    portfolio : sequence of dict
        Starts chosen on other experiments; none where there are too few of them.
    winners : sequence of dict
        Starts as a workspace with the other experiments would give them.
    slow : bool
        Give those, too, whose draws take long.
    """
    by_hand = space.starts[: BY_HAND[space.architecture]]
    today = Strategy(starts=(*by_hand, *portfolio))
    changes: dict[str, dict[str, Any]] = {
        TODAY: {},
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
        "no starts": {"starts": ()},
        "starts by hand alone": {"starts": by_hand},
        "starts by hand in reverse": {"starts": (*by_hand[::-1], *portfolio)},
        "portfolio alone": {"starts": tuple(portfolio)},
        "portfolio first": {"starts": (*portfolio, *by_hand)},
    }
    if slow:
        changes |= SLOW
    if winners:
        changes["with winners of the others"] = {"transferred": tuple(winners)}
    return {name: replace(today, **change) for name, change in changes.items()}
