"""The log of what went wrong, with tracebacks, in the workspace: for what one line does not say."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from search.study.workspace import Workspace

log = logging.getLogger("rbptune")


def log_traceback(workspace: Workspace, study: str, what: str, traceback: str) -> None:
    """Append a traceback to the workspace's error log; a log that cannot be written stops nothing."""
    log.debug("%s: %s\n%s", study, what, traceback)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        workspace.errors.parent.mkdir(parents=True, exist_ok=True)
        with workspace.errors.open("a", encoding="utf-8") as file:
            file.write(f"{now} {study}: {what}\n{traceback.rstrip()}\n\n")
    except OSError as error:
        log.warning("%s: cannot be written (%s)", workspace.errors, error.strerror)
