"""Recorded curves played in virtual time, so that strategies can be compared in seconds by the real driver.

In the manner of syne-tune's simulated back end (Salinas et al. 2022): the loop, the sampler and the stopping
rule are the real ones; only training is looked up.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data_io.errors import ConfigError
from search.strategy.space import Space
from search.workers.events import Curve, Event, Failed, Reported, Started, Stopped, Trained
from search.workers.executor import Executor
from search.workers.tasks import Task, TrainTask


@dataclass(frozen=True)
class RecordedRun:
    """A config that was trained to its end: its hyperparameters and its curve, with seconds by epoch."""

    params: Mapping[str, Any]
    curve: Curve


class Replay(Executor):
    """Answers each training with a recorded curve; its clock is moved by their seconds alone.

    Parameters
    ----------
    slots : int
        Workers that are played.
    look_up : callable
        Gives the curve of a training.
    """

    def __init__(self, slots: int, look_up: Callable[[TrainTask], Curve]) -> None:
        self._slots = slots
        self._look_up = look_up
        self._now = 0.0
        self._order = itertools.count()  # of submission, where two events fall on one moment
        self._due: list[tuple[float, int, str]] = []
        self._running: dict[str, Iterator[tuple[float, Event]]] = {}
        self._next: dict[str, Event] = {}
        self.busy_seconds = 0.0

    @property
    def slots(self) -> int:
        """The workers that are played."""
        return self._slots

    def submit(self, task: Task) -> None:
        """See `Executor.submit`."""
        self._running[task.key] = self._play(task)
        self._schedule(task.key)

    def stop(self, key: str) -> None:
        """See `Executor.stop`; the worker is free at once."""
        if key in self._running:
            self._due = [due for due in self._due if due[2] != key]
            self._running[key] = iter(())
            self._put(0.0, key, Stopped(key))

    def events(self, timeout: float) -> Sequence[Event]:
        """Give the next event and move the clock to it; without one, let `timeout` seconds pass."""
        if not self._due:
            self._now += timeout
            return []
        moment, _, key = heapq.heappop(self._due)
        self._now = moment
        event = self._next.pop(key)
        self._schedule(key)
        return [event]

    def interrupt(self) -> None:
        """Do nothing: `events` never waits."""

    def close(self) -> None:
        """Drop what runs."""
        self._running.clear()
        self._due.clear()

    def clock(self) -> float:
        """The moment that is played, in seconds from the beginning."""
        return self._now

    def _play(self, task: Task) -> Iterator[tuple[float, Event]]:
        """Yield the events of a task, each with the seconds before it."""
        yield 0.0, Started(task.key, "replay")
        if not isinstance(task, TrainTask):
            yield 0.0, Failed(task.key, "a test set cannot be replayed")
            return
        curve = self._look_up(task)
        for epoch, report in enumerate(curve, start=1):
            self.busy_seconds += report.seconds
            yield report.seconds, Reported(task.key, curve[:epoch], b"")
        yield 0.0, Trained(task.key, b"", curve)

    def _schedule(self, key: str) -> None:
        following = next(self._running[key], None)
        if following is None:
            del self._running[key]
        else:
            self._put(following[0], key, following[1])

    def _put(self, seconds: float, key: str, event: Event) -> None:
        self._next[key] = event
        heapq.heappush(self._due, (self._now + seconds, next(self._order), key))


class Nearest:
    """Looks a config up as the one of those recorded that is nearest to it.

    See `Space.distance`.

    Parameters
    ----------
    runs : sequence of RecordedRun
    space : Space
        Of which the configs are.

    Raises
    ------
    ConfigError
        When nothing was recorded.
    """

    def __init__(self, runs: Sequence[RecordedRun], space: Space) -> None:
        if not runs:
            raise ConfigError("no recorded curve; record some first")
        self._runs = runs
        self._space = space

    def __call__(self, task: TrainTask) -> Curve:
        """Give the curve of the config nearest to the task's."""
        return min(self._runs, key=lambda run: self._space.distance(run.params, task.params)).curve
