"""What is used of Dask beyond its documented interface: nothing private, the rest with this version."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import distributed
from distributed.utils_comm import gather_from_workers

import search.workers.dask

TRIED = "2026.8"  # with another one, run the tests of this folder, and look at each use below
FOLDER = Path(search.workers.dask.__path__[0])


def uses(pattern: str) -> set[str]:
    """The files that have a pattern in their code."""
    return {
        p.relative_to(FOLDER).as_posix() for p in FOLDER.rglob("*.py") if re.search(pattern, p.read_text())
    }


def test_this_is_the_version_that_was_tried() -> None:
    assert distributed.__version__.startswith(f"{TRIED}.")


def test_no_private_name_of_anything_is_used() -> None:
    assert uses(r"(?<!\bself)\._(?!exit\b)[a-z]") == set()  # os._exit is documented
    assert uses(r"import _|from \S+\._") == set()


def test_what_is_not_documented_is_used_in_these_places_alone() -> None:
    assert uses(r"\.state\.tasks\b") == {"guest/outbox.py"}  # to see that a run was cancelled
    assert uses(r"gather_from_workers") == {"guest/fetching.py"}  # from worker to worker, without a future
    remote = {"guest/entry.py", "guest/fetching.py", "link.py"}  # calls that a client makes itself
    assert uses(r"scheduler\.(ncores|who_has|gather)\(|scheduler\.gather,") == remote
    assert uses(r"distributed\.core import rpc") == {"connection.py"}  # to ask who answers


def test_they_are_called_as_they_are_meant_to_be() -> None:
    assert list(inspect.signature(gather_from_workers).parameters)[:2] == ["who_has", "rpc"]
    handlers = {"ncores", "who_has", "gather"}
    scheduler = inspect.getsource(distributed.Scheduler)
    assert all(re.search(rf'"{name}": self\.', scheduler) for name in handlers)
