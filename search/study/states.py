"""The states of a study."""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """Where a study stands."""

    QUEUED = "queued"
    SEARCHING = "searching"
    FINALIZING = "finalizing"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


OPEN_STATES = (State.QUEUED, State.SEARCHING, State.FINALIZING)
