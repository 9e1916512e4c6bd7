"""Follow the studies that another process drives, by its log of events."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO

from data_io.errors import StudyError
from search.service.fleet import Fleet
from search.service.notice_form import from_plain
from search.service.notices import DriverFollowed, Notice, StudyNotice, StudyStarted
from search.service.observers import Observer
from search.study.database import connect, database_errors
from search.study.lock import describe, holder, is_driven
from search.study.requests import ask_to_stop
from search.study.status import read_status
from search.study.tables import open_studies
from search.study.workspace import Workspace

LOOK_SECONDS = 1.0


def follow(
    workspace: Workspace, observer: Observer, names: Collection[str], deadline: float | None = None
) -> bool:
    """Pass on the events of studies until all have ended.

    Parameters
    ----------
    workspace : Workspace
    observer : Observer
    names : collection of str
    deadline : float, optional
        On the clock of `time.monotonic`: then the driver is asked to stop them.

    Returns
    -------
    bool
        False where the driver ended before them.
    """
    fleet = Fleet(observer)
    with database_errors(workspace.storage_url), _log_from_now(workspace.log) as log:
        engine = connect(workspace)
        observer.notice(DriverFollowed(describe(holder(workspace))))
        for row in read_status(workspace):
            if row["study"] in names:
                facts = row["trials_total"], row["trials_done"], row["best_trial_spearman"]
                fleet.notice(StudyStarted(row["study"], *facts))
        while True:
            driven = is_driven(workspace)
            for notice in _new_notices(log):
                if isinstance(notice, StudyNotice) and notice.study in names:
                    fleet.notice(notice)
            if not set(names) & set(open_studies(engine)):
                fleet.say_ended()
                return True
            if not driven:
                return False
            if deadline is not None and time.monotonic() > deadline:
                deadline = None
                for name in set(names) & set(open_studies(engine)):
                    with contextlib.suppress(StudyError):  # it ended just now
                        ask_to_stop(workspace, name)
            time.sleep(LOOK_SECONDS)


def _log_from_now(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    log = path.open(encoding="utf-8")
    log.seek(0, 2)
    return log


def _new_notices(log: IO[str]) -> Iterator[Notice | None]:
    """Yield what was written since the last look; a line that is not complete yet waits."""
    while True:
        place = log.tell()
        line = log.readline()
        if not line.endswith("\n"):
            log.seek(place)
            return
        yield from_plain(json.loads(line))
