"""The Dask executor on our own workers and on a cluster started by hand."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from search.workers.dask import cluster as dask_cluster
from search.workers.dask.cluster import ClusterError
from search.workers.dask.executor import DaskExecutor
from search.workers.dask.worker import OUTBOX_SIZE
from search.workers.events import (
    ENDS,
    Event,
    Failed,
    Lost,
    PoolEvent,
    Started,
    Stopped,
    Trained,
    WorkerRefused,
    WorkersAwaited,
)
from search.workers.executor import Executor
from search.workers.tasks import Task
from tests.support.clusters import (
    Cluster,
    environment_without,
    require_bare_environment,
    wait_for,
)
from tests.support.toytasks import Broken, Counting, Deadly, scheduler_state

FOREVER = 10**6


def run_until(
    executor: Executor, kinds: type | tuple[type, ...], number: int = 1, pool: list[PoolEvent] | None = None
) -> list[Event]:
    """Take events until `number` of the given kinds have come; those of the workers go to `pool`."""
    told: list[Event] = []

    def enough() -> bool:
        for event in executor.events(0.1):
            if isinstance(event, Event):
                told.append(event)
            elif pool is not None:
                pool.append(event)
        return sum(isinstance(event, kinds) for event in told) >= number

    wait_for(enough, f"{number} of {kinds}")
    return told


def ends(executor: Executor, *tasks: Task, pool: list[PoolEvent] | None = None) -> dict[str, Event]:
    for task in tasks:
        executor.submit(task)
    return {e.key: e for e in run_until(executor, ENDS, len(tasks), pool) if isinstance(e, ENDS)}


@pytest.fixture(scope="module")
def own() -> Iterator[DaskExecutor]:
    with closing(DaskExecutor(2)) as executor:
        yield executor


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cluster")
    require_bare_environment(folder)
    return folder


@pytest.fixture(scope="module")
def cluster(bare: Path) -> Iterator[Cluster]:
    """A scheduler with one worker of two threads, which has another version; tests may add workers."""
    for package in ("search", "models"):
        (bare / "other" / package).mkdir(parents=True)
        (bare / "other" / package / "__init__.py").write_text("OTHER = True")
    with Cluster(bare / "shared") as cluster:
        loaded = "import models, search\nassert models.OTHER and search.OTHER\n"
        cluster.add_worker("--nthreads", 2, "--preload", loaded, path=[bare / "other", *cluster.path])
        yield cluster


@pytest.fixture
def away(cluster: Cluster) -> Iterator[DaskExecutor]:
    with closing(DaskExecutor(scheduler=cluster.address)) as executor:
        wait_for(lambda: executor.slots >= 2, "a worker")
        yield executor


@pytest.fixture(params=["own", "away"])
def executor(request: pytest.FixtureRequest) -> DaskExecutor:
    return request.getfixturevalue(request.param)


def test_a_task_tells_all_it_does_in_order(executor: DaskExecutor) -> None:
    executor.submit(Counting("a", 40, 0.0, weight=100_000))
    told = run_until(executor, ENDS)
    assert isinstance(told[0], Started)
    assert [event.report.epoch for event in told[1:-1]] == list(range(40))
    assert {len(event.state) for event in told[1:-1]} == {100_000}
    assert isinstance(told[-1], Trained)


def test_each_thread_of_a_worker_is_a_slot_and_torch_uses_no_other(executor: DaskExecutor) -> None:
    assert executor.slots == 2
    for key in "ab":
        executor.submit(Counting(key, seconds=1.0))
    assert [type(event) for event in run_until(executor, Started, 2)] == [Started, Started]
    finished = run_until(executor, Trained, 2)
    assert [json.loads(event.weights)["threads"] for event in finished if isinstance(event, Trained)] == [
        1,
        1,
    ]


def test_a_task_ends_when_it_is_not_wanted(executor: DaskExecutor) -> None:
    for key in ("running", "waiting", "also running"):
        executor.submit(Counting(key, FOREVER))
    run_until(executor, Started, 2)
    for key in ("running", "waiting", "also running"):
        executor.stop(key)
    told = run_until(executor, ENDS, 3)
    assert {type(event) for event in told if isinstance(event, ENDS)} == {Stopped}
    assert isinstance(ends(executor, Counting("next"))["next"], Trained)


def test_a_task_that_cannot_be_done_says_why_in_one_line(executor: DaskExecutor) -> None:
    told = ends(executor, Broken("user"), Broken("bug", of_the_user=False))
    assert told["user"] == Failed("user", "norm_data.txt: missing; give another --data")
    assert told["bug"] == Failed("bug", "ValueError: first line")


def test_our_own_workers_listen_on_loopback_alone(own: DaskExecutor) -> None:
    assert own._cluster is not None
    workers = [psutil.Process(nanny.pid) for nanny in own._cluster.workers.values()]
    processes = [*workers, *(c for w in workers for c in w.children(recursive=True))]
    listening = [c for p in processes for c in p.net_connections("inet") if c.status == psutil.CONN_LISTEN]
    assert len(listening) >= 2
    assert {connection.laddr.ip for connection in listening} <= {"127.0.0.1", "::1"}
    addresses = [own._cluster.scheduler_address, *(n.address for n in own._cluster.workers.values())]
    assert all(address.startswith("tcp://127.0.0.1:") for address in addresses)


def test_a_worker_that_a_task_kills_is_lost_and_comes_again(own: DaskExecutor) -> None:
    before = set(own._threads)
    assert ends(own, Deadly("a")) == {"a": Lost("a", "its worker is gone")}
    # By their addresses: the new one may be there before it is noticed that there is one less.
    wait_for(lambda: own.slots == 2 and len(before & set(own._threads)) == 1, "a new worker")


def test_workers_run_the_code_that_the_driver_sent_whatever_they_have(
    away: DaskExecutor, cluster: Cluster
) -> None:
    result = json.loads(ends(away, Counting("a"))["a"].weights)
    folder = cluster.folder / "cache" / "rbptune" / "code"
    assert Path(result["search"]).is_relative_to(folder)
    assert Path(result["trainer"]).is_relative_to(folder)
    assert len(list(folder.iterdir())) == 1


def test_workers_that_come_are_used_and_those_that_go_are_lost(away: DaskExecutor, cluster: Cluster) -> None:
    for key in "abc":
        away.submit(Counting(key, FOREVER))
    run_until(away, Started, 2)
    added = cluster.add_worker()
    (third,) = (e for e in run_until(away, Started) if isinstance(e, Started))
    assert away.slots == 3
    added.kill()
    assert [type(event) for event in run_until(away, ENDS) if isinstance(event, ENDS)] == [Lost]
    assert third.worker not in away._threads or away.slots == 2
    for key in "abc":
        away.stop(key)


def test_a_worker_retired_in_order_gives_its_task_back(away: DaskExecutor, cluster: Cluster) -> None:
    for key in "ab":
        away.submit(Counting(key, FOREVER))
    run_until(away, Started, 2)
    cluster.add_worker()
    wait_for(lambda: away.slots == 3, "a third slot")
    away.submit(Counting("c", FOREVER))
    (third,) = (e for e in run_until(away, Started) if isinstance(e, Started))
    with cluster.client() as client:
        client.retire_workers([third.worker])
    (lost,) = (e for e in run_until(away, ENDS) if isinstance(e, ENDS))
    assert isinstance(lost, Lost)
    assert lost.key == "c"


def test_workers_that_lack_something_are_left_out_with_one_line(cluster: Cluster, bare: Path) -> None:
    lacking = environment_without("numba", bare / "without-numba")
    pool: list[PoolEvent] = []
    with closing(DaskExecutor(scheduler=cluster.address)) as executor:
        useless = cluster.add_worker("--nthreads", 4, path=lacking)
        wait_for(lambda: executor.slots == 6, "six slots")
        tasks = [Counting(f"{number}", seconds=0.2) for number in range(6)]
        assert {type(event) for event in ends(executor, *tasks, pool=pool).values()} == {Trained}
        assert executor.slots == 2
    (refused,) = pool
    assert isinstance(refused, WorkerRefused)
    assert refused.reason == "No module named 'numba'"
    useless.kill()


def test_what_a_cluster_lacks_is_said_in_one_line(bare: Path) -> None:
    with Cluster(bare / "empty") as cluster:
        with closing(DaskExecutor(scheduler=cluster.address)) as executor:
            assert executor.slots == executor.slots == 0
            assert executor.events(0) == [WorkersAwaited(cluster.address)]
            cluster.add_worker(path=environment_without("safetensors", bare / "without-safetensors"))
            executor.submit(Counting("a"))
            with pytest.raises(ClusterError, match="No module named 'safetensors'; install rbptune"):
                run_until(executor, ENDS)
        with closing(DaskExecutor(scheduler=cluster.address)) as executor:
            cluster.scheduler.kill()
            with pytest.raises(ClusterError, match="went away; start it and repeat the command"):
                run_until(executor, ENDS)


def test_an_address_where_nothing_answers_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_cluster, "CONNECT_SECONDS", 0.5)
    with pytest.raises(ClusterError, match=r"tcp://127.0.0.1:1: no Dask scheduler answers there"):
        DaskExecutor(scheduler="tcp://127.0.0.1:1")


DRIVER = """
import sys, time
from search.workers.dask.executor import DaskExecutor
from tests.search.workers.dask.test_executor import run_until
from tests.support.toytasks import Counting
from search.workers.events import Started
executor = DaskExecutor(scheduler=sys.argv[1])
executor.submit(Counting("talkative", 10**6, 0.01))
executor.submit(Counting("quiet", 10**6, 10.0))
run_until(executor, Started, 2)
print("both run", flush=True)
time.sleep(600)
"""


def test_runs_of_a_killed_driver_end_by_themselves(cluster: Cluster, away: DaskExecutor) -> None:
    command = [sys.executable, "-c", DRIVER, cluster.address]
    complaints = cluster.log().count("Traceback")
    with cluster.client() as client, subprocess.Popen(command, stdout=subprocess.PIPE) as driver:
        assert driver.stdout is not None
        assert driver.stdout.readline() == b"both run\n"
        driver.send_signal(signal.SIGSTOP)  # it takes no message any more, and its worker holds back the rest
        waiting = lambda: max(client.run_on_scheduler(scheduler_state)["queues"].values())  # noqa: E731
        wait_for(lambda: waiting() >= OUTBOX_SIZE, "a full queue")
        driver.kill()
        driver.wait()
        told = ends(away, *(Counting(key) for key in "abcd"))  # they wait for the threads
        assert {type(event) for event in told.values()} == {Trained}
        wait_for(lambda: not client.run_on_scheduler(scheduler_state)["tasks"], "a scheduler without tasks")
        assert waiting() == OUTBOX_SIZE
    assert cluster.log().count("Traceback") == complaints


def test_a_run_that_dask_takes_to_another_worker_is_lost_and_its_queue_stays(
    away: DaskExecutor, cluster: Cluster
) -> None:
    """A scheduler of others tries a task several times; each beginning but the first is one too many."""
    away.submit(Counting("a", FOREVER))
    run_until(away, Started)
    run = away._runs["a"]
    away._told.put((run.name, Started("a", "tcp://elsewhere")))
    assert [event for event in run_until(away, ENDS) if isinstance(event, ENDS)] == [
        Lost("a", f"worker {run.worker} is gone")
    ]
    assert isinstance(ends(away, Counting("a"))["a"], Trained)
