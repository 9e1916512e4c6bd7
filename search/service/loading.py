"""Measurements read beside the driver's loop, so that a large file keeps no other study waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import NamedTuple

from data_io.experiments import Experiment
from data_io.testable import require_test_set
from data_io.training_set import TrainingSet, load_training_set
from search.study.record import StudyRecord
from search.study.workspace import Workspace


class Loaded(NamedTuple):
    """What came of reading a study's measurements: the arrays, or what went wrong."""

    study: str
    data: TrainingSet | Exception


class Loader:
    """Reads measurements, one study after the other, in a thread of its own.

    The thread is given up with the process: nothing that it reads is worth waiting for.

    Parameters
    ----------
    load : callable
        Gives the arrays of a study; runs in the thread.
    """

    def __init__(self, load: Callable[[StudyRecord], TrainingSet]) -> None:
        self._load = load
        self._asked: SimpleQueue[StudyRecord] = SimpleQueue()
        self._loaded: SimpleQueue[Loaded] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def ask(self, record: StudyRecord) -> None:
        """Read the measurements of a study as soon as those asked for before are there."""
        self._asked.put(record)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="rbptune-loader", daemon=True)
            self._thread.start()

    def take(self, timeout: float) -> list[Loaded]:
        """Give what was read meanwhile; where there is nothing yet, wait for up to `timeout` seconds."""
        found: list[Loaded] = []
        deadline = time.monotonic() + timeout
        try:
            while True:
                wait = 0.0 if found else max(0.0, deadline - time.monotonic())
                found.append(self._loaded.get(timeout=wait) if wait else self._loaded.get_nowait())
        except Empty:
            return found

    def _work(self) -> None:
        while True:
            record = self._asked.get()
            try:
                self._loaded.put(Loaded(record.name, self._load(record)))
            except Exception as error:  # the driver raises it again, in the study's name
                self._loaded.put(Loaded(record.name, error))


def load_data(record: StudyRecord, workspace: Workspace) -> TrainingSet:
    """Read what the search of a study may see; and see to it that there is a test at its end.

    Raises
    ------
    DataError
        When the measurements cannot be used.
    """
    spec = record.spec
    experiment = Experiment(spec.experiment, spec.protein, spec.species)
    data = load_training_set(record.data, experiment, spec.split, workspace.cache)
    require_test_set(record.data, experiment, workspace.cache)
    return data
