"""Those who hear of a driver's work: the log, and whatever shows the progress."""

from __future__ import annotations

import json
import logging
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from search.service.notice_form import to_plain
from search.service.notices import EpochEnded, Notice, StudyNotice

log = logging.getLogger("rbptune")


class Observer(Protocol):
    """Hears of everything that happens in a run."""

    def notice(self, notice: Notice) -> None:
        """Take note of something."""


class EventLog:
    """Writes each notice as a line: for people through logging, as JSON to a file.

    Parameters
    ----------
    path : Path
        The JSON lines file; it grows.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def notice(self, notice: Notice) -> None:
        """See `Observer.notice`."""
        log.log(logging.DEBUG if isinstance(notice, EpochEnded) else logging.INFO, "%s", as_text(notice))
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._file.write(json.dumps({"time": now, **to_plain(notice)}) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Everyone:
    """Passes notices on to several observers."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def notice(self, notice: Notice) -> None:
        """See `Observer.notice`."""
        with ExitStack() as rest:  # which goes on where one of them fails
            for observer in reversed(self._observers):
                rest.callback(observer.notice, notice)


def as_text(notice: Notice) -> str:
    """Put a notice into one line."""
    facts = to_plain(notice)
    kind = facts.pop("event")
    about = f"{facts.pop('study')} " if isinstance(notice, StudyNotice) else ""
    values = (f"{k}={v:.4f}" if isinstance(v, float) else f"{k}={v}" for k, v in facts.items())
    return f"{about}{kind} {' '.join(values)}"
