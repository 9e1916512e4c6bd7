"""A fleet of eight studies in one driver: worker-seconds for all of them, shared evenly or by what they gain.

`python -m tests.benchmarks.replay.fleet` plays the curves in the repository in virtual time. The whole budget
is what eight default searches of 30 trials take; scores are validation Spearman, the mean over experiments.
Starts are chosen on the other experiments; the constants of the rules were set before any was played.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
import optuna

from search.service.driver import Driver
from search.service.turns import Turns
from search.strategy.space import Space
from search.strategy.space_files import shipped_space
from search.strategy.strategy import Strategy
from search.study.creation import queue_studies
from search.study.spec import Spec
from search.study.workspace import Workspace
from search.workers.replay import Nearest, RecordedRun, Replay
from tests.benchmarks.curves.portfolio import choose_starts
from tests.benchmarks.curves.records import Record, read_packed
from tests.benchmarks.replay.candidates import PORTFOLIO, todays_starts
from tests.benchmarks.replay.comparing import TRIALS, quiet
from tests.benchmarks.replay.playing import DATA, ENDLESS, IN_MEMORY, play
from tests.benchmarks.replay.sharing import BY_GAIN, Account, ByGain, BySeconds, Ledger
from tests.benchmarks.replay.table import SHARES

WORKERS = 4  # with the four studies ahead, all eight are under way
FAIR, KNOWING = "fair share (today)", "knowing fair share's curves"
BEYOND = 2.0  # times the budget that fair share is played on: what one study could have had more
FIRST = 5  # trials at least by which a study's gain is judged
STEPS = 400  # in which a budget is shared out by who knows the curves

MakeTurns = Callable[[Mapping[str, Account], int], Turns]
RULES: dict[str, MakeTurns] = {
    FAIR: lambda accounts, prescribed: Turns(),
    "fair share by seconds": lambda accounts, prescribed: BySeconds(accounts),
    **{
        f"by gain: {name}": partial(
            lambda value, accounts, prescribed: ByGain(accounts, value, prescribed), value
        )
        for name, value in BY_GAIN.items()
    },
}


class Fleet(NamedTuple):
    """The searches of a fleet: the curves that can be played, and the strategy, by experiment."""

    space: Space
    runs: Mapping[str, Sequence[RecordedRun]]
    strategies: Mapping[str, Strategy]


class Share(NamedTuple):
    """What a study had of a budget, as a share of it, and its best score then."""

    time: float
    score: float


def make_fleet(records: Sequence[Record], space: Space, starts: bool = True) -> Fleet:
    """Give the searches of all experiments; starts were chosen on the others, or there are none."""
    experiments = sorted({record.experiment for record in records})
    runs, strategies = {}, {}
    for name in experiments:
        others = [record for record in records if record.experiment != name]
        runs[name] = [record.run for record in records if record.experiment == name]
        chosen = todays_starts(space, choose_starts(others, PORTFOLIO)) if starts else ()
        strategies[name] = Strategy(starts=chosen)
    return Fleet(space, runs, strategies)


def play_fleet(fleet: Fleet, make_turns: MakeTurns, seed: int, seconds: float) -> Mapping[str, Account]:
    """Search all experiments in one driver for so many worker-seconds, and give their accounts."""
    look_ups = {name: Nearest(runs, fleet.space) for name, runs in fleet.runs.items()}
    executor = Replay(WORKERS, lambda task: look_ups[task.key.split("/")[0]](task))
    ledger, storage = Ledger(executor), optuna.storages.InMemoryStorage()
    prescribed = max(FIRST, *(1 + len(rule.starts) for rule in fleet.strategies.values()))
    turns = make_turns(ledger.accounts, prescribed)
    with tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as folder:
        names = queue_studies(storage, specs_of(fleet, seed), ENDLESS, Path(folder))
        workspace = Workspace(Path(folder))
        driver = Driver(workspace, storage, executor, ledger, lambda: names, load=lambda _: DATA, turns=turns)
        driver.run(deadline=seconds / WORKERS)
    return {name: ledger.accounts[study] for name, study in zip(fleet.runs, names, strict=True)}


def specs_of(fleet: Fleet, seed: int) -> list[Spec]:
    """Specify the study of each experiment."""
    space = fleet.space.without_starts().to_dict()
    return [
        Spec(name, "RECORDED", "none", space, rule, seed, "grouped")
        for name, rule in fleet.strategies.items()
    ]


def standing(accounts: Mapping[str, Account], budget: float) -> list[dict[str, Share]]:
    """Give what each study had, and had found, at shares of the budget."""
    found = []
    for share in SHARES:
        points = {name: account.until(share * budget) for name, account in accounts.items()}
        used = sum(point.seconds for point in points.values()) or 1.0  # where no trial has ended
        found.append({name: Share(point.seconds / used, point.best) for name, point in points.items()})
    return found


def share_out(accounts: Mapping[str, Account], budget: float) -> dict[str, Share]:
    """Share a budget out as who knew the curves of all studies would: no rule can do better on them."""
    steps = np.arange(STEPS + 1)
    total, choices = np.zeros(STEPS + 1), []
    for account in accounts.values():
        own = np.array([account.best_at(budget * step / STEPS) for step in steps])
        left = steps[:, None] - steps  # of so many steps, after so many of this study's own
        sums = np.where(left >= 0, total[left] + own, -np.inf)
        choices.append(sums.argmax(axis=1))
        total = sums.max(axis=1)
    left, found = STEPS, {}
    for (name, account), chosen in reversed(list(zip(accounts.items(), choices, strict=True))):
        found[name] = Share(chosen[left] / STEPS, account.best_at(budget * chosen[left] / STEPS))
        left -= chosen[left]
    return {name: found[name] for name in accounts}


def one(fleet: Fleet, seed: int) -> dict[str, list[dict[str, Share]]]:
    """Play every rule with a seed; give what each study had at shares of the budget, by rule."""
    budget = sum(
        play(runs, fleet.space, fleet.strategies[name], seed, trials=TRIALS).used
        for name, runs in fleet.runs.items()
    )
    found = {}
    for name, make_turns in RULES.items():
        beyond = BEYOND if name == FAIR else 1.0
        accounts = play_fleet(fleet, make_turns, seed, beyond * budget)
        found[name] = standing(accounts, budget)
        if name == FAIR:
            found[KNOWING] = [share_out(accounts, share * budget) for share in SHARES]
    return found


def table(results: Sequence[Mapping[str, Sequence[Mapping[str, Share]]]]) -> str:
    """Give a row a rule: its mean score at shares of the budget, and against fair share with the spread."""
    lines = [f"{'rule':<32}" + "".join(f"{f'at {share:.0%}':>9}{'against fair':>22}" for share in SHARES)]
    for rule in results[0]:
        line = f"{rule:<32}"
        for place in range(len(SHARES)):
            means = [mean_score(found[rule][place]) for found in results]
            against = [
                mean - mean_score(found[FAIR][place]) for mean, found in zip(means, results, strict=True)
            ]
            spread = statistics.stdev(against) if len(against) > 1 else 0.0
            line += f"{statistics.mean(means):>9.4f}{f'{statistics.mean(against):+.4f} +- {spread:.4f}':>22}"
        lines.append(line)
    return "\n".join(lines)


def shares(results: Sequence[Mapping[str, Sequence[Mapping[str, Share]]]]) -> str:
    """Give what each study had of the whole budget, and found, a row a rule."""
    experiments = list(results[0][FAIR][-1])
    lines = [f"{'time and score at 100%':<32}" + "".join(f"{name:>13}" for name in experiments)]
    for rule in results[0]:
        cells = [[found[rule][-1][name] for found in results] for name in experiments]
        means = [tuple(map(statistics.mean, zip(*cell, strict=True))) for cell in cells]
        lines.append(f"{rule:<32}" + "".join(f"{f'{time:.0%} {score:.4f}':>13}" for time, score in means))
    return "\n".join(lines)


def mean_score(found: Mapping[str, Share]) -> float:
    """Give the mean best score over the experiments."""
    return statistics.mean(share.score for share in found.values())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.replay.fleet", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--without-starts", action="store_true", help="begin with the seed alone")
    options = parser.parse_args()
    fleet = make_fleet(read_packed("cnn"), shipped_space("cnn"), not options.without_starts)
    with ProcessPoolExecutor(options.processes, get_context("spawn"), initializer=quiet) as pool:
        results = list(pool.map(partial(one, fleet), range(options.seeds)))
    print(f"{table(results)}\n\n{shares(results)}")


if __name__ == "__main__":
    main()
