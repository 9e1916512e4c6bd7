"""Our own worker processes on this machine, which take work from nobody else."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
from pathlib import Path

import dask
from distributed import LocalCluster, Security

import search
from search.workers.dask.archive import PACKAGES
from search.workers.dask.connection import ClusterError, silence_dask
from search.workers.dask.guest.children import ALLOCATOR
from search.workers.dask.interrupts import without_interrupts
from search.workers.dask.machine import LOOPBACK, check_machine

CLOSE_SECONDS = 1
SETTINGS = {
    "distributed.scheduler.allowed-failures": 0,  # the driver itself decides about a second try
    "distributed.deploy.lost-worker-timeout": "1 day",  # a killed worker starts again, however long it takes
    # Dask's servers of pages cannot be turned off; without pages they give nothing away and take no orders.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    **{f"distributed.nanny.pre-spawn-environ.{name}": value for name, value in ALLOCATOR.items()},
}
# Run by each of our own workers as it starts: it imports our packages from where the driver's are, whatever
# else on the path has their names, and what a trial needs while the driver is still busy with its own start.
# What goes wrong comes to the driver as an event.
PRELOAD = f"""
import importlib, logging, sys, threading
logging.getLogger("distributed").setLevel(logging.CRITICAL)
sys.path.insert(0, {str(Path(search.__path__[0]).parent)!r})
for name in {PACKAGES}:
    importlib.import_module(name)
del sys.path[0]
threading.Thread(target=importlib.import_module, args=["search.workers.dask.worker"], daemon=True).start()
"""


def start_workers(workers: int) -> LocalCluster:
    """Start worker processes of one thread each on this machine.

    They are reachable from it alone, and only with a certificate that is made for them here and known to
    these processes alone: other users of the machine can neither hand them work nor listen.

    Raises
    ------
    ClusterError
    """
    silence_dask()
    dask.config.set(SETTINGS)  # for as long as the cluster lives
    with without_interrupts() as held:
        check_machine()
        cluster = _local_cluster(workers)
        if held:
            close_cluster(cluster)
    return cluster


def _local_cluster(workers: int) -> LocalCluster:
    try:
        return LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host=LOOPBACK,
            protocol="tls://",
            security=Security.temporary(),
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": f"{LOOPBACK}:0"},  # None would try port 8787 first
            silence_logs=logging.CRITICAL,
            preload=PRELOAD,
        )
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error.__cause__ or error)
        raise ClusterError(
            f"--jobs {workers}: so many worker processes could not be started ({reason}); try fewer"
        ) from error


def close_cluster(cluster: LocalCluster) -> None:
    """End our own workers at once, since they keep nothing, and then the scheduler."""
    children = {child.pid: child for child in multiprocessing.active_children()}
    for nanny in cluster.workers.values():
        nanny.auto_restart = False
        if nanny.pid in children:  # else a signal to all has ended it already
            children[nanny.pid].kill()
    with contextlib.suppress(TimeoutError, OSError):  # a machine under load; nothing of value is left
        cluster.close(timeout=CLOSE_SECONDS)
