"""Workers of others, on a cluster started by hand: what is theirs stays theirs, and ours runs there."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from search.workers.dask import archive
from search.workers.dask.executor import DaskExecutor
from search.workers.dask.guest.outbox import OUTBOX_SIZE
from search.workers.events import ENDS, Lost, PoolEvent, Started, Stopped, Trained, WorkerRefused
from tests.support.clusters import Cluster, environment_without, wait_for
from tests.support.executing import FOREVER, ends, run_until
from tests.support.toytasks import Counting, Deadly, scheduler_state, worker_modules


def where(event: object) -> dict[str, str]:
    """What a `Counting` task found around it."""
    assert isinstance(event, Trained)
    found: dict[str, str] = json.loads(event.weights)
    return found


def test_workers_run_the_code_that_the_driver_sent_whatever_they_have(
    away: DaskExecutor, cluster: Cluster
) -> None:
    result = where(ends(away, Counting("a"))["a"])
    folder = cluster.folder / "cache" / "rbptune" / "code"
    assert Path(result["search"]).is_relative_to(folder)
    assert Path(result["trainer"]).is_relative_to(folder)
    assert len(list(folder.iterdir())) == 1


def test_the_packages_of_others_stay_as_they_are(away: DaskExecutor, cluster: Cluster) -> None:
    ends(away, Counting("a"))
    with cluster.client() as client:
        (found, *_) = client.run(worker_modules).values()
    assert found == {"models": True, "search": True, "packages": set(), "path": []}


def test_drivers_of_two_versions_share_a_worker(
    away: DaskExecutor, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    away.submit(Counting("older", FOREVER))
    run_until(away, Started)
    files = archive._files()
    with monkeypatch.context() as changed, closing(DaskExecutor(scheduler=cluster.address)) as executor:
        changed.setattr(archive, "_files", lambda: [*files, ("search/newer.py", b"")])
        changed.setattr("search.workers.dask.parcel.pack_code", archive.pack_code.__wrapped__)
        newer = where(ends(executor, Counting("newer"))["newer"])["search"]
    away.stop("older")
    run_until(away, Stopped)
    older = where(ends(away, Counting("older"))["older"])["search"]
    assert [Path(folder, "newer.py").exists() for folder in (older, newer)] == [False, True]


def test_a_task_that_kills_its_process_is_lost_and_the_worker_stays(
    away: DaskExecutor, cluster: Cluster
) -> None:
    before = set(away.workers)
    assert ends(away, Deadly("a")) == {"a": Lost("a", "its process ended by SIGKILL")}
    assert isinstance(ends(away, Counting("b"))["b"], Trained)
    assert set(away.workers) == before


def test_workers_that_come_are_used_and_those_that_go_are_lost(away: DaskExecutor, cluster: Cluster) -> None:
    for key in "abc":
        away.submit(Counting(key, FOREVER))
    run_until(away, Started, 2)
    added = cluster.add_worker()
    (third,) = (e for e in run_until(away, Started) if isinstance(e, Started))
    assert away.slots == 3
    added.kill()
    assert [type(event) for event in run_until(away, ENDS) if isinstance(event, ENDS)] == [Lost]
    assert third.worker not in away.workers or away.slots == 2
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
    lacking = environment_without("safetensors", bare / "lacking")
    pool: list[PoolEvent] = []
    with closing(DaskExecutor(scheduler=cluster.address)) as executor:
        useless = cluster.add_worker("--nthreads", 4, path=lacking)
        wait_for(lambda: executor.slots == 6, "six slots")
        tasks = [Counting(f"{number}", seconds=0.2) for number in range(6)]
        assert {type(event) for event in ends(executor, *tasks, pool=pool).values()} == {Trained}
        assert executor.slots == 2
    (refused,) = pool
    assert isinstance(refused, WorkerRefused)
    assert refused.reason == "No module named 'safetensors'"
    useless.kill()


DRIVER = """
import sys, time
from search.workers.dask.executor import DaskExecutor
from search.workers.events import Started
from tests.support.executing import run_until
from tests.support.toytasks import Counting
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
        reported = ends(away, *(Counting(key) for key in "abcd"))  # they wait for the threads
        assert {type(event) for event in reported.values()} == {Trained}
        left = lambda: client.run_on_scheduler(scheduler_state)["tasks"]  # noqa: E731
        wait_for(lambda: len(left()) == 1, "a scheduler with nothing but the code of the driver that lives")
        assert waiting() == OUTBOX_SIZE
    assert cluster.log().count("Traceback") == complaints


def test_a_run_that_dask_takes_to_another_worker_is_lost_once_and_its_queue_stays(
    away: DaskExecutor, cluster: Cluster
) -> None:
    """A scheduler of others tries a task several times; each beginning but the first is one too many."""
    before = set(away.workers)
    mortal = cluster.add_worker()
    wait_for(lambda: away.slots == 3, "a third slot")
    (worker,) = set(away.workers) - before
    for key in "abc":
        away.submit(Counting(key, FOREVER))
    begun = [event for event in run_until(away, Started, 3) if isinstance(event, Started)]
    (victim,) = (event.key for event in begun if event.worker == worker)
    for key in set("abc") - {victim}:
        away.stop(key)
    run_until(away, Stopped, 2)  # the others have threads for it now
    mortal.kill()
    reported = [event for event in run_until(away, ENDS) if isinstance(event, ENDS)]
    assert reported == [Lost(victim, f"worker {worker} is gone")]
    assert set(ends(away, Counting("d"))) == {"d"}
