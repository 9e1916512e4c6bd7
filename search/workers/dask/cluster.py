"""Reach the workers: start processes on this machine, or connect to a scheduler that runs."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from multiprocessing import resource_tracker
from pathlib import Path
from types import FrameType

import dask
from distributed import Client, LocalCluster, Security

from data_io.errors import ConfigError, UserError
from search.workers.ending import end_at_once

CONNECT_SECONDS = 10
CLOSE_SECONDS = 1
SETTINGS = {
    "distributed.scheduler.allowed-failures": 0,  # the driver itself decides about a second try
    "distributed.admin.large-graph-warning-threshold": "1GB",  # a task carries its data
    "distributed.deploy.lost-worker-timeout": "1 day",  # a killed worker starts again, however long it takes
    # Dask lets workers give freed memory back at once; a trainer needs the same again at its next step.
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": 1 << 29,
    "distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": 1 << 25,
}
# Run by each of our own workers as it starts. What goes wrong comes to the driver as an event; what a
# trial needs is imported while the driver is still busy with its own start.
PRELOAD = """
import importlib, logging, threading
logging.getLogger("distributed").setLevel(logging.CRITICAL)
threading.Thread(target=importlib.import_module, args=["search.workers.dask.worker"], daemon=True).start()
"""


class ClusterError(UserError):
    """A Dask scheduler that cannot be reached, or went away, or has no worker that is of use."""


def start_workers(workers: int) -> LocalCluster:
    """Start worker processes of one thread each on this machine, reachable from it alone.

    Raises
    ------
    ClusterError
    """
    _silence()
    dask.config.set(SETTINGS)  # for as long as the cluster lives
    with _without_interrupts() as held:
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
            host="127.0.0.1",
            protocol="tcp://",
            security=Security(require_encryption=False),
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # None would try port 8787 first
            silence_logs=logging.CRITICAL,
            preload=PRELOAD,
        )
    except (OSError, RuntimeError) as error:
        raise ClusterError(
            f"--jobs {workers}: so many worker processes could not be started ({error}); try fewer"
        ) from error


def close_cluster(cluster: LocalCluster) -> None:
    """End our own workers at once, since they keep nothing, and then the scheduler."""
    for nanny in cluster.workers.values():
        nanny.auto_restart = False
        started = nanny.process.process if nanny.process is not None else None
        process = started._process if started is not None else None
        if process in multiprocessing.active_children():  # else a signal to all has ended it already
            process.kill()
    with contextlib.suppress(TimeoutError, OSError):  # a machine under load; nothing of value is left
        cluster.close(timeout=CLOSE_SECONDS)


def connect(place: LocalCluster | str, tls: dict[str, str]) -> Client:
    """Connect to a scheduler.

    Parameters
    ----------
    place : LocalCluster or str
        Our own cluster, or an address such as ``tcp://10.0.0.1:8786`` or ``tls://...``.
    tls : dict
        Paths of the PEM files ca, cert and key; empty leaves it to Dask's own configuration.

    Raises
    ------
    ClusterError
    """
    _silence()
    if isinstance(place, LocalCluster):
        return Client(place, set_as_default=False)
    _check_files(place, tls)
    try:
        return Client(place, security=_security(tls), timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise ClusterError(f"{place}: {_explain(error)}") from error


def _check_files(address: str, tls: dict[str, str]) -> None:
    for path in tls.values():
        if not Path(path).is_file():
            raise ConfigError(f"--tls {path}: no such file; give the PEM files of CA, certificate and key")
    if tls and not address.startswith("tls://"):
        raise ConfigError(f"--scheduler {address}: with --tls the address begins with tls://")


def _security(tls: dict[str, str]) -> Security | None:
    if not tls:
        return None
    return Security(
        require_encryption=True,
        tls_ca_file=tls.get("ca"),
        tls_client_cert=tls.get("cert"),
        tls_client_key=tls.get("key"),
    )


def _explain(error: BaseException) -> str:
    """Say why there is no connection; Dask keeps the reason in the errors beneath."""
    reasons = []
    cause: BaseException | None = error
    while cause is not None:
        reasons.append(str(cause))
        cause = cause.__cause__ or cause.__context__
    text = next((reason for reason in reversed(reasons) if reason), type(error).__name__)
    return f"no Dask scheduler answers there ({text}); start one with 'dask scheduler' or mend the address"


def _silence() -> None:
    """Keep Dask's own log off the terminal: what matters to a user is said in the driver's words."""
    logging.getLogger("distributed").setLevel(logging.CRITICAL)


@contextlib.contextmanager
def _without_interrupts() -> Iterator[list[int]]:
    """Hold signals back until the end of a block, and Ctrl-C for good from all processes that it starts.

    The terminal sends Ctrl-C to every process, but it is for the driver alone; and a cluster that is half
    started cannot be closed. A second signal ends this process at once.

    Yields
    ------
    list of int
        The signals that were held back so far.
    """
    held: list[int] = []
    if os.name != "posix" or threading.current_thread() is not threading.main_thread():
        yield held
        return

    def hold(number: int, _frame: FrameType | None) -> None:
        if held:
            end_at_once(number)
        held.append(number)

    before = {number: signal.signal(number, hold) for number in (signal.SIGINT, signal.SIGTERM)}
    resource_tracker.ensure_running()  # whoever starts it, lets Ctrl-C through again
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # threads and processes inherit it
    try:
        yield held
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        for number, handler in before.items():
            signal.signal(number, handler)
        for held_back in held:
            signal.raise_signal(held_back)
