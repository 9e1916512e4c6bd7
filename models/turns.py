"""Who may use a CUDA device: many threads at once, or one alone that records a graph.

While a graph is recorded, another thread's work on the device can spoil the recording and fail itself: all
threads of a process share the one in which torch runs backward passes, and with it cuDNN's state there.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch


class Turns:
    """A lock that many threads hold together, or one alone; who wants it alone goes before newcomers.

    A thread that holds it must not ask for it again.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._sharing = self._waiting = 0
        self._taken = False

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Hold it together with others."""
        with self._changed:
            self._changed.wait_for(lambda: not (self._taken or self._waiting))
            self._sharing += 1
        try:
            yield
        finally:
            with self._changed:
                self._sharing -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold it while nobody else does."""
        with self._changed:
            self._waiting += 1
            try:
                self._changed.wait_for(lambda: not (self._taken or self._sharing))
                self._taken = True
            finally:
                self._waiting -= 1
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._taken = False
                self._changed.notify_all()


TURNS = Turns()  # of this process


def sharing(device: torch.device) -> AbstractContextManager[None]:
    """Use a device while no graph is recorded; a CPU is nobody's to wait for."""
    return TURNS.shared() if device.type == "cuda" else nullcontext()
