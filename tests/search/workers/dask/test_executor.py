"""The Dask executor on our own workers and on a cluster started by hand."""

from __future__ import annotations

import json
import logging
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from search.workers.dask import connection
from search.workers.dask.connection import ClusterError
from search.workers.dask.executor import DaskExecutor
from search.workers.events import ENDS, Failed, Lost, Started, Stopped, Trained, WorkersAwaited
from tests.support.clusters import Cluster, environment_without, wait_for
from tests.support.executing import FOREVER, ends, run_until
from tests.support.toytasks import Broken, Counting, Deadly


def test_a_task_reports_all_it_does_in_order(executor: DaskExecutor) -> None:
    executor.submit(Counting("a", 40, 0.0, weight=100_000))
    reported = run_until(executor, ENDS)
    assert isinstance(reported[0], Started)
    assert [event.report.epoch for event in reported[1:-1]] == list(range(40))
    assert {len(event.state) for event in reported[1:-1]} == {100_000}
    assert isinstance(reported[-1], Trained)


def test_each_thread_of_a_worker_is_a_slot_and_torch_uses_no_other(executor: DaskExecutor) -> None:
    assert executor.slots == 2
    for key in "ab":
        executor.submit(Counting(key, FOREVER))
    run_until(executor, Started, 2)  # neither ends before the other has begun
    for key in "ab":
        executor.stop(key)
    run_until(executor, Stopped, 2)
    trained = ends(executor, Counting("c"), Counting("d")).values()
    assert [json.loads(event.weights)["threads"] for event in trained] == [1, 1]


def test_a_task_ends_when_it_is_not_wanted(executor: DaskExecutor) -> None:
    for key in ("running", "waiting", "also running"):
        executor.submit(Counting(key, FOREVER))
    run_until(executor, Started, 2)
    for key in ("running", "waiting", "also running"):
        executor.stop(key)
    reported = run_until(executor, ENDS, 3)
    assert {type(event) for event in reported if isinstance(event, ENDS)} == {Stopped}
    assert isinstance(ends(executor, Counting("next"))["next"], Trained)


def test_to_stop_one_task_leaves_its_neighbours_alone(executor: DaskExecutor) -> None:
    executor.submit(Counting("stays", 40, 0.05))
    executor.submit(Counting("goes", FOREVER))
    run_until(executor, Started, 2)
    executor.stop("goes")
    executor.stop("goes")
    executor.stop("unknown")
    reported = run_until(executor, ENDS, 2)
    assert [event for event in reported if isinstance(event, Stopped)] == [Stopped("goes")]
    assert [event.key for event in reported if isinstance(event, Trained)] == ["stays"]


def test_a_stopped_task_makes_room_in_a_moment(executor: DaskExecutor) -> None:
    for key in "ab":
        executor.submit(Counting(key, FOREVER))
    run_until(executor, Started, 2)
    executor.stop("a")
    start = time.monotonic()
    executor.submit(Counting("c", 1))
    reported = run_until(executor, Trained)
    assert time.monotonic() - start < 10
    assert Stopped("a") in reported
    executor.stop("b")
    run_until(executor, Stopped)


def test_a_task_that_cannot_be_done_says_why_in_one_line_and_where(executor: DaskExecutor) -> None:
    reported = ends(executor, Broken("user"), Broken("bug", of_the_user=False))
    assert reported["user"] == Failed("user", "norm_data.txt: missing; give another --data")
    bug = reported["bug"]
    assert isinstance(bug, Failed)
    assert bug.reason == "ValueError: first line"
    assert bug.traceback.startswith("Traceback")
    assert ", in run\n" in bug.traceback


class Unreadable:
    """Something whose pickle cannot be unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return int, ("no number",)


def test_what_cannot_be_unpacked_fails_with_its_cause(executor: DaskExecutor) -> None:
    failed = ends(executor, Counting("a", weight=Unreadable()))["a"]
    assert isinstance(failed, Failed)
    assert failed.reason == "it cannot be unpacked: invalid literal for int() with base 10: 'no number'"
    assert "Traceback" in failed.traceback


def test_a_worker_that_a_task_kills_is_lost_and_comes_again(own: DaskExecutor) -> None:
    before = set(own.workers)
    start = time.monotonic()
    assert ends(own, Deadly("a")) == {"a": Lost("a", "its worker is gone")}
    assert time.monotonic() - start < 10
    # By their addresses: the new one may be there before it is noticed that there is one less.
    wait_for(lambda: own.slots == 2 and len(before & set(own.workers)) == 1, "a new worker")


def test_what_a_cluster_lacks_is_said_in_one_line(bare: Path) -> None:
    with Cluster(bare / "empty") as cluster, closing(DaskExecutor(scheduler=cluster.address)) as executor:
        assert executor.slots == executor.slots == 0
        assert executor.events(0) == [WorkersAwaited(cluster.address)]
        cluster.add_worker(path=environment_without("safetensors", bare / "without-safetensors"))
        executor.submit(Counting("a"))
        with pytest.raises(ClusterError, match="No module named 'safetensors'; install rbptune"):
            run_until(executor, ENDS)


def test_a_scheduler_that_goes_away_is_one_line_with_the_cause(
    bare: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Cluster(bare / "mortal") as cluster, closing(DaskExecutor(scheduler=cluster.address)) as executor:
        cluster.scheduler.kill()
        said = r"the Dask scheduler went away \(.+\); start it and repeat the command"
        with caplog.at_level(logging.DEBUG, "rbptune"), pytest.raises(ClusterError, match=said):
            run_until(executor, ENDS)


def test_where_connecting_fails_nothing_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {process.pid for process in psutil.Process().children(recursive=True)}

    def fail(*_: object, **__: object) -> None:
        raise OSError("no more files")

    monkeypatch.setattr("search.workers.dask.executor.Link", fail)
    with pytest.raises(OSError, match="no more files"):
        DaskExecutor(1)
    left = [p for p in psutil.Process().children(recursive=True) if p.pid not in before]
    wait_for(lambda: not [p for p in left if p.is_running() and p.status() != "zombie"], "an end of workers")


def test_an_address_where_nothing_answers_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.5)
    with pytest.raises(ClusterError, match=r"tcp://127.0.0.1:1: no Dask scheduler answers there"):
        DaskExecutor(scheduler="tcp://127.0.0.1:1")
