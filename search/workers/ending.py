"""The end of this process at once, with nothing left running."""

from __future__ import annotations

import multiprocessing
import os
from typing import NoReturn


def end_at_once(number: int) -> NoReturn:
    """Kill the workers and end as by signal `number`; a launch goes on from what is recorded."""
    for child in multiprocessing.active_children():
        child.kill()
    os._exit(128 + number)
