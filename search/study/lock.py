"""One driver a workspace and a database: locks that are free once their holder has ended, however."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy
from filelock import FileLock, Timeout

from data_io.errors import StorageError
from search.study.database import database_errors, database_file, shown
from search.study.workspace import Workspace

DATABASE_KEY = 0x726270  # of the advisory lock on PostgreSQL


class LockedError(StorageError):
    """Another driver works on the workspace."""


class DatabaseLockedError(StorageError):
    """A driver of another workspace works on the database."""


@contextmanager
def driver_lock(workspace: Workspace) -> Iterator[None]:
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
    lock = FileLock(str(workspace.lock))
    try:
        lock.acquire(timeout=1)
    except Timeout as error:
        raise LockedError(
            f"{workspace.root}: {describe(holder(workspace))}; wait for it or stop it"
        ) from error
    note = workspace.lock.with_suffix(".json")
    try:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        note.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": now}))
        with _database_lock(workspace.storage_url):
            yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


@contextmanager
def _database_lock(url: str) -> Iterator[None]:
    database = database_file(url)
    with _postgresql_lock(url) if database is None else _file_lock(url, database):
        yield


@contextmanager
def _file_lock(url: str, database: str) -> Iterator[None]:
    lock = FileLock(f"{Path(database).resolve()}.lock")
    try:
        lock.acquire(timeout=1)
    except Timeout as error:
        raise _database_locked(url) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _postgresql_lock(url: str) -> Iterator[None]:
    with database_errors(url):
        engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT")
        connection = engine.connect()
        taken = connection.execute(sqlalchemy.text(f"SELECT pg_try_advisory_lock({DATABASE_KEY})")).scalar()
    try:
        if not taken:
            raise _database_locked(url)
        yield
    finally:
        connection.close()
        engine.dispose()


def _database_locked(url: str) -> DatabaseLockedError:
    return DatabaseLockedError(
        f"{shown(url)}: a driver of another workspace works on it; wait for it or stop it"
    )


def is_driven(workspace: Workspace) -> bool:
    """Tell whether a driver works on the workspace now."""
    if not workspace.lock.exists():
        return False
    lock = FileLock(str(workspace.lock))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


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
