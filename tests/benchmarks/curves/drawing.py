"""Which config is recorded next: the prescribed ones, then drawn at random, by searches, and from others.

The configs of a number are the same for all experiments, but for those that a search draws: a portfolio needs
configs that were tried everywhere, and a replay needs many where a search would go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.trial import TrialState

from search.strategy.sampler import make_sampler
from search.strategy.seeds import derive_seed
from search.strategy.space import Space
from search.strategy.strategy import Strategy
from tests.benchmarks.curves.records import Record

ROUND = "random", "searched", "random", "searched", "transferred"
SEARCH = Strategy(startup_trials=5)

Drawn = tuple[str, dict[str, Any]]


def config(
    number: int, experiment: str, space: Space, records: Sequence[Record], experiments: Sequence[str]
) -> Drawn:
    """Give origin and hyperparameters of an experiment's config of a number.

    Parameters
    ----------
    records : sequence of Record
        All that were made with this architecture.
    experiments : sequence of str
        Those that are recorded.
    """
    if number < len(space.prescribed):
        return "prescribed", space.prescribed[number]
    turn, place = divmod(number - len(space.prescribed), len(ROUND))
    own = [record for record in records if record.experiment == experiment and record.number < number]
    if ROUND[place] == "searched":
        return "searched", search(number, experiment, space, own)
    if ROUND[place] == "transferred":
        source = experiments[turn % len(experiments)]
        if (params := transfer(number, source, records)) is not None:
            return "transferred", params
    return "random", draw_at_random(number, space)


def draw_at_random(number: int, space: Space) -> dict[str, Any]:
    """Draw a config that depends on the number alone."""
    seed = derive_seed("curves", space.architecture, number)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    return space.draw(study.ask())


def search(number: int, experiment: str, space: Space, own: Sequence[Record]) -> dict[str, Any]:
    """Draw the config that a search would, which had seen what was recorded of the experiment."""
    seed = derive_seed("curves", space.architecture, experiment, number)
    study = optuna.create_study(study_name="curves", direction="maximize", sampler=make_sampler(SEARCH, seed))
    distributions = {parameter.name: parameter.distribution for parameter in space.parameters}
    for record in own:
        within = space.within(record.params)
        study.add_trial(
            optuna.trial.create_trial(
                state=TrialState.COMPLETE,
                value=record.best,
                params=within,
                distributions={name: distributions[name] for name in within},
            )
        )
    return space.draw(study.ask())


def transfer(number: int, source: str, records: Sequence[Record]) -> Mapping[str, Any] | None:
    """Give the best config that a search drew for `source`; the first that was taken stays for all."""
    taken = [record for record in records if record.number == number and record.origin == "transferred"]
    if taken:
        return dict(taken[0].params)
    of_source = [
        r for r in records if r.experiment == source and r.number < number and r.origin == "searched"
    ]
    return dict(max(of_source, key=lambda record: record.best).params) if of_source else None
