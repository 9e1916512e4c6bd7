"""What is said of the studies as a whole: how many wait, and how they ended."""

from __future__ import annotations

from search.service.notices import (
    FleetEnded,
    Notice,
    StudiesWaiting,
    StudyDone,
    StudyFailed,
    StudyNotice,
    StudyStarted,
    StudyStopped,
)
from search.service.observers import Observer

ENDS = (StudyDone, StudyFailed, StudyStopped)


class Fleet:
    """Passes notices on to an observer, and adds those of all studies together.

    Parameters
    ----------
    observer : Observer
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._waiting = 0
        self._studies: dict[str, type[Notice]] = {}

    def notice(self, notice: Notice) -> None:
        """See `Observer.notice`."""
        if isinstance(notice, StudyNotice) and isinstance(notice, (StudyStarted, *ENDS)):
            self._studies[notice.study] = type(notice)
        self._observer.notice(notice)

    def count_waiting(self, studies: int) -> None:
        """Take in how many studies are queued that were not taken up so far."""
        if studies != self._waiting:
            self._waiting = studies
            self._observer.notice(StudiesWaiting(studies))

    def say_ended(self, reason: str | None = None) -> None:
        """Say that nothing is under way any more, where something was since this was last said."""
        ends = list(self._studies.values())
        self._studies = {}
        if ends:
            done, failed = ends.count(StudyDone), ends.count(StudyFailed)
            self._observer.notice(FleetEnded(done, failed, len(ends) - done - failed, reason))
