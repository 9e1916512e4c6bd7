"""The child processes in which tasks run on workers of others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from distributed.protocol.pickle import dumps, loads

import search
from search.workers.dask.guest import children
from search.workers.dask.guest.children import END, Child, give_back, take_child
from search.workers.events import Event, Trained
from search.workers.tasks import Task, Wanted
from tests.support.clusters import wait_for
from tests.support.executing import FOREVER
from tests.support.toytasks import Counting

ROOT = Path(search.__path__[0]).parent


def order(task: Task) -> bytes:
    return dumps({"key": task.key, "task": dumps(task), "data": None, "worker": "tcp://here"})


def frames(child: Child, number: int = 0) -> list[str]:
    """The kinds of the next events, up to a number or to the end."""
    kinds: list[str] = []
    while not number or len(kinds) < number:
        frame = child.frame(60)
        assert frame is not None
        if frame == END:
            break
        kinds.append(loads(frame)["event"])
    return kinds


@pytest.fixture(scope="module")
def one() -> Iterator[Child]:
    child = Child(ROOT)
    yield child
    child.end()


@pytest.fixture
def child(one: Child) -> Iterator[Child]:
    """A child without a task."""
    yield one
    assert one.settle()


def test_it_runs_one_task_after_the_other(child: Child) -> None:
    for key in "ab":
        child.begin(order(Counting(key)))
        assert frames(child) == ["Started", "Reported", "Reported", "Trained"]


def test_a_task_that_is_no_longer_wanted_ends_and_the_next_is_none_the_worse(child: Child) -> None:
    child.begin(order(Counting("a", FOREVER)))
    assert frames(child, 2) == ["Started", "Reported"]
    assert child.settle()
    child.begin(order(Counting("b")))
    assert frames(child)[-1] == "Trained"


def test_to_stop_a_task_that_is_through_does_not_stop_the_next(child: Child) -> None:
    child.begin(order(Counting("a", 0)))
    time.sleep(0.5)  # it has ended, and its events have not been read
    assert child.settle()
    child.begin(order(Counting("b")))
    assert frames(child)[-1] == "Trained"


@dataclass(frozen=True)
class Loud:
    """A task that prints by all means."""

    key: str

    def run(self, wanted: Wanted) -> Iterator[Event]:
        print("printed", flush=True)
        os.system("echo written")
        yield Trained(self.key, b"", ())


def test_what_a_task_prints_is_no_event(child: Child) -> None:
    child.begin(order(Loud("a")))
    assert frames(child) == ["Started", "Trained"]


def test_nothing_to_report_yet_is_none(child: Child) -> None:
    child.begin(order(Counting("a", 1, seconds=1.0)))
    assert frames(child, 1) == ["Started"]
    assert child.frame(0.01) is None
    assert frames(child) == ["Reported", "Trained"]


def test_one_that_is_killed_says_by_what() -> None:
    child = Child(ROOT)
    child.begin(order(Counting("a", FOREVER)))
    os.kill(child.pid, signal.SIGKILL)
    with pytest.raises(RuntimeError, match="its process ended by SIGKILL"):
        frames(child)
    assert not child.settle()


def test_one_that_cannot_import_what_it_needs_says_what(tmp_path: Path) -> None:
    for package in ("search", "search/workers", "search/workers/dask"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    source = ROOT / "search" / "workers" / "dask"
    for part in ("child.py", "guest"):
        (tmp_path / "search" / "workers" / "dask" / part).symlink_to(source / part)
    with pytest.raises(RuntimeError, match=r"No module named 'search\.workers\.dask\.worker'"):
        Child(tmp_path)


SCRIPT = """
import os
from tests.search.workers.dask.guest.test_children import *
child = Child(ROOT)
child.begin(order(Counting("a", FOREVER)))
frames(child, 2)
print(child.pid, flush=True)
os.kill(os.getpid(), 9)
"""


def test_one_whose_worker_is_gone_ends_in_the_middle_of_a_task() -> None:
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    wait_for(lambda: not psutil.pid_exists(int(done.stdout)), "its end")


def test_an_idle_one_is_taken_again_and_ends_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "IDLE_SECONDS", 0.5)
    first = take_child(ROOT)
    give_back(first)
    assert take_child(ROOT) is first
    time.sleep(1.0)  # it is not idle, so it stays
    assert psutil.pid_exists(first.pid)
    give_back(first)
    wait_for(lambda: not psutil.pid_exists(first.pid), "its end")
    second = take_child(ROOT)
    assert second is not first
    second.end()
