"""Plays one search on recorded curves: the real driver and strategy, a clock of worker-seconds."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import optuna

from data_io.targets import TargetScaling
from data_io.training_set import Examples, TrainingSet
from search.service.driver import Driver
from search.service.notices import Notice, StudyFailed, TrialFailed, TrialFinished, TrialPruned
from search.strategy.space import Space
from search.strategy.strategy import Strategy
from search.study.creation import queue_studies
from search.study.spec import Spec
from search.study.workspace import Workspace
from search.workers.replay import Nearest, RecordedRun, Replay

WORKERS = 2
ENDLESS = 10_000  # trials, where time ends the search
PROBES = Examples(np.zeros((2, 41), np.uint8), np.zeros(2, np.float32))
DATA = TrainingSet(PROBES, PROBES, TargetScaling(1.0, 0.0, 0.0, 0.0, 1.0), "recorded")
IN_MEMORY = Path("/dev/shm")  # checkpoints, empty ones, are written as in any search


@dataclass(frozen=True)
class Played:
    """What a search had found, by the worker-seconds that it had used.

    Attributes
    ----------
    seconds : tuple of float
        Worker-seconds at which a trial finished better than all before.
    scores : tuple of float
        Its validation Spearman.
    ended : tuple of int
        Trials that had ended then, that one among them.
    used : float
        Worker-seconds until the last trial ended.
    trials : int
        Trials that ended.
    """

    seconds: tuple[float, ...]
    scores: tuple[float, ...]
    ended: tuple[int, ...]
    used: float
    trials: int

    def score_at(self, seconds: float) -> float:
        """Give the best validation Spearman at a moment; 0 before the first trial finished."""
        return max(
            (score for at, score in zip(self.seconds, self.scores, strict=True) if at <= seconds), default=0.0
        )

    def trials_to(self, score: float) -> int | None:
        """Give how many trials had ended when a score was reached; None where it never was."""
        return next((n for n, found in zip(self.ended, self.scores, strict=True) if found >= score), None)

    def area(self, seconds: float) -> float:
        """Give the mean of `score_at` from the beginning up to a moment."""
        moments = np.minimum([*self.seconds, seconds], seconds)
        return float(np.dot(self.scores, np.diff(moments)) / seconds)


class Watch:
    """Takes note of trials that end, and stops the driver after so many."""

    def __init__(self, executor: Replay, most: int) -> None:
        self.executor, self.most = executor, most
        self.driver: Driver | None = None
        self.found: list[tuple[float, float, int]] = []
        self.used, self.trials = 0.0, 0

    def notice(self, notice: Notice) -> None:
        """See `search.service.observers.Observer`."""
        if isinstance(notice, StudyFailed | TrialFailed):
            raise RuntimeError(f"a search that is played failed: {notice}")
        if not isinstance(notice, TrialFinished | TrialPruned):
            return
        self.trials += 1
        self.used = self.executor.clock() * WORKERS
        if isinstance(notice, TrialFinished) and notice.spearman > max(
            (s for _, s, _ in self.found), default=-1.0
        ):
            self.found.append((self.used, notice.spearman, self.trials))
        if self.trials >= self.most and self.driver is not None:
            self.driver.stop("the search is over")


def play(
    runs: Sequence[RecordedRun],
    space: Space,
    strategy: Strategy,
    seed: int,
    trials: int | None = None,
    seconds: float | None = None,
) -> Played:
    """Search by `strategy` among recorded runs, for so many trials or worker-seconds.

    Parameters
    ----------
    runs : sequence of RecordedRun
        Of one experiment; a config is played as the nearest of them.
    space : Space
    strategy : Strategy
        With its starts.
    seed : int
    trials : int, optional
    seconds : float, optional
    """
    executor = Replay(WORKERS, Nearest(runs, space))
    watch = Watch(executor, trials or ENDLESS)
    storage = optuna.storages.InMemoryStorage()
    spec = Spec("PLAYED", "RECORDED", "none", space.without_starts().to_dict(), strategy, seed, "grouped")
    with tempfile.TemporaryDirectory(dir=IN_MEMORY if IN_MEMORY.is_dir() else None) as folder:
        (name,) = queue_studies(storage, [spec], trials or ENDLESS, Path(folder))
        workspace = Workspace(Path(folder))
        driver = Driver(workspace, storage, executor, watch, lambda: [name], load=lambda _: DATA)
        watch.driver = driver
        driver.run(deadline=None if seconds is None else seconds / WORKERS)
    moments, scores, ended = zip(*watch.found, strict=True) if watch.found else ((), (), ())
    return Played(tuple(moments), tuple(scores), tuple(ended), watch.used, watch.trials)
