"""The states of a study, and what people can ask of its driver."""

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


INTERRUPTED = "interrupted"
"""How a study is shown that is under way in the database, but in the hands of no driver; never stored."""
OPEN_STATES = (State.QUEUED, State.SEARCHING, State.FINALIZING)


class Request(Enum):
    """What a person asks of the driver of a study, which reads it from the database."""

    STOP = "stop"
