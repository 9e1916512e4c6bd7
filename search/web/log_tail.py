"""The end of the log of events: which worker does what, and how far the retraining is."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from search.service.notice_form import from_plain
from search.service.notices import (
    FinalistRetrained,
    MemberRefitted,
    Notice,
    SeedTrained,
    StudyDone,
    StudyFailed,
    StudyNotice,
    StudyStarted,
    StudyStopped,
    TrialStarted,
)

TAIL = 4_000_000  # bytes; a log of days is not read from its beginning


def last_lines(path: Path, most: int = TAIL) -> list[bytes]:
    """Read the last whole lines of a file; none where there is no such file."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - most))
            lines = file.read().split(b"\n")
    except OSError:
        return []
    return lines[1 if size > most else 0 : -1]


def study_events(path: Path, study: str, most: int = 50) -> list[dict[str, str]]:
    """Give a study's last events but for its epochs, newest first, each as time, what it was, and facts."""
    name = json.dumps(study).encode()
    found: list[dict[str, str]] = []
    for text in reversed(last_lines(path)):
        if name in text and b'"epoch_ended"' not in text and (event := _parsed(text)):
            if event.get("study") == study:
                found.append(_told(event))
            if len(found) == most:
                break
    return found


def _told(event: Mapping[str, Any]) -> dict[str, str]:
    facts = {key: value for key, value in event.items() if key not in ("time", "event", "study", "params")}
    notice = from_plain(event)
    if isinstance(notice, SeedTrained):
        facts = {"trial": notice.trial, "seed": notice.seed, **facts}
        del facts["member"]
    texts = (
        f"{key} {value:.3f}" if isinstance(value, float) else f"{key} {value}"
        for key, value in facts.items()
        if value is not None
    )
    return {
        "time": str(event.get("time", "")),
        "what": str(event.get("event", "")).replace("_", " "),
        "facts": ", ".join(texts).replace("_", " "),
    }


class LogTail:
    """Follows the log, and knows who works on what.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    workers : dict
        The worker of a running trial, by study and trial.
    retrained : dict
        How many members of a study are retrained, on all of Set A too, and of how many.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._place: int | None = None
        self.workers: dict[tuple[str, int], str] = {}
        self.retrained: dict[str, tuple[int, int]] = {}

    def look(self) -> None:
        """Read what is new."""
        for notice in self._new():
            if isinstance(notice, StudyNotice):
                self._take_in(notice)

    def worker(self, study: str, trial: int) -> str:
        """Name the worker of a running trial; empty where that is not known."""
        return self.workers.get((study, trial), "")

    def _take_in(self, notice: StudyNotice) -> None:
        match notice:
            case TrialStarted():
                self.workers[notice.study, notice.trial] = notice.worker
            case FinalistRetrained():
                self.retrained[notice.study] = notice.retrained, notice.total
            case MemberRefitted():
                self.retrained[notice.study] = notice.through, notice.total
            case StudyStarted() | StudyDone() | StudyFailed() | StudyStopped():
                self.retrained.pop(notice.study, None)
                for key in [key for key in self.workers if key[0] == notice.study]:
                    del self.workers[key]

    def _new(self) -> Iterator[Notice | None]:
        try:
            size = self._path.stat().st_size
            if self._place is None or size < self._place:
                self._place = max(0, size - TAIL)
            if size == self._place:
                return
            with self._path.open("rb") as file:
                file.seek(self._place)
                content = file.read(size - self._place)
        except OSError:
            return
        whole = content.rfind(b"\n") + 1
        self._place += whole
        for text in content[:whole].splitlines():
            if b'"epoch_ended"' not in text and (event := _parsed(text)):
                yield from_plain(event)


def _parsed(text: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(text)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None
