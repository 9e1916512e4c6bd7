"""Advisory locks of PostgreSQL, which end with the connection that holds them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy
from sqlalchemy import text

from data_io.errors import StorageError
from search.study.database import database_errors, shown
from search.study.file_lock import HeldError
from search.study.states import State
from search.study.tables import open_studies

DRIVER = 0x726270  # keys of the locks
TABLES = 0x726271
GRACE_SECONDS = 3.0  # a driver whose connection dropped notices within this time
HOLDERS = """
    SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = :key
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@contextmanager
def hold(url: str) -> Iterator[Callable[[], None]]:
    """Hold the driver's lock on a database; gives a function that raises StorageError once it is lost.

    Raises
    ------
    HeldError
        When another driver holds it.
    """
    with _connected(url) as connection:
        with database_errors(url):
            key = {"key": DRIVER}
            if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), key):
                raise HeldError(f"{shown(url)}: another driver works on it")
            _let_another_notice(connection.engine)
        yield lambda: _check(connection, url)


@contextmanager
def wait(url: str) -> Iterator[None]:
    """Hold the lock for making tables, waiting for another process that does."""
    with _connected(url) as connection:
        with database_errors(url):
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": TABLES})
        yield


def is_held(url: str) -> bool:
    """Tell whether a driver works on the database."""
    with _connected(url) as connection, database_errors(url):
        return bool(connection.scalar(text(HOLDERS), {"key": DRIVER}))


@contextmanager
def _connected(url: str) -> Iterator[sqlalchemy.Connection]:
    with database_errors(url):
        # Without a pool: a connection kept for later would keep its locks.
        engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
        connection = engine.connect()
    try:
        yield connection
    finally:
        connection.close()


def _check(connection: sqlalchemy.Connection, url: str) -> None:
    """Ask the server: after a broken connection SQLAlchemy goes on with another one, without the lock."""
    own = text(f"{HOLDERS} AND pid = pg_backend_pid()")
    try:
        held = connection.scalar(own, {"key": DRIVER})
    except sqlalchemy.exc.SQLAlchemyError:
        held = 0
    if not held:
        raise StorageError(
            f"{shown(url)}: the connection that holds the driver's lock broke off, and another driver may "
            "have begun; repeat the command to go on"
        )


def _let_another_notice(engine: sqlalchemy.Engine) -> None:
    """Wait where a driver ended without a word: it may live, and not know yet that its lock is lost."""
    studies = open_studies(engine) if sqlalchemy.inspect(engine).has_table("studies") else {}
    if any(study.state is not State.QUEUED for study in studies.values()):
        time.sleep(GRACE_SECONDS)
