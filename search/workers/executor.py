"""Where tasks run: the interface that the driver sees."""

from __future__ import annotations

import time
import traceback
from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence

from data_io.errors import UserError
from data_io.training_set import TrainingSet
from search.workers.events import Event, Failed, PoolEvent
from search.workers.tasks import Task, Wanted


class Executor(ABC):
    """Runs tasks, and hands over their events in the order in which each task reported them.

    Each submitted task ends in exactly one of `events.ENDS`.
    """

    @property
    @abstractmethod
    def slots(self) -> int:
        """How many tasks can run at once, now."""

    @abstractmethod
    def submit(self, task: Task) -> None:
        """Start `task` as soon as there is a place for it."""

    @abstractmethod
    def stop(self, key: str) -> None:
        """Let a task end that is not wanted any more; it still ends with an event."""

    @abstractmethod
    def events(self, timeout: float) -> Sequence[Event | PoolEvent]:
        """Wait for up to `timeout` seconds until something is reported, and give all there is."""

    @abstractmethod
    def interrupt(self) -> None:
        """Let `events` return soon, whatever runs. Called from a signal handler."""

    @abstractmethod
    def close(self) -> None:
        """End all that still runs, at once."""

    def release(self, data: TrainingSet) -> None:  # noqa: B027 - most executors keep no data
        """Take note that no task will use these arrays any more."""

    def clock(self) -> float:
        """Seconds on the clock by which tasks run; in a replay they are not the driver's own."""
        return time.monotonic()


def guarded(task: Task, wanted: Wanted) -> Generator[Event, None, None]:
    """Run a task so that whatever goes wrong in it becomes a `Failed` event with its reason."""
    try:
        yield from task.run(wanted)
    except UserError as error:
        yield Failed(task.key, str(error))
    except Exception as error:
        message = str(error).splitlines()[0] if str(error) else "no message"
        yield Failed(task.key, f"{type(error).__name__}: {message}", traceback.format_exc())
