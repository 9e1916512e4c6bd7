"""What signals do to a driver: the first stops it in order, the second ends the process at once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from search.service.driver import Driver
from search.workers.ending import end_at_once

HEARD = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))


class Signals:
    """Lets the first Ctrl-C, SIGTERM or SIGHUP stop the driver in order, and the second end the process."""

    def __init__(self) -> None:
        self.driver: Driver | None = None
        self.heard = False

    def hear(self, number: int, _frame: FrameType | None) -> None:
        """Take a signal."""
        if self.heard:
            end_at_once(number)
        self.heard = True
        if self.driver is None:
            raise KeyboardInterrupt
        self.driver.stop("interrupted")


@contextmanager
def signals_heard() -> Iterator[Signals]:
    """Hear signals until the workers are closed; after one was heard, until the process has ended.

    A signal that the process was started to ignore (nohup does so with SIGHUP) stays ignored.
    """
    signals = Signals()
    heard = [number for number in HEARD if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, signals.hear) for number in heard}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            if not signals.heard:
                signal.signal(number, handler)
