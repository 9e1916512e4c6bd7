"""Ending a training run within an epoch."""

from __future__ import annotations

import time
from collections.abc import Callable

CHECK_INTERVAL = 0.2  # seconds between two calls of `wanted`, which may take longer than a step


class Interrupted(Exception):  # noqa: N818 - it reports a request, not an error
    """Training stopped within an epoch because it is no longer wanted."""


def check_often(wanted: Callable[[], bool] | None) -> Callable[[], None]:
    """Make what is called before each step: it raises Interrupted where `wanted`, asked at times, says no."""
    due = 0.0

    def check() -> None:
        nonlocal due
        if wanted is not None and time.monotonic() >= due:
            if not wanted():
                raise Interrupted
            due = time.monotonic() + CHECK_INTERVAL

    return check
