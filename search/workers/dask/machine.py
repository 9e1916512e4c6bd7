"""What worker processes need of this machine; without it Dask tries in vain, and says no cause."""

from __future__ import annotations

import multiprocessing
import socket
import tempfile
from pathlib import Path

import dask

from search.workers.dask.connection import ClusterError

LOOPBACK = "127.0.0.1"
INSTEAD = "or train in this process with --jobs 0"


def check_machine() -> None:
    """Check that worker processes can talk to each other and have a folder to work in.

    Raises
    ------
    ClusterError
    """
    for check in (_check_temporary_folder, _check_semaphores, _check_loopback):
        check()


def _check_temporary_folder() -> None:
    configured = dask.config.get("temporary-directory", None)
    try:
        folder = Path(configured or tempfile.gettempdir())
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        place, name = configured or "temporary folder", "DASK_TEMPORARY_DIRECTORY" if configured else "TMPDIR"
        raise ClusterError(
            f"{place}: workers cannot write there ({error}); "
            f"set {name} to a folder that can be written, {INSTEAD}"
        ) from error


def _check_semaphores() -> None:
    try:
        multiprocessing.get_context("spawn").Semaphore()
    except (OSError, ImportError) as error:
        raise ClusterError(
            f"/dev/shm: worker processes need shared memory, and get none ({error}); mount it, {INSTEAD}"
        ) from error


def _check_loopback() -> None:
    try:
        with (
            socket.create_server((LOOPBACK, 0)) as server,
            socket.create_connection(server.getsockname(), timeout=5),
        ):
            pass
    except OSError as error:
        raise ClusterError(
            f"{LOOPBACK}: worker processes talk over this address, and cannot ({error}); "
            f"bring the loopback network up, {INSTEAD}"
        ) from error
