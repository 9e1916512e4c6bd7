"""What comes back from tasks and from the workers, and its form on the wire: plain values and bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from models.reports import EpochReport

Curve = tuple[EpochReport, ...]


@dataclass(frozen=True)
class Figures:
    """Correlations of predictions with the measurements of two sets of probes."""

    val_spearman: float
    val_pearson: float
    test_spearman: float
    test_pearson: float


@dataclass(frozen=True)
class Event:
    """Something that a task reports; `key` names the task."""

    key: str


@dataclass(frozen=True)
class Started(Event):
    """A worker took the task up."""

    worker: str


@dataclass(frozen=True)
class Reported(Event):
    """An epoch ended.

    Attributes
    ----------
    curve : tuple of EpochReport
        All epochs so far, those of an earlier driver included.
    state : bytes
        The checkpoint from which the next epoch starts.
    """

    curve: Curve
    state: bytes

    @property
    def report(self) -> EpochReport:
        """The epoch that ended."""
        return self.curve[-1]


@dataclass(frozen=True)
class Trained(Event):
    """The training is through: the weights of its best epoch (safetensors) and its whole curve."""

    weights: bytes
    curve: Curve


@dataclass(frozen=True)
class Tested(Event):
    """The test is through.

    Attributes
    ----------
    members : tuple of Figures
        Those of each member.
    ensemble : Figures
    predictions : bytes
        The table of `data_io.predictions`.
    quantiles : list of float
        Of the ensemble's predictions for the training probes (`models.weights.quantiles_of`).
    """

    members: tuple[Figures, ...]
    ensemble: Figures
    predictions: bytes
    quantiles: list[float]


@dataclass(frozen=True)
class Gathered(Event):
    """The evidence of a study: as `Evidence.to_dict` gives it, and the logos of its motifs."""

    evidence: Mapping[str, Any]
    svgs: tuple[str, ...]
    pngs: tuple[bytes, ...]


@dataclass(frozen=True)
class Stopped(Event):
    """The task ended because it was asked to."""


@dataclass(frozen=True)
class Failed(Event):
    """The task cannot be done: it would fail anywhere, for this reason.

    Attributes
    ----------
    reason : str
        One line for people.
    traceback : str
        Where it happened, for the log; empty for a mistake of the user's.
    """

    reason: str
    traceback: str = ""


@dataclass(frozen=True)
class Lost(Event):
    """The task's worker is gone; another may try."""

    reason: str


ENDS = (Trained, Tested, Gathered, Stopped, Failed, Lost)
"""Each submitted task ends in exactly one of these."""


@dataclass(frozen=True)
class WorkersAwaited:
    """The scheduler has no workers; the driver waits for the first."""

    scheduler: str


@dataclass(frozen=True)
class WorkerRefused:
    """A worker cannot run tasks and is left out."""

    worker: str
    reason: str


PoolEvent = WorkersAwaited | WorkerRefused
"""Something about the workers themselves, not of a task."""

_KINDS: dict[str, type[Event]] = {
    kind.__name__: kind for kind in (Started, Reported, Trained, Tested, Gathered, Stopped, Failed, Lost)
}


def to_plain(event: Event) -> dict[str, Any]:
    """Give an event as plain values and bytes, which need no pickle."""
    return {"event": type(event).__name__, **asdict(event)}


def from_plain(message: Mapping[str, Any]) -> Event:
    """Read what `to_plain` gave.

    Raises
    ------
    KeyError, TypeError
        When it is the message of another version.
    """
    values = dict(message)
    kind = _KINDS[values.pop("event")]
    if "curve" in values:
        values["curve"] = tuple(EpochReport(**report) for report in values["curve"])
    if kind is Tested:
        values["members"] = tuple(Figures(**member) for member in values["members"])
        values["ensemble"] = Figures(**values["ensemble"])
    return kind(**values)
