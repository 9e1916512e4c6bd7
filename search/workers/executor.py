"""Where tasks run: the interface that the driver sees, and the driver's own process as the simplest place."""

from __future__ import annotations

import logging
import traceback
from abc import ABC, abstractmethod
from collections.abc import Generator
from contextlib import suppress
from queue import Empty, SimpleQueue

import torch

from data_io.errors import UserError
from search.workers.tasks import Event, Failed, Started, Stopped, Task, Wanted

log = logging.getLogger(__name__)


class Executor(ABC):
    """Runs tasks, and hands over what they tell in the order in which each task told it.

    Each submitted task ends in exactly one of `Finished`, `Stopped`, `Failed` and `Lost`.
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
        """Tell a task that it is not wanted any more; it still ends with an event."""

    @abstractmethod
    def events(self, timeout: float) -> list[Event]:
        """Wait for up to `timeout` seconds until a task tells something, and give all there is."""

    @abstractmethod
    def interrupt(self) -> None:
        """Let `events` return soon, whatever runs. Called from a signal handler."""

    @abstractmethod
    def close(self) -> None:
        """End all that still runs, at once."""


def guarded(task: Task, wanted: Wanted) -> Generator[Event, None, None]:
    """Run a task so that whatever goes wrong in it becomes a `Failed` event with its reason."""
    try:
        yield from task.run(wanted)
    except UserError as error:
        yield Failed(task.key, str(error))
    except Exception as error:
        log.debug("%s failed:\n%s", task.key, traceback.format_exc())
        yield Failed(
            task.key, f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
        )


class InProcess(Executor):
    """Runs one task at a time in the process of the driver: for debugging and for fast tests.

    On one thread, as a worker does: the figures are the same then, and networks this small are not
    trained faster by more.
    """

    def __init__(self) -> None:
        self._running: dict[str, Generator[Event, None, None]] = {}
        self._unwanted: set[str] = set()
        self._interrupts: SimpleQueue[None] = SimpleQueue()  # a signal handler may put into it at any moment
        self._threads_before = torch.get_num_threads()
        torch.set_num_threads(1)

    @property
    def slots(self) -> int:
        """One."""
        return 1

    def submit(self, task: Task) -> None:
        """Start `task`; it goes on while `events` is called."""
        self._running[task.key] = self._told(task)

    def _told(self, task: Task) -> Generator[Event, None, None]:
        yield Started(task.key, "driver")
        yield from guarded(task, lambda: task.key not in self._unwanted)

    def stop(self, key: str) -> None:
        """See `Executor.stop`."""
        self._unwanted.add(key)

    def events(self, timeout: float) -> list[Event]:
        """Let each running task go on to its next event; wait only where none runs."""
        told = []
        if not self._running:
            with suppress(Empty):
                self._interrupts.get(timeout=timeout)
        for key, task in list(self._running.items()):
            event = Stopped(key) if key in self._unwanted else next(task, None)
            if event is None or isinstance(event, Stopped):
                self._forget(key)
            if event is not None:
                told.append(event)
        return told

    def interrupt(self) -> None:
        """See `Executor.interrupt`."""
        self._unwanted.update(list(self._running))
        self._interrupts.put(None)

    def _forget(self, key: str) -> None:
        self._running.pop(key).close()
        self._unwanted.discard(key)

    def close(self) -> None:
        """Drop what runs."""
        for key in list(self._running):
            self._forget(key)
        torch.set_num_threads(self._threads_before)
