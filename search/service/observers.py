"""What the driver tells of its work, to whoever wants to show or keep it."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

log = logging.getLogger("rbptune")


class Observer(Protocol):
    """Hears of everything that happens in a run."""

    def notice(self, kind: str, study: str, **facts: Any) -> None:
        """Take note of an event.

        Parameters
        ----------
        kind : str
            study_started, trial_started, epoch, trial_finished, trial_pruned, trial_failed, worker_lost,
            finalist_finished, study_done, study_failed or study_stopped; and, of no study,
            driver_followed, workers_awaited and worker_refused.
        study : str
        **facts
            Numbers and texts that belong to it, such as ``trial=3, spearman=0.41``.
        """


class EventLog:
    """Writes each event as a line: for people through logging, as JSON to a file.

    Parameters
    ----------
    path : Path
        The JSON lines file; it grows.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def notice(self, kind: str, study: str, **facts: Any) -> None:
        """See `Observer.notice`."""
        level = logging.DEBUG if kind == "epoch" else logging.INFO
        log.log(level, "%s %s %s", study, kind.replace("_", " "), _as_text(facts))
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._file.write(json.dumps({"time": now, "event": kind, "study": study, **facts}) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Everyone:
    """Passes events on to several observers."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def notice(self, kind: str, study: str, **facts: Any) -> None:
        """See `Observer.notice`."""
        for observer in self._observers:
            observer.notice(kind, study, **facts)


def _as_text(facts: dict[str, Any]) -> str:
    return " ".join(f"{k}={v:.4f}" if isinstance(v, float) else f"{k}={v}" for k, v in facts.items())
