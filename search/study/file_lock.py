"""Locks on files that end with the process that holds them, and what to do where there are none."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

from data_io.errors import StorageError

REMEDY = "give a --workspace on a local disk, or keep the studies in PostgreSQL (--storage)"


class HeldError(StorageError):
    """Another process holds the lock."""


class NoLocksError(StorageError):
    """The file system has no locks."""


@contextmanager
def file_lock(path: Path, seconds: float = 1) -> Iterator[Callable[[], None]]:
    """Hold a lock on a file; gives a function that raises StorageError once the lock is lost.

    Parameters
    ----------
    path : Path
        The lock file; it is made where there is none, and stays.
    seconds : float
        How long to wait for another process that holds it.

    Raises
    ------
    HeldError
        When another process holds it.
    NoLocksError
        When the file system has no locks.
    """
    lock = _acquire(path, seconds)
    try:
        mine = path.stat()
        yield lambda: _check(path, mine)
    finally:
        lock.release()


def is_held(path: Path) -> bool | None:
    """Tell whether a process holds the lock on a file; None where that cannot be told."""
    if not path.exists():
        return False
    try:
        with file_lock(path, 0):
            return False
    except HeldError:
        return True
    except StorageError:  # without locks, or on a disk that cannot be written
        return None


def _acquire(path: Path, seconds: float) -> FileLock:
    # What filelock does instead where there are no locks outlasts a process that is killed.
    lock = FileLock(path, fallback_to_soft=False)
    try:
        try:
            lock.acquire(timeout=min(seconds, 1))
        except Timeout:
            _require_locks(path.parent)
            lock.acquire(timeout=max(seconds - 1, 0))
    except Timeout as error:
        raise HeldError(f"{path}: another process holds it; wait for it or stop it") from error
    except (OSError, NotImplementedError) as error:
        raise _no_locks(path, error) from error
    return lock


def _require_locks(folder: Path) -> None:
    """Refuse a file system that calls every lock taken: it does so of a file that nobody else knows."""
    unknown = folder / f".{uuid4().hex}.lock"
    try:
        with FileLock(unknown, timeout=0, fallback_to_soft=False):
            pass
    except Timeout as error:
        raise _no_locks(unknown, PermissionError("every lock is refused")) from error
    except (OSError, NotImplementedError) as error:
        raise _no_locks(unknown, error) from error
    finally:
        unknown.unlink(missing_ok=True)


def _no_locks(path: Path, error: Exception) -> StorageError:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    if getattr(error, "filename", None):
        return StorageError(f"{path}: cannot be written ({reason}); give another --workspace")
    return NoLocksError(f"{path.parent}: its file system has no locks ({reason.lower()}); {REMEDY}")


def _check(path: Path, mine: os.stat_result) -> None:
    try:
        same = os.path.samestat(path.stat(), mine)
    except OSError:
        same = False
    if not same:
        raise StorageError(
            f"{path}: the lock is lost, since its file was removed; repeat the command to go on"
        )
