"""The driver's own process as the place where tasks run: for debugging and for fast tests."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing, suppress
from queue import Empty, SimpleQueue

import torch

from search.workers.events import ENDS, Event, Started, Stopped
from search.workers.executor import Executor, guarded
from search.workers.tasks import Task


class InProcess(Executor):
    """Runs one task at a time in the process of the driver.

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
        self._running[task.key] = self._run(task)

    def _run(self, task: Task) -> Generator[Event, None, None]:
        yield Started(task.key, "driver")
        yield from guarded(task, lambda: task.key not in self._unwanted)

    def stop(self, key: str) -> None:
        """See `Executor.stop`."""
        self._unwanted.add(key)

    def events(self, timeout: float) -> list[Event]:
        """Let each running task go on to its next event; wait only where none runs."""
        reported: list[Event] = []
        if not self._running:
            with suppress(Empty):
                self._interrupts.get(timeout=timeout)
        for key, task in list(self._running.items()):
            event = Stopped(key) if key in self._unwanted else next(task)
            if isinstance(event, ENDS):
                self._forget(key)
            reported.append(event)
        return reported

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


def run_here(task: Task, said: Callable[[Event], None] = lambda _: None) -> Event:
    """Run one task in this process, on one thread as workers do, and give the event that it ends with.

    Parameters
    ----------
    task : Task
    said : callable, optional
        Hears of every event.
    """
    with closing(InProcess()) as executor:
        executor.submit(task)
        while True:
            for event in executor.events(0.0):
                said(event)
                if isinstance(event, ENDS):
                    return event
