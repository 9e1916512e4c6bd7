"""One driver at a time: what keeps a second one out, and how a first one learns that it has to end."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from pathlib import Path

import pytest
import sqlalchemy

from data_io.errors import StorageError
from search.study import lock, postgresql_lock
from search.study.file_lock import HeldError, NoLocksError, file_lock, is_held
from search.study.lock import DatabaseLockedError, driver_lock, is_driven, tables_lock
from search.study.record import open_study
from search.study.states import State
from search.study.storage import open_storage
from search.study.workspace import Workspace
from tests.search.study.test_storages import queue
from tests.support.commands import launch, rbptune

REFUSALS = (
    errno.EPERM,
    errno.EIO,
    errno.EAGAIN,
    errno.EACCES,
    errno.EINVAL,
    errno.ENOLCK,
    errno.ENOSYS,
    errno.EOPNOTSUPP,
)


@pytest.fixture
def checked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "CHECK_SECONDS", 0.0)


class TestFiles:
    def test_who_waits_gets_the_lock_when_it_is_free(self, tmp_path: Path) -> None:
        with file_lock(tmp_path / "a.lock"):
            assert is_held(tmp_path / "a.lock") is True
            with pytest.raises(HeldError, match=r"a\.lock: another process holds it"):
                in_another_thread(tmp_path / "a.lock")
        assert is_held(tmp_path / "a.lock") is False
        in_another_thread(tmp_path / "a.lock")

    def test_a_lock_that_was_never_taken_is_free_and_makes_no_file(self, tmp_path: Path) -> None:
        assert is_held(tmp_path / "a.lock") is False
        assert list(tmp_path.iterdir()) == []

    def test_a_removed_file_loses_the_lock(self, tmp_path: Path) -> None:
        with file_lock(tmp_path / "a.lock") as check:
            check()
            (tmp_path / "a.lock").unlink()
            with pytest.raises(StorageError, match=r"a\.lock: the lock is lost"):
                check()
            (tmp_path / "a.lock").touch()  # as a second driver would
            with pytest.raises(StorageError, match="the lock is lost"):
                check()

    @pytest.mark.parametrize(
        "refusal",
        [OSError(number, os.strerror(number)) for number in (1, 5, 11, 13, 22, 37, 38, 95)],
        ids=str,
    )
    def test_a_file_system_without_locks(
        self, refusal: OSError, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refuse_locks(monkeypatch, refusal)
        with pytest.raises(
            NoLocksError, match=r"has no locks .* or keep the studies in PostgreSQL"
        ) as caught:
            in_another_thread(tmp_path / "a.lock")
        assert str(caught.value).startswith(f"{tmp_path}: ")
        assert [path.name for path in tmp_path.iterdir()] in ([], ["a.lock"])

    def test_a_folder_that_cannot_be_written_is_no_want_of_locks(self, tmp_path: Path) -> None:
        (tmp_path / "notes").touch()
        with pytest.raises(StorageError, match="cannot be written") as caught:
            in_another_thread(tmp_path / "notes" / "a.lock")
        assert not isinstance(caught.value, NoLocksError)


def in_another_thread(path: Path) -> None:
    """Take a lock and let it go."""
    failure: list[Exception] = []

    def take() -> None:
        try:
            with file_lock(path, 0.1):
                pass
        except StorageError as error:
            failure.append(error)

    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]


def refuse_locks(monkeypatch: pytest.MonkeyPatch, refusal: OSError) -> None:
    def refuse(_file: object, _operation: int) -> None:
        raise type(refusal)(*refusal.args)

    monkeypatch.setattr(fcntl, "flock", refuse)


class TestDriver:
    @pytest.mark.usefixtures("checked_at_once")
    def test_the_lock_is_kept_while_its_files_are_there(self, tmp_path: Path) -> None:
        with driver_lock(Workspace(tmp_path)) as held:
            held.check()
            assert is_driven(Workspace(tmp_path))
            (tmp_path / "driver.lock").unlink()
            with pytest.raises(StorageError, match="the lock is lost"):
                held.check()

    @pytest.mark.usefixtures("checked_at_once")
    def test_the_database_has_a_lock_of_its_own(self, tmp_path: Path) -> None:
        url = f"sqlite:///{tmp_path}/shared.db"
        one, two = Workspace(tmp_path / "one", url), Workspace(tmp_path / "two", url)
        with driver_lock(one) as held:
            assert is_driven(two)
            (tmp_path / "shared.db.lock").unlink()
            with pytest.raises(StorageError, match=r"shared\.db\.lock: the lock is lost"):
                held.check()
        assert not is_driven(two)

    def test_it_is_checked_once_a_second(self) -> None:
        calls: list[int] = []
        held = lock.DriverLock(lambda: calls.append(1))
        held.check()
        assert calls == []

    def test_a_workspace_that_cannot_be_written_is_driven_if_its_note_says_so(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        workspace = Workspace(tmp_path)
        with driver_lock(workspace):
            note = workspace.lock.with_suffix(".json").read_text()
        refuse_locks(monkeypatch, OSError(errno.ENOLCK, "No locks available"))
        assert not is_driven(workspace)
        workspace.lock.with_suffix(".json").write_text(note)
        assert is_driven(workspace)

    def test_no_locks_are_one_line_of_a_command(
        self, tmp_path: Path, simulated: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refuse_locks(monkeypatch, OSError(errno.ENOLCK, "No locks available"))
        workspace = tmp_path / "studies"
        said = rbptune(*launch(simulated, workspace))
        assert (said.code, said.err) == (
            2,
            f"rbptune: error: {workspace}: its file system has no locks (no locks available); give a "
            "--workspace on a local disk, or keep the studies in PostgreSQL (--storage)\n",
        )


@pytest.mark.postgres
class TestPostgreSQL:
    def test_a_lock_whose_connection_dropped_is_noticed(
        self, postgresql: str, tmp_path: Path, checked_at_once: None
    ) -> None:
        workspace = Workspace(tmp_path, postgresql)
        with driver_lock(workspace) as held:
            held.check()
            drop_connections(postgresql)
            for _ in range(2):  # SQLAlchemy connects again by itself
                with pytest.raises(StorageError, match="holds the driver's lock broke off"):
                    held.check()
            with driver_lock(Workspace(tmp_path / "second", postgresql)):
                pass

    def test_a_second_driver_leaves_the_first_time_to_notice(
        self, postgresql: str, tmp_path: Path, simulated: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        slept: list[float] = []
        monkeypatch.setattr(postgresql_lock.time, "sleep", slept.append)
        workspace = Workspace(tmp_path, postgresql)
        with driver_lock(workspace):  # there are no tables yet
            name = queue(workspace, simulated)
        with driver_lock(workspace):
            assert slept == []
            open_study(open_storage(workspace), name).move_to(State.SEARCHING)
        with driver_lock(workspace):
            assert slept == [postgresql_lock.GRACE_SECONDS]
        assert postgresql_lock.GRACE_SECONDS > 2 * lock.CHECK_SECONDS

    def test_a_file_system_without_locks_will_do(
        self, postgresql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refuse_locks(monkeypatch, OSError(errno.ENOLCK, "No locks available"))
        one, two = Workspace(tmp_path / "one", postgresql), Workspace(tmp_path / "two", postgresql)
        open_storage(one)
        with driver_lock(one):
            assert is_driven(one)
            assert is_driven(two)
            with pytest.raises(DatabaseLockedError), driver_lock(two):
                pass
            with pytest.raises(DatabaseLockedError), driver_lock(one):
                pass
        assert not is_driven(two)

    def test_tables_are_made_by_one_at_a_time(self, postgresql: str, tmp_path: Path) -> None:
        order: list[str] = []

        def second() -> None:
            with tables_lock(Workspace(tmp_path / "two", postgresql)):
                order.append("second")

        with tables_lock(Workspace(tmp_path / "one", postgresql)):
            thread = threading.Thread(target=second)
            thread.start()
            thread.join(timeout=0.5)
            order.append("first")
        thread.join()
        assert order == ["first", "second"]


def drop_connections(url: str) -> None:
    """End all other connections, as a server's restart does."""
    engine = sqlalchemy.create_engine(url)
    with engine.connect() as connection:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        connection.execute(sqlalchemy.text(f"{others} AND datname = current_database()"))
    engine.dispose()
