"""Measurements read beside the driver's loop, so that a large file keeps no other study waiting."""

from __future__ import annotations

import contextlib
import threading
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

    record: StudyRecord
    data: TrainingSet | Exception


class Loader:
    """Reads measurements, one study after the other, in a thread of its own.

    The thread is given up with the process: nothing that it reads is worth waiting for.

    Parameters
    ----------
    load : callable
        Gives the arrays of a study; runs in the thread.

    Attributes
    ----------
    pending : dict of str to StudyRecord
        The studies that were asked for and not taken yet, by name.
    """

    def __init__(self, load: Callable[[StudyRecord], TrainingSet]) -> None:
        self._load = load
        self.pending: dict[str, StudyRecord] = {}
        self._asked: SimpleQueue[StudyRecord] = SimpleQueue()
        self._loaded: SimpleQueue[Loaded] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def ask(self, record: StudyRecord) -> None:
        """Read the measurements of a study as soon as those asked for before are there."""
        self.pending[record.name] = record
        self._asked.put(record)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="rbptune-loader", daemon=True)
            self._thread.start()

    def take(self, timeout: float) -> list[Loaded]:
        """Give what was read meanwhile; where that is nothing yet, wait for up to `timeout` seconds."""
        found: list[Loaded] = []
        with contextlib.suppress(Empty):
            while self.pending:
                wait = timeout > 0 and not found
                loaded = self._loaded.get(block=wait, timeout=timeout or None)
                del self.pending[loaded.record.name]
                found.append(loaded)
        return found

    def _work(self) -> None:
        while True:
            record = self._asked.get()
            try:
                self._loaded.put(Loaded(record, self._load(record)))
            except Exception as error:  # the driver raises it again, in the study's name
                self._loaded.put(Loaded(record, error))


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
