"""Ending a training run within an epoch."""

from __future__ import annotations

import time
from collections.abc import Callable

CHECK_INTERVAL = 0.2  # seconds between two calls of `go_on`, which may take longer than a step


class Interrupted(Exception):  # noqa: N818 - it reports a request, not an error
    """Training stopped within an epoch on request."""


def check_often(go_on: Callable[[], bool] | None) -> Callable[[], None]:
    """Make what runs before each step: now and then it calls `go_on`, and raises `Interrupted` on False."""
    due = 0.0

    def check() -> None:
        nonlocal due
        if go_on is not None and time.monotonic() >= due:
            if not go_on():
                raise Interrupted
            due = time.monotonic() + CHECK_INTERVAL

    return check
