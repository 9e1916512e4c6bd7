"""A study database opened for reading alone, beside a driver that writes to it."""

from __future__ import annotations

from pathlib import Path

from optuna.storages import RDBStorage

from data_io.errors import StorageError
from search.study.database import database_errors, database_file, reader_options, shown


def open_read_only(url: str) -> RDBStorage:
    """Open a study database so that the database itself refuses every change.

    Parameters
    ----------
    url : str
        Such as ``sqlite:///rbptune-workspace/studies.db`` or ``postgresql+psycopg://user@host/name``.

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
        if (database := database_file(url)) is not None and not Path(database).is_file():
            raise StorageError(f"{database}: no such database; launch a study first or check --workspace")
        try:
            return RDBStorage(url, reader_options(url), skip_table_creation=True)
        except (ImportError, RuntimeError) as error:
            raise StorageError(f"{shown(url)}: cannot be opened ({_first_sentence(error)})") from error


def _first_sentence(error: Exception) -> str:
    return str(error).split(". ", maxsplit=1)[0].splitlines()[0]
