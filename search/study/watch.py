"""Watch all studies of a workspace: each look reads only what is new, however many trials there are."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy

from search.study.database import connect, database_errors
from search.study.states import OPEN_STATES
from search.study.status import is_ours, row_of, with_interrupted
from search.study.tables import StudyFigures, TrialRow, last_epochs, new_trials, study_attributes
from search.study.workspace import Workspace

COUNTED = ("COMPLETE", "PRUNED")
PACE = timedelta(hours=1)
"""Over so long the trials an hour are counted."""


@dataclass
class Progress:
    """What is known of a study's trials.

    Attributes
    ----------
    ended : Counter
        Trials by their state.
    running : dict
        Trials that have not ended.
    best : list of (int, float)
        Each new best value, with how many trials had ended for the budget then.
    started, last : datetime, optional
        When the first trial began, and when the last one ended.
    """

    ended: Counter[str] = field(default_factory=Counter)
    running: dict[int, TrialRow] = field(default_factory=dict)
    best: list[tuple[int, float]] = field(default_factory=list)
    started: datetime | None = None
    last: datetime | None = None

    @property
    def done(self) -> int:
        """Trials that count towards the budget."""
        return self.ended["COMPLETE"] + self.ended["PRUNED"]

    def take_in(self, trial: TrialRow) -> None:
        """Take note of a trial as it stands now."""
        if trial.started and (self.started is None or trial.started < self.started):
            self.started = trial.started
        if trial.state in ("RUNNING", "WAITING"):
            self.running[trial.trial] = trial
            return
        self.running.pop(trial.trial, None)
        self.ended[trial.state] += 1
        self.last = trial.ended or self.last
        if trial.state == "COMPLETE" and trial.value is not None and trial.value > self.highest:
            self.best.append((self.done, trial.value))

    @property
    def highest(self) -> float:
        """The best value so far; minus infinity where there is none."""
        return self.best[-1][1] if self.best else float("-inf")

    def seconds_left(self, budget: int) -> float | None:
        """Say how long the rest of the trials will take, if all goes on as so far; None before one ended."""
        if not self.done or self.started is None or self.last is None:
            return None
        taken = (self.last - self.started).total_seconds()
        return max(0, budget - self.done) * taken / self.done


class Watch:
    """All studies of a workspace, looked at again and again.

    Parameters
    ----------
    workspace : Workspace

    Notes
    -----
    An ended trial never changes, so that each look reads the attributes of the studies, the trials that were
    still open, and the new ones. No transaction is left open between looks: the driver is never in the way of
    a reader, nor a reader in its.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._engine = connect(workspace)
        self._specs: dict[int, Any] = {}
        self._progress: defaultdict[int, Progress] = defaultdict(Progress)
        self._last = 0
        self._ends: deque[tuple[datetime, datetime]] = deque()

    def look(self) -> list[dict[str, Any]]:
        """List all studies as `read_status` does, with three more: `id`, their number in the database,
        `progress`, and the `params` of a done study's winner.

        Raises
        ------
        StorageError
        """
        return with_interrupted(self._workspace, self._read)

    def trials_an_hour(self) -> float:
        """Say how many trials end in an hour, by the last hour, or by its part since they began."""
        now = datetime.now(UTC).replace(tzinfo=None)
        while self._ends and self._ends[0][1] < now - PACE:
            self._ends.popleft()
        if not self._ends:
            return 0.0
        began = max(now - PACE, min(started for started, _ in self._ends))
        return len(self._ends) / max((now - began) / timedelta(hours=1), 1 / 3600)

    def epochs(self, trials: Collection[int]) -> dict[int, int]:
        """Give the last epoch of some trials, by their numbers in the database."""
        with database_errors(self._workspace.storage_url), self._engine.connect() as connection:
            return last_epochs(connection, trials)

    def _read(self) -> list[dict[str, Any]]:
        with database_errors(self._workspace.storage_url), self._engine.connect() as connection:
            studies = study_attributes(connection, self._specs)
            self._read_trials(connection)
        return [self._row(number, study) for number, study in studies.items() if is_ours(study)]

    def _read_trials(self, connection: sqlalchemy.Connection) -> None:
        still_open = [trial for progress in self._progress.values() for trial in progress.running]
        for trial in new_trials(connection, self._last, still_open):
            self._last = max(self._last, trial.trial)
            self._progress[trial.study].take_in(trial)
            if trial.started and trial.ended and trial.state in COUNTED:
                self._ends.append((trial.started, trial.ended))

    def _row(self, number: int, study: StudyFigures) -> dict[str, Any]:
        progress = self._progress[number]
        running = sum(trial.state == "RUNNING" for trial in progress.running.values())
        figures = StudyFigures(study.name, study.attributes)
        figures.trials = {**progress.ended, "RUNNING": running}
        figures.best = progress.highest if progress.best else None
        result = study.attributes.get("result") or {}
        return {**row_of(figures), "id": number, "progress": progress, "params": result.get("params")}


def trials_left(rows: Iterable[Mapping[str, Any]]) -> int:
    """Count the trials that the open studies still have to make."""
    states = {state.value for state in OPEN_STATES}
    return sum(
        max(0, (row["trials_total"] or 0) - row["trials_done"]) for row in rows if row["state"] in states
    )
