"""Our own worker processes: who may talk to them, and what signals reach them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from distributed import Client, LocalCluster, Security
from distributed.core import rpc

from search.workers.dask.cluster import close_cluster, start_workers
from tests.support.clusters import wait_for


@pytest.fixture(scope="module")
def own() -> Iterator[LocalCluster]:
    cluster = start_workers(1)
    yield cluster
    close_cluster(cluster)


def listening() -> dict[int, str]:
    """The ports on which this process and its workers listen, with their addresses."""
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    found = [c for p in processes for c in p.net_connections("inet") if c.status == psutil.CONN_LISTEN]
    return {connection.laddr.port: connection.laddr.ip for connection in found}


def addresses(cluster: LocalCluster) -> list[str]:
    (nanny,) = cluster.workers.values()
    return [cluster.scheduler_address, nanny.address, nanny.worker_address]


async def identify(address: str, security: Security) -> dict[str, object]:
    arguments = security.get_connection_args("client")
    async with asyncio.timeout(5), rpc(address, timeout=1, connection_args=arguments) as remote:
        answer: dict[str, object] = await remote.identity()
        return answer


def test_everything_listens_on_loopback_alone(own: LocalCluster) -> None:
    assert len(listening()) >= 4
    assert set(listening().values()) <= {"127.0.0.1", "::1"}
    assert all(address.startswith("tls://127.0.0.1:") for address in addresses(own))


def test_a_client_without_the_certificate_is_refused_by_scheduler_nanny_and_worker(own: LocalCluster) -> None:
    strangers = [Security(), Security(require_encryption=False), Security.temporary()]
    for address in addresses(own):
        for scheme in ("tls", "tcp"):
            for stranger in strangers:
                with pytest.raises((OSError, TypeError, RuntimeError)):
                    asyncio.run(identify(address.replace("tls://", f"{scheme}://"), stranger))
        assert asyncio.run(identify(address, own.security))["type"] in {"Scheduler", "Nanny", "Worker"}


def test_a_stranger_cannot_submit_work(own: LocalCluster) -> None:
    with pytest.raises(OSError, match="certificate does not match"):
        Client(own.scheduler_address, security=Security.temporary(), timeout=1, set_as_default=False)
    with pytest.raises(OSError, match=r"reset by peer|closed|Timed out"):
        Client(own.scheduler_address.replace("tls", "tcp"), timeout=1, set_as_default=False)
    with Client(own, set_as_default=False) as client:
        assert client.submit(os.getpid).result() != os.getpid()


PAGES = ("", "status", "info/main/workers.html", "json/identity.json", "health", "metrics", "api/v1/restart")


def test_servers_of_pages_have_none(own: LocalCluster) -> None:
    for port in listening():
        for page in PAGES:
            with pytest.raises((urllib.error.HTTPError, OSError)) as refusal:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/{page}", timeout=5)
            assert getattr(refusal.value, "code", 404) == 404


def test_a_worker_that_is_killed_is_started_again(own: LocalCluster) -> None:
    (nanny,) = own.workers.values()
    before = nanny.pid
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: nanny.pid not in {before, None}, "a new worker")


SCRIPT = """
import os, signal
from search.workers.dask.cluster import close_cluster, start_workers

def blocked():
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])

if __name__ == "__main__":
    cluster = start_workers(2)
    for nanny in cluster.workers.values():
        with open(f"/proc/{nanny.pid}/status") as status:
            mask = next(line for line in status if line.startswith("SigBlk"))
        print("worker", bool(int(mask.split()[1], 16) >> (signal.SIGINT - 1) & 1))
    print("driver", blocked())
    close_cluster(cluster)
    os._exit(0)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the signal mask in /proc")
def test_ctrl_c_is_kept_from_the_workers_alone(tmp_path):
    """In a fresh process, since the first process that Python spawns is a case of its own."""
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.splitlines() == ["worker True", "worker True", "driver False"], done.stderr


INTERRUPTED = """
import os, signal, time
from search.workers.dask.cluster import start_workers
from search.workers.ending import end_at_once

if __name__ == "__main__":
    cluster = start_workers(1)
    print(*[nanny.pid for nanny in cluster.workers.values()])
    mapped = open("/proc/self/maps").read().split()
    print(*{word for word in mapped if word.startswith("/dev/shm/sem.")}, flush=True)
    end_at_once(signal.SIGINT)
"""


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="finds the process's semaphores in /proc")
def test_an_end_at_once_leaves_no_process_no_semaphore_and_no_remark(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text(INTERRUPTED)
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 128 + signal.SIGINT
    worker, semaphores = done.stdout.splitlines()
    assert semaphores, "there were some"
    wait_for(lambda: not psutil.pid_exists(int(worker)), "an end of the worker")
    left = lambda: [name for name in semaphores.split() if Path(name).exists()]  # noqa: E731
    wait_for(lambda: not left(), "an end of its semaphores")  # Python's tracker outlives the process a little
    assert done.stderr == ""
