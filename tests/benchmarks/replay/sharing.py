"""Rules by which studies of a fleet share its workers: evenly, as the driver does, or by what they gain."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from search.service.notices import EpochEnded, Notice, StudyFailed, TrialFailed, TrialFinished, TrialPruned
from search.service.turns import Turns
from search.workers.executor import Executor

FLOOR = 0.5  # of the mean of all: a study with less of the workers' time comes first
LEAST = 0.001  # a gain in validation Spearman that any study is believed to have in it
RECENT = 10  # ended trials by which the next one is judged


class Point(NamedTuple):
    """The end of a trial: worker-seconds of all studies and of its own by then, and its best score."""

    moment: float
    seconds: float
    best: float


@dataclass
class Account:
    """What a study has used and found.

    Attributes
    ----------
    seconds : float
        Worker-seconds so far.
    best : float
        The best validation Spearman of a finished trial.
    path : list of Point
    scores : list of float
        The last score of each trial that ended, pruned ones too.
    """

    seconds: float = 0.0
    best: float = 0.0
    path: list[Point] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)

    def best_at(self, seconds: float) -> float:
        """Give the best score by the time that the study had used so much."""
        return max((point.best for point in self.path if point.seconds <= seconds), default=0.0)

    def until(self, moment: float) -> Point:
        """Give the last end of a trial up to a moment."""
        return max((point for point in self.path if point.moment <= moment), default=Point(0.0, 0.0, 0.0))


class Ledger:
    """Keeps the accounts of all studies, by the notices of their driver."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self.accounts: dict[str, Account] = defaultdict(Account)

    def notice(self, notice: Notice) -> None:
        """See `search.service.observers.Observer`."""
        if isinstance(notice, StudyFailed | TrialFailed):
            raise RuntimeError(f"a search that is played failed: {notice}")
        if isinstance(notice, EpochEnded):
            self.accounts[notice.study].seconds += notice.seconds
        if isinstance(notice, TrialFinished | TrialPruned):
            account = self.accounts[notice.study]
            account.scores.append(notice.spearman)
            if isinstance(notice, TrialFinished):
                account.best = max(account.best, notice.spearman)
            moment = self._executor.clock() * self._executor.slots
            account.path.append(Point(moment, account.seconds, account.best))


Value = Callable[[Account], float]


class ByGain(Turns):
    """Gives a free worker to the study of which the most is expected for a second of it.

    Before that, studies get their prescribed trials in turn, and one that had less than `FLOOR` of the mean
    time catches up. A study's workers share what is expected of it.

    Parameters
    ----------
    accounts : dict of str to Account
    value : callable
        Gives the expected gain of validation Spearman a worker-second.
    prescribed : int
        Trials that every study has first.
    """

    def __init__(self, accounts: Mapping[str, Account], value: Value, prescribed: int) -> None:
        super().__init__()
        self._accounts, self._value, self._prescribed = accounts, value, prescribed
        self._begun: Counter[str] = Counter()

    def next(self, studies: Iterable[str], busy: Collection[str]) -> str:
        """See `Turns.next`."""
        free, workers = list(studies), Counter(busy)
        usual = statistics.mean(account.seconds for account in self._accounts.values() or [Account()])
        behind = [name for name in free if self._begun[name] < self._prescribed] or [
            name for name in free if self._accounts[name].seconds < FLOOR * usual
        ]
        if behind:
            return super().next(behind, busy)
        return max(free, key=lambda name: self._value(self._accounts[name]) / (1 + workers[name]))

    def take(self, study: str) -> None:
        """See `Turns.take`."""
        super().take(study)
        self._begun[study] += 1


class BySeconds(Turns):
    """Gives a free worker to the study that has had the least of the workers' time."""

    def __init__(self, accounts: Mapping[str, Account]) -> None:
        super().__init__()
        self._accounts = accounts

    def next(self, studies: Iterable[str], busy: Collection[str]) -> str:
        """See `Turns.next`."""
        workers = Counter(busy)
        return min(studies, key=lambda name: (workers[name], self._accounts[name].seconds))


def recent_gain(account: Account) -> float:
    """Expect what the second half of a study's time has brought, and a little more."""
    window = account.seconds / 2
    return (account.best - account.best_at(window) + LEAST) / window


def logarithmic_gain(account: Account) -> float:
    """Expect the best to rise with the logarithm of the time, as steeply as it did; the least squares say."""
    _, seconds, best = np.array(account.path[1:]).T
    slope = np.polyfit(np.log(seconds), best, 1)[0] if np.ptp(seconds) else 0.0
    return float(max(slope, LEAST)) / account.seconds


def expected_improvement(account: Account) -> float:
    """Expect of the next trial what a normal distribution of the latest has above the best."""
    latest = account.scores[-RECENT:]
    spread = max(statistics.pstdev(latest), LEAST)
    above = (statistics.mean(latest) - account.best) / spread
    normal = NormalDist()
    gain = spread * (above * normal.cdf(above) + normal.pdf(above))
    return gain * len(account.scores) / account.seconds


BY_GAIN: dict[str, Value] = {
    "recent gain": recent_gain,
    "logarithmic curve": logarithmic_gain,
    "expected improvement": expected_improvement,
}
