"""Notices as plain values: the form in which the event log has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from search.service import notices
from search.service.notices import Notice


def snake_case(name: str) -> str:
    """Turn ``StudyStarted`` into ``study_started``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


_KINDS: dict[str, type[Notice]] = {
    snake_case(name): kind
    for name, kind in vars(notices).items()
    if isinstance(kind, type) and issubclass(kind, Notice)
}


def to_plain(notice: Notice) -> dict[str, Any]:
    """Give a notice as plain values, fit for JSON; `event` names its kind, such as ``study_started``."""
    return {"event": snake_case(type(notice).__name__), **asdict(notice)}


def from_plain(content: Mapping[str, Any]) -> Notice | None:
    """Read what `to_plain` gave; None where another version wrote it."""
    values = {key: value for key, value in content.items() if key not in ("event", "time")}
    kind = _KINDS.get(content.get("event", ""))
    try:
        return None if kind is None else kind(**values)
    except TypeError:
        return None
