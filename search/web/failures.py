"""What went wrong in a study, with the tracebacks of the workspace's log of errors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from search.web.log_tail import last_lines

TAIL = 1_000_000  # bytes
MOST = 5
_HEAD = re.compile(r"(?P<time>\d{4}-\d\d-\d\dT[\d:]+\+00:00) (?P<rest>.*)")


@dataclass(frozen=True)
class Failure:
    """One entry of the log: when, what failed, and its traceback."""

    time: str
    what: str
    traceback: str


def failures(path: Path, study: str) -> list[Failure]:
    """Give the last failures of a study, newest first."""
    found: list[Failure] = []
    head: tuple[str, str] | None = None
    lines: list[str] = []
    for text in [*last_lines(path, TAIL), None]:
        at = _HEAD.fullmatch(text.decode(errors="replace")) if text is not None else None
        if text is None or at:
            if head:
                found.append(Failure(*head, "\n".join(lines).strip()))
            head, lines = None, []
        if at and at["rest"].startswith(f"{study}: "):
            head = at["time"], at["rest"].removeprefix(f"{study}: ")
        elif head and text is not None:
            lines.append(text.decode(errors="replace"))
    return found[::-1][:MOST]
