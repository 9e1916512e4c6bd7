"""How fast work goes, and how long the rest of it will take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

REMEMBERED = 100  # ends of tasks by which the pace is judged
LEAST = 2  # of them, before anything is said
RETRAINING = 3.0
"""What a retraining costs, in trials of the search: measured probes of ANKHD1, 30 trials in 4.2 minutes and
8 trainings at the end in 3.4."""


class Pace:
    """Counts work as it ends.

    Parameters
    ----------
    clock : callable, optional
        Gives seconds.
    """

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self._clock = clock or time.monotonic
        self._ends: deque[tuple[float, float]] = deque([(self._clock(), 0.0)], maxlen=REMEMBERED + 1)
        self._total: float | None = None

    def note(self, work: float) -> None:
        """Take in that so much work ended, in trials."""
        self._ends.append((self._clock(), work))

    def note_total(self, total: float) -> None:
        """Take in how much has ended in all; the first time counts as none."""
        if self._total is not None and total > self._total:
            self.note(total - self._total)
        self._total = total

    def seconds(self, left: float) -> float | None:
        """Tell how long so much work will take, in trials; None while that cannot be said."""
        since, _ = self._ends[0]
        ended = sum(work for _, work in self._ends) - self._ends[0][1]
        passed = self._clock() - since
        return left * passed / ended if len(self._ends) > LEAST and ended else None


def in_words(seconds: float | None) -> str:
    """Put a time into at most six characters, such as ``4m``, ``2h10m`` or ``3d4h``; empty for None."""
    if seconds is None:
        return ""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "<1m"
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d{hours}h" if days < 100 else f"{days}d"
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m"
