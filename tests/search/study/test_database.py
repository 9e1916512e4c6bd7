"""Reading a database beside its writer, on disks that cannot be written, and what it says when it cannot."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import optuna
import pytest
import sqlalchemy

from data_io.errors import StorageError
from search.study import database, tables
from search.study.database import connect, database_errors
from search.study.status import read_status
from search.study.storage import open_storage
from search.study.workspace import Workspace
from tests.search.study.test_storages import queue


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "studies")


def names(workspace: Workspace) -> list[str]:
    return [row["study"] for row in read_status(workspace)]


def checkpoint(workspace: Workspace) -> None:
    """Move everything from the log into the file."""
    with closing(sqlite3.connect(workspace.database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def refuse_reading(path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let SQLite fail to read a file in the usual way; gives the addresses that are opened."""
    plain, opened = sqlite3.connect, []

    class Refusing(sqlite3.Connection):
        def execute(self, *arguments: object) -> sqlite3.Cursor:
            error = sqlite3.OperationalError("no")
            error.sqlite_errorname = kind
            raise error

    def connect(address: str, **options: object) -> sqlite3.Connection:
        opened.append(address)
        refused = address == f"file:{path}?mode=ro"
        return plain(address, **options, **({"factory": Refusing} if refused else {}))

    monkeypatch.setattr(sqlite3, "connect", connect)
    return opened


def make_unwritable(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the workspace be as on a disk that cannot be written, where SQLite finds no place for its index."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    refuse_reading(workspace.database, "SQLITE_CANTOPEN", monkeypatch)


def test_a_disk_that_cannot_be_written_is_read(
    workspace: Workspace, simulated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = queue(workspace, simulated)
    checkpoint(workspace)
    make_unwritable(workspace, monkeypatch)
    assert names(workspace) == [name]


def test_what_stands_in_the_log_alone_is_read_there_too(
    workspace: Workspace, simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a copy of a workspace whose driver was killed."""
    name = queue(workspace, simulated)
    copy = Workspace(tmp_path / "copy")
    copy.prepare()
    checkpoint(workspace)
    writer = sqlite3.connect(workspace.database)
    writer.execute("UPDATE studies SET study_name = 'written/last/cnn'")
    writer.commit()
    for file in ("studies.db", "studies.db-wal"):
        (copy.root / file).write_bytes((workspace.root / file).read_bytes())
    writer.close()
    assert name not in names(workspace)
    make_unwritable(copy, monkeypatch)
    assert names(copy) == ["written/last/cnn"]


@pytest.mark.parametrize(
    ("kind", "writable"),
    [
        ("SQLITE_BUSY", False),
        ("SQLITE_IOERR", False),
        ("SQLITE_CANTOPEN", True),
        ("SQLITE_READONLY_DIRECTORY", True),
    ],
)
def test_no_other_trouble_is_passed_over(
    kind: str, writable: bool, workspace: Workspace, simulated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that is only busy, read as if nobody wrote to it, gives wrong rows."""
    queue(workspace, simulated)
    monkeypatch.setattr(os, "access", lambda path, mode: writable)
    opened = refuse_reading(workspace.database, kind, monkeypatch)
    with pytest.raises(StorageError, match=r"studies\.db: no; "):
        read_status(workspace)
    assert opened == [f"file:{workspace.database}?mode=ro"]


def test_a_reader_cannot_write(workspace: Workspace, simulated: Path) -> None:
    queue(workspace, simulated)
    with pytest.raises(StorageError, match="readonly"), database_errors(workspace.storage_url):
        delete_studies(workspace)


@pytest.mark.postgres
def test_a_reader_of_postgresql_cannot_write(postgresql: str, tmp_path: Path, simulated: Path) -> None:
    workspace = Workspace(tmp_path, postgresql)
    queue(workspace, simulated)
    with pytest.raises(StorageError, match="read-only transaction"), database_errors(postgresql):
        delete_studies(workspace)


def delete_studies(workspace: Workspace) -> None:
    with connect(workspace).begin() as connection:
        connection.execute(sqlalchemy.text("DELETE FROM study_user_attributes"))


def test_the_tables_are_those_that_the_queries_were_written_for(workspace: Workspace) -> None:
    """Optuna has no public query for a table of hundreds of studies that takes less than seconds.

    Where another version has other tables, the queries of `tables` are the one place to change.
    """
    storage = optuna.storages.RDBStorage(open_storage(workspace) and workspace.storage_url)
    assert storage.get_current_version() == storage.get_head_version() == "v3.2.0.a"
    inspected = sqlalchemy.inspect(storage.engine)
    for table, columns in {
        "studies": {"study_id", "study_name"},
        "study_user_attributes": {"study_id", "key", "value_json"},
        "trials": {"trial_id", "study_id", "state"},
        "trial_values": {"trial_id", "value"},
    }.items():
        assert columns <= {column["name"] for column in inspected.get_columns(table)}, table
    queries = (tables.ATTRIBUTES, tables.COUNTS, tables.BEST, tables.QUEUE)
    with connect(workspace).connect() as connection:
        for query in queries:
            assert connection.execute(sqlalchemy.text(query)).all() == []


def test_the_queries_agree_with_optuna(workspace: Workspace, simulated: Path) -> None:
    name = queue(workspace, simulated, trials=9)
    study = optuna.load_study(study_name=name, storage=open_storage(workspace))
    for number, value in enumerate((0.25, 0.5, 0.125)):
        trial = study.ask()
        trial.report(value, 1)
        study.tell(trial, None if number == 1 else value, state=optuna.trial.TrialState(1 + (number == 1)))
    study.ask()
    study.tell(study.ask(), state=optuna.trial.TrialState.FAIL)
    (row,) = read_status(workspace)
    states = [trial.state.name for trial in study.get_trials()]
    assert states == ["COMPLETE", "PRUNED", "COMPLETE", "RUNNING", "FAIL"]
    assert row["best_trial_spearman"] == study.best_value == 0.25
    assert [row[f"trials_{kind}"] for kind in ("done", "pruned", "failed", "running")] == [3, 1, 1, 1]


def test_sql_is_spoken_in_few_places() -> None:
    folder = Path(database.__file__).parents[1]
    speaking = {path.name for path in folder.rglob("*.py") if "SELECT " in path.read_text(encoding="utf-8")}
    assert speaking == {"database.py", "tables.py", "trial_tables.py", "postgresql_lock.py"}
