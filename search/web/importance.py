"""The importance of hyperparameters for the pages: reckoned anew when enough trials have finished since."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from optuna.trial import FrozenTrial

from search.results.importance import importance

GROWTH = 1.05  # fewer trials more hardly change a share, and thousands take a second


class Importances:
    """The importance of the hyperparameters of studies.

    Parameters
    ----------
    read : callable
        Lists the finished trials of a study by its number in the database.
    """

    def __init__(self, read: Callable[[int], Sequence[FrozenTrial]]) -> None:
        self._read = read
        self._lock = threading.Lock()  # readers that come together wait for one reckoning
        self._known: dict[int, tuple[int, dict[str, float]]] = {}

    def of(self, study: int, finished: int) -> dict[str, float]:
        """Give the shares of a study that has so many finished trials; empty where those are too few."""
        with self._lock:
            known = self._known.get(study)
            if known is None or finished > GROWTH * known[0]:
                known = self._known[study] = finished, importance(self._read(study))
            return known[1]
