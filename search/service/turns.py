"""Whose turn it is: studies share the workers evenly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable


class Turns:
    """Remembers when each study was last given a worker, counted in tasks."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._count = 0

    def next(self, studies: Iterable[str], busy: Collection[str]) -> str:
        """Give the study with the fewest workers and, of those, the one that waited the longest.

        Parameters
        ----------
        studies : iterable of str
            Those that wait for a worker; at least one.
        busy : collection of str
            The study of each worker at work.
        """
        workers = Counter(busy)
        return min(studies, key=lambda name: (workers[name], self._last.get(name, 0)))

    def take(self, study: str) -> None:
        """Take note that a study was given a worker."""
        self._count += 1
        self._last[study] = self._count
