"""Plays all strategies on all experiments, on several cores."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from multiprocessing import get_context
from typing import Any

import optuna
import torch

from search.service import workspace_starts
from search.service.workspace_starts import Winner
from search.strategy.space import Space
from search.strategy.space_files import shipped_space
from search.strategy.strategy import Strategy
from tests.benchmarks.curves.portfolio import choose_starts
from tests.benchmarks.curves.records import Record
from tests.benchmarks.replay.candidates import PORTFOLIO, TODAY, candidates
from tests.benchmarks.replay.playing import play
from tests.benchmarks.replay.table import Results, figures

TRIALS = 30  # of a search by default


def compare(
    records: list[Record], seeds: int, processes: int, slow: bool, only: Sequence[str] = ()
) -> Results:
    """Play every strategy, or some and today's, on every experiment with every seed."""
    experiments = sorted({record.experiment for record in records})
    results: dict[tuple[str, str, int], tuple[float, ...]] = {}
    with ProcessPoolExecutor(processes, get_context("spawn"), initializer=quiet) as pool:
        for found in pool.map(
            partial(one, records, slow, tuple(only)), *zip(*product(experiments, range(seeds)), strict=True)
        ):
            results |= found
    return results


def one(
    records: list[Record], slow: bool, only: Sequence[str], experiment: str, seed: int
) -> dict[tuple[str, str, int], tuple[float, ...]]:
    """Play every strategy on an experiment; what is chosen on experiments is chosen on the others.

    What has the same starts and rules under several names is played once.
    """
    space = shipped_space(records[0].architecture)
    runs = [record.run for record in records if record.experiment == experiment]
    others = [record for record in records if record.experiment != experiment]
    portfolio, winners = choose_starts(others, PORTFOLIO), winners_of(others, space)
    strategies = candidates(space, portfolio, winners, slow)
    budget = play(runs, space, strategies[TODAY], seed, trials=TRIALS).used
    played: list[tuple[Strategy, tuple[float, ...]]] = []
    results = {}
    for name, strategy in strategies.items():
        if only and name not in (TODAY, *only):
            continue
        found = next((known for same, known in played if same == strategy), None)
        if found is None:
            found = figures(play(runs, space, strategy, seed, seconds=budget), budget)
            played.append((strategy, found))
        results[name, experiment, seed] = found
    return results


def winners_of(records: list[Record], space: Space) -> Sequence[Mapping[str, Any]]:
    """Give the starts that a workspace would, in which the best of each experiment had won its study."""
    best: dict[str, Record] = {}
    for record in sorted(records, key=lambda record: record.best):
        best[record.experiment] = record
    found = [Winner(name, name, best[name].params) for name in sorted(best)]
    return workspace_starts.choose_starts(space, workspace_starts.starts_within(space, found), "")


def quiet() -> None:
    """Play on one thread, and say nothing meanwhile."""
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    logging.disable()
    warnings.simplefilter("ignore")
