"""One driver a workspace and a database: locks that are free once their holder has ended, however."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data_io.errors import StorageError
from search.study import postgresql_lock
from search.study.database import database_file, shown
from search.study.file_lock import HeldError, NoLocksError, file_lock, is_held
from search.study.workspace import Workspace

CHECK_SECONDS = 1.0
OPEN_SECONDS = 60.0  # how long another process may take to make the tables


class LockedError(StorageError):
    """Another driver works on the workspace."""


class DatabaseLockedError(StorageError):
    """A driver of another workspace works on the database."""


class DriverLock:
    """What a driver holds while it works: its workspace, and its database.

    Parameters
    ----------
    *checks : callable
        Each raises StorageError when its part of the lock is lost.
    """

    def __init__(self, *checks: Callable[[], None]) -> None:
        self._checks = checks
        self._checked = time.monotonic()

    def check(self) -> None:
        """Make sure, once a second at most, that no second driver can have begun.

        Raises
        ------
        StorageError
            When the lock is lost: its file was removed, or the connection to the database dropped.
        """
        if time.monotonic() - self._checked >= CHECK_SECONDS:
            for check in self._checks:
                check()
            self._checked = time.monotonic()


@contextmanager
def driver_lock(workspace: Workspace) -> Iterator[DriverLock]:
    """Hold the workspace's lock, and say beside it who holds it.

    The database is held too, since drivers of several workspaces can be given the same.

    Raises
    ------
    LockedError
        Naming the holder, when another driver has it.
    DatabaseLockedError
        When a driver of another workspace has the database.
    """
    workspace.prepare()
    with ExitStack() as held:
        checks = [held.enter_context(_workspace_lock(workspace))]
        note = workspace.lock.with_suffix(".json")
        held.callback(note.unlink, missing_ok=True)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        note.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": now}))
        checks.append(held.enter_context(_database_lock(workspace.storage_url)))
        yield DriverLock(*checks)


@contextmanager
def _workspace_lock(workspace: Workspace) -> Iterator[Callable[[], None]]:
    with ExitStack() as held:
        try:
            check = held.enter_context(file_lock(workspace.lock))
        except HeldError as error:
            who = describe(holder(workspace))
            raise LockedError(f"{workspace.root}: {who}; wait for it or stop it") from error
        except NoLocksError:
            if database_file(workspace.storage_url) is not None:
                raise
            check = _nothing  # PostgreSQL's lock has to do
        yield check


@contextmanager
def _database_lock(url: str) -> Iterator[Callable[[], None]]:
    database = database_file(url)
    with ExitStack() as held:
        lock = postgresql_lock.hold(url) if database is None else file_lock(_lock_of(database))
        try:
            check = held.enter_context(lock)
        except HeldError as error:
            message = f"{shown(url)}: a driver of another workspace works on it; wait for it or stop it"
            raise DatabaseLockedError(message) from error
        yield check


def _nothing() -> None:
    """Check nothing."""


def _lock_of(database: str) -> Path:
    return Path(f"{Path(database).resolve()}.lock")


@contextmanager
def tables_lock(workspace: Workspace) -> Iterator[None]:
    """Let one process at a time make the database's tables: two at once would fail each other."""
    url = workspace.storage_url
    if database_file(url) is None:
        with postgresql_lock.wait(url):
            yield
    else:
        with file_lock(workspace.root / ".open.lock", OPEN_SECONDS):
            yield


def is_driven(workspace: Workspace) -> bool:
    """Tell whether a driver works on the workspace or its database now."""
    driven = is_held(workspace.lock)
    if driven is None:
        driven = bool(holder(workspace))
    return driven or _is_database_driven(workspace.storage_url)


def _is_database_driven(url: str) -> bool:
    database = database_file(url)
    return postgresql_lock.is_held(url) if database is None else bool(is_held(_lock_of(database)))


def holder(workspace: Workspace) -> dict[str, Any]:
    """Give what the lock's holder wrote of itself: pid, host and since; empty where that cannot be read."""
    try:
        note: dict[str, Any] = json.loads(workspace.lock.with_suffix(".json").read_text())
    except (OSError, ValueError):
        return {}
    return note


def describe(note: dict[str, Any]) -> str:
    """Say in words what `holder` found."""
    if not note:
        return "another driver works here"
    return f"process {note['pid']} on {note['host']} works here since {note['since']}"
