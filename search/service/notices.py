"""What a driver lets others know of its work: one class a kind, with all that belongs to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from search.workers.events import PoolEvent, WorkersAwaited


@dataclass(frozen=True)
class Notice:
    """Something that happened."""


@dataclass(frozen=True)
class StudyNotice(Notice):
    """Something that happened in a study, given by its name."""

    study: str


@dataclass(frozen=True)
class StudyStarted(StudyNotice):
    """A study was taken up; `best` is the best validation Spearman of its trials so far, if any finished.

    After `budget` trials come `retrainings`: of the best configs, then on all of Set A.
    """

    budget: int
    done: int
    best: float | None
    retrainings: int = 0


@dataclass(frozen=True)
class TrialStarted(StudyNotice):
    """A worker took up a trial with the hyperparameters `params`."""

    trial: int
    worker: str
    params: Mapping[str, Any]


@dataclass(frozen=True)
class EpochEnded(StudyNotice):
    """An epoch of a trial ended; the figures are those of `models.reports.EpochReport`."""

    trial: int
    epoch: int
    train_loss: float | None
    validation_loss: float | None
    spearman: float
    pearson: float
    seconds: float
    constant: bool
    diverged: bool


@dataclass(frozen=True)
class TrialFinished(StudyNotice):
    """A trial finished with the validation Spearman of its best epoch; `flag` says why that is 0."""

    trial: int
    spearman: float
    best_epoch: int
    flag: str | None


@dataclass(frozen=True)
class TrialPruned(StudyNotice):
    """A trial was ended since it fell behind the others."""

    trial: int
    epoch: int
    spearman: float
    flag: str | None


@dataclass(frozen=True)
class TrialFailed(StudyNotice):
    """A trial cannot be done."""

    trial: int
    reason: str


@dataclass(frozen=True)
class WorkerLost(StudyNotice):
    """The worker of a task is gone; another tries. `trial` is None where it is no trial of the search."""

    trial: int | None
    reason: str


@dataclass(frozen=True)
class SearchCutShort(StudyNotice):
    """There is no time for more than `trials` trials, so that the study is retrained and tested in time."""

    trials: int


@dataclass(frozen=True)
class SeedTrained(StudyNotice):
    """The config of a trial was trained with one of its seeds; `member` counts those from 0."""

    trial: int
    member: int

    @property
    def seed(self) -> int:
        """Which of the seeds, as people count them: from 1."""
        return self.member + 1


@dataclass(frozen=True)
class FinalistRetrained(SeedTrained):
    """A finalist was retrained with one of its seeds; `retrained` are through of `total`, refits too."""

    spearman: float
    retrained: int
    total: int


@dataclass(frozen=True)
class MemberRefitted(SeedTrained):
    """A member was trained on all of Set A for `epochs`; `through` of `total` are, as above."""

    epochs: int
    through: int
    total: int


@dataclass(frozen=True)
class StudyDone(StudyNotice):
    """A study is done: trial `trial` won, and these are the figures of its ensemble with its `partners`."""

    trial: int
    val_spearman: float
    test_spearman: float
    test_pearson: float
    partners: Sequence[int] = ()


@dataclass(frozen=True)
class BestAtEdge(StudyNotice):
    """Numbers of the config that won lie at the edge of their range: `{name: {value, low, high}}`."""

    edges: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class EvidenceMissing(StudyNotice):
    """The evidence of a study could not be gathered, for this reason; the study is done without it."""

    reason: str


@dataclass(frozen=True)
class StudyFailed(StudyNotice):
    """A study cannot go on."""

    reason: str


@dataclass(frozen=True)
class StudyStopped(StudyNotice):
    """A study was left before its end, and can be taken up again."""

    reason: str


@dataclass(frozen=True)
class StudiesWaiting(Notice):
    """So many studies are queued that were not taken up yet."""

    studies: int


@dataclass(frozen=True)
class FleetEnded(Notice):
    """Nothing is under way any more; counts are of studies since this was last so.

    `left` were left before their end, for the reason that is given.
    """

    done: int
    failed: int
    left: int
    reason: str | None

    @property
    def text(self) -> str:
        """All of it in one line."""
        counts = f"{self.done} done, {self.failed} failed, {self.left} left before the end"
        return f"nothing runs any more: {counts}" + (f" ({self.reason})" if self.reason else "")


@dataclass(frozen=True)
class DriverFollowed(Notice):
    """Another process drives the workspace; its progress is shown here."""

    driver: str


@dataclass(frozen=True)
class NoWorkersYet(Notice):
    """The scheduler has no workers so far."""

    scheduler: str


@dataclass(frozen=True)
class WorkerLeftOut(Notice):
    """A worker cannot run tasks."""

    worker: str
    reason: str


def of_pool(event: PoolEvent) -> Notice:
    """Say what happened to the workers."""
    if isinstance(event, WorkersAwaited):
        return NoWorkersYet(event.scheduler)
    return WorkerLeftOut(event.worker, event.reason)
