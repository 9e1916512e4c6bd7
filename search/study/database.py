"""The database without Optuna: its settings, its errors in one line, and the queries of status pages."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy
from sqlalchemy.engine import make_url

from data_io.errors import StorageError, UserError
from search.study.workspace import Workspace

BUSY_SECONDS = 60
UNWRITABLE = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_READONLY_DIRECTORY", "SQLITE_READONLY_CANTINIT")
REMEDIES = {
    "disk I/O error": "the disk may be full: make room and repeat the command",
    "full": "make room and repeat the command; nothing that was recorded is lost",
    "unable to open": "make the file and its folder readable and writable",
    "readonly": "make the file and its folder writable",
    "not a database": "the file is damaged or of another kind; give another --workspace",
    "malformed": "the file is damaged; restore a copy or give another --workspace",
    "locked": "another program writes to it; stop that and repeat the command",
    "no such table": "not a database of rbptune; give another --workspace",
    "no such column": "made by another version; use that version or another --workspace",
}


class WriterConnection(sqlite3.Connection):
    """A connection of the one writer: SQLite in a mode in which readers beside it never wait."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.execute("PRAGMA journal_mode=WAL")
        self.execute("PRAGMA synchronous=NORMAL")


def writer_options(url: str) -> dict[str, Any]:
    """Give the arguments of `sqlalchemy.create_engine` for the writer of the database at `url`."""
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": BUSY_SECONDS, "factory": WriterConnection}}
    return {"pool_pre_ping": True}


def reader_options(url: str) -> dict[str, Any]:
    """Give the same for a reader, whom the database itself refuses every change.

    Raises
    ------
    StorageError
        When the address cannot be used.
    """
    if (database := database_file(url)) is not None:
        return {"creator": partial(_open_for_reading, database)}
    if make_url(url).get_backend_name() == "postgresql":
        only = "-c default_transaction_read_only=on"
        return {"pool_pre_ping": True, "connect_args": {"options": only}}
    return {"pool_pre_ping": True}


def database_file(url: str) -> str | None:
    """Give the path of an SQLite database, or None for one of another kind.

    Raises
    ------
    StorageError
        When the address cannot be used, or is of a database in memory.
    """
    with database_errors(url):
        address = make_url(url)
    if address.get_backend_name() != "sqlite":
        return None
    if not address.database or address.database == ":memory:":
        raise StorageError(f"{url}: a database in memory is gone with its process; name a file")
    return address.database


def connect(workspace: Workspace) -> sqlalchemy.Engine:
    """Open the workspace's database for queries alone.

    Raises
    ------
    StorageError
        When there is none, or its address cannot be used.
    """
    workspace.require_database()
    url = workspace.storage_url
    with database_errors(url):
        return sqlalchemy.create_engine(url, **reader_options(url))


def _open_for_reading(path: str) -> sqlite3.Connection:
    address = f"file:{quote(path)}"
    connection = _connect(f"{address}?mode=ro")
    try:
        connection.execute("SELECT 1 FROM sqlite_master")
    except sqlite3.OperationalError as error:
        connection.close()
        if error.sqlite_errorname not in UNWRITABLE or os.access(Path(path).parent, os.W_OK):
            raise
        return _open_unwritable(path)
    return connection


def _open_unwritable(path: str) -> sqlite3.Connection:
    """Read a database in whose folder there is no place for the WAL's index: on a read-only disk, say."""
    log = Path(f"{path}-wal")
    if not log.is_file() or not log.stat().st_size:
        return _connect(f"file:{quote(path)}?immutable=1")
    # What was written last stands in the log alone, which "immutable" passes over.
    with tempfile.TemporaryDirectory() as folder:
        for file in (Path(path), log):
            shutil.copyfile(file, Path(folder, file.name))
        memory = _connect("file::memory:")
        with closing(_connect(f"file:{quote(str(Path(folder, Path(path).name)))}")) as copy:
            copy.backup(memory)
    return memory


def _connect(address: str) -> sqlite3.Connection:
    return sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, check_same_thread=False)


@contextmanager
def database_errors(url: str) -> Iterator[None]:
    """Turn what a database can say, to SQLAlchemy or through Optuna, into one line that names it.

    Raises
    ------
    StorageError
    """
    try:
        yield
    except UserError:  # in one line already
        raise
    except sqlalchemy.exc.NoSuchModuleError as error:
        raise StorageError(
            f"{shown(url)}: unknown kind of database; use sqlite or postgresql+psycopg"
        ) from error
    except ModuleNotFoundError as error:
        raise StorageError(f"{shown(url)}: its driver is missing; pip install 'rbptune[postgres]'") from error
    except sqlalchemy.exc.ArgumentError as error:
        message = (
            f"{shown(url)}: not a database address; write for example sqlite:///rbptune-workspace/studies.db"
        )
        raise StorageError(message) from error
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise StorageError(_describe(url, error)) from error
    except Exception as error:
        if isinstance(error.__cause__, sqlalchemy.exc.SQLAlchemyError):
            raise StorageError(_describe(url, error.__cause__)) from error
        raise


def shown(url: str) -> str:
    """Give the address without its password."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except sqlalchemy.exc.ArgumentError:
        return url


def _describe(url: str, error: BaseException) -> str:
    text = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    remedy = next(
        (r for sign, r in REMEDIES.items() if sign in text), "check the address and that its server runs"
    )
    return f"{shown(url)}: {text}; {remedy}"
