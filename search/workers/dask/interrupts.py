"""Keep the terminal's signals from worker processes, and from a cluster that is half started."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from multiprocessing import resource_tracker
from types import FrameType

from search.workers.ending import end_at_once

HELD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
QUIET = "ignore:resource_tracker"  # it removes what a killed process left, and need not say so


@contextlib.contextmanager
def without_interrupts() -> Iterator[list[int]]:
    """Hold signals back until a block's end, and a terminal's for good from all processes that it starts.

    The terminal sends Ctrl-C, and SIGHUP when it closes, to every process, but they are for the driver alone;
    and a cluster that is half started cannot be closed. A second signal ends this process at once.

    Yields
    ------
    list of int
        The signals that were held back so far.
    """
    held: list[int] = []
    if os.name != "posix" or threading.current_thread() is not threading.main_thread():
        yield held
        return

    def hold(number: int, _frame: FrameType | None) -> None:
        if held:
            end_at_once(number)
        held.append(number)

    heard = [number for number in HELD if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, hold) for number in heard}
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])  # threads and processes inherit it
    _start_tracker()  # whoever starts it, lets Ctrl-C through again
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield held
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT, signal.SIGHUP])
        for number, handler in before.items():
            signal.signal(number, handler)
        for held_back in held:
            signal.raise_signal(held_back)


def _start_tracker() -> None:
    """Start Python's tracker of semaphores, which reads its filter of warnings from the environment."""
    before = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = QUIET if before is None else f"{before},{QUIET}"
    try:
        resource_tracker.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONWARNINGS"]
        else:
            os.environ["PYTHONWARNINGS"] = before
