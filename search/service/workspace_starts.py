"""Starts for a new study: configs that won for other proteins of the workspace, by validation alone."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna

from data_io.errors import StudyError
from search.strategy.portfolio import cover
from search.strategy.space import Space, Value
from search.study.record import open_study
from search.study.states import State

log = logging.getLogger(__name__)

MOST = 3  # starts that a study takes from others

Config = Mapping[str, Value]


@dataclass(frozen=True)
class Winner:
    """The config that won a finished study."""

    study: str
    experiment: str
    params: Config


def find_winners(storage: optuna.storages.BaseStorage, architecture: str) -> list[Winner]:
    """List the winners of the finished studies of an architecture, by the names of the studies."""
    found = []
    for name in sorted(study.study_name for study in storage.get_all_studies()):
        try:
            record = open_study(storage, name)
        except StudyError:  # of another version: nothing to learn from
            continue
        if record.state is State.DONE and record.spec.architecture == architecture:
            params = record.attribute("result")["params"]
            found.append(Winner(name, record.spec.experiment, params))
    return found


def starts_within(space: Space, winners: Sequence[Winner]) -> list[Winner]:
    """Give the winners that a trial of the space could have; log how many are left out, and why."""
    within, outside = [], []
    for winner in winners:
        params: Config = {**winner.params, **space.fixed}
        if params in space.prescribed or winner.params in space.prescribed:
            continue  # it is tried anyway
        reason = space.misfit(params)
        if reason is None:
            within.append(Winner(winner.study, winner.experiment, params))
        else:
            outside.append(f"{winner.study} has {reason}")
    if outside:
        log.warning(
            "%d of %d configs that won in this workspace are no starts, being outside of the space: %s%s",
            len(outside),
            len(winners),
            outside[0],
            ", and others" if len(outside) > 1 else "",
        )
    return within


def choose_starts(space: Space, winners: Sequence[Winner], experiment: str) -> tuple[dict[str, Any], ...]:
    """Choose a few of the winners of other experiments, so that each of all is near to one of them.

    Parameters
    ----------
    space : Space
    winners : sequence of Winner
        See `starts_within`.
    experiment : str
        Whose own are left out.
    """
    others = [winner for winner in winners if winner.experiment != experiment]
    nearness = [[-space.distance(one.params, other.params) for other in others] for one in others]
    return tuple(dict(others[row].params) for row in cover(nearness, MOST))
