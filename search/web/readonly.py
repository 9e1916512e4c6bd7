"""A study database opened for reading alone, beside a driver that writes to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy
from optuna.storages import RDBStorage

from data_io.errors import StorageError
from search.study.database import database_errors, engine_options, shown


def open_read_only(url: str) -> RDBStorage:
    """Open a study database so that the database itself refuses every change.

    Parameters
    ----------
    url : str
        Such as ``sqlite:///studies/studies.db`` or ``postgresql+psycopg://user@host/name``.

    Returns
    -------
    RDBStorage

    Raises
    ------
    StorageError
        When there is no such database, or it holds no studies' tables, or its server cannot be reached.

    Notes
    -----
    SQLite is opened with ``mode=ro`` and follows the journal mode that the writer chose, so that with WAL a
    reader never makes the driver wait. PostgreSQL gets a session whose transactions are read-only.
    """
    with database_errors(url):
        address, options = _reading(sqlalchemy.make_url(url))
        try:
            return RDBStorage(address, options, skip_table_creation=True)
        except (ImportError, RuntimeError) as error:
            raise StorageError(f"{shown(url)}: cannot be opened ({_first_sentence(error)})") from error


def _reading(url: sqlalchemy.URL) -> tuple[str, dict[str, Any]]:
    """Give the address and engine options under which nothing can be written."""
    address = url.render_as_string(hide_password=False)
    options = engine_options(address)
    if url.get_backend_name() == "postgresql":
        return address, {**options, "connect_args": {"options": "-c default_transaction_read_only=on"}}
    if url.get_backend_name() != "sqlite":
        return address, options
    path = Path(url.database or "")
    if not path.is_file():
        raise StorageError(f"{path}: no such database; launch a study first or check --workspace")
    # Quoted, since a path may hold characters that mean something in a file address ("?", "#", "{").
    file = f"file:{quote(str(path.resolve()))}"
    read_only = sqlalchemy.URL.create("sqlite", database=file, query={"mode": "ro", "uri": "true"})
    return read_only.render_as_string(), options


def _first_sentence(error: Exception) -> str:
    return str(error).split(". ", maxsplit=1)[0].splitlines()[0]
