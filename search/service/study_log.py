"""The log of what went wrong, with tracebacks, in the workspace: for what one line does not say."""

from __future__ import annotations

import logging
import traceback
from datetime import UTC, datetime

from data_io.errors import UserError
from search.study.workspace import Workspace

log = logging.getLogger("rbptune")


def log_traceback(workspace: Workspace, study: str, what: str, text: str) -> None:
    """Append a traceback to the workspace's error log; a log that cannot be written stops nothing."""
    log.debug("%s: %s\n%s", study, what, text)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        workspace.errors.parent.mkdir(parents=True, exist_ok=True)
        with workspace.errors.open("a", encoding="utf-8") as file:
            file.write(f"{now} {study}: {what}\n{text.rstrip()}\n\n")
    except OSError as error:
        log.warning("%s: cannot be written (%s)", workspace.errors, error.strerror)


def log_failure(workspace: Workspace, study: str, error: Exception) -> str:
    """Give the reason of a failure in a line; the log has the traceback where it is no user's."""
    if isinstance(error, UserError):
        return str(error)
    log_traceback(workspace, study, "failed", "".join(traceback.format_exception(error)))
    message = next(iter(str(error).splitlines()), "no message")
    return f"{type(error).__name__}: {message}; {workspace.errors} has more"
