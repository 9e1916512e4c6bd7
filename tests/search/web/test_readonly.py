"""Tests of the database opened for reading."""

import optuna
import pytest
import sqlalchemy
from optuna.study import StudyDirection

from data_io.errors import StorageError
from search.study.readonly import open_read_only
from tests.support.pages import open_writer


def test_reads_what_a_writer_adds_later(database):
    reader = open_read_only(database)
    writer = open_writer(database.removeprefix("sqlite:///"))
    assert len(reader.get_all_trials(1)) == 4
    writer.create_new_trial(1)
    assert len(reader.get_all_trials(1)) == 5


def test_the_database_refuses_a_write(database):
    reader = open_read_only(database)
    with pytest.raises(optuna.exceptions.StorageInternalError):
        reader.create_new_study([StudyDirection.MAXIMIZE], "new")
    assert len(reader.get_all_studies()) == 2


@pytest.mark.parametrize("name", ["a b", "what?", "per%20cent", "{braces}", "hash#", "ünïcode"])
def test_odd_folder_names(tmp_path, name):
    folder = tmp_path / name
    folder.mkdir()
    open_writer(tmp_path / "plain.db").create_new_study([StudyDirection.MAXIMIZE], "study")
    (tmp_path / "plain.db").rename(folder / "studies.db")
    for rest in tmp_path.glob("plain.db-*"):
        rest.rename(folder / rest.name.replace("plain", "studies"))
    url = sqlalchemy.URL.create("sqlite", database=str(folder / "studies.db")).render_as_string()
    assert len(open_read_only(url).get_all_studies()) == 1


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite:////nowhere/studies.db", "/nowhere/studies.db: no such database"),
        ("nonsense", "nonsense: not a database address"),
        ("frog://x/y", "frog://x/y: unknown kind of database"),
        ("postgresql+psycopg://me:secret@127.0.0.1:1/x", r"me:\*\*\*@127\.0\.0\.1:1/x: .*refused"),
    ],
)
def test_unusable_addresses(url, message):
    with pytest.raises(StorageError, match=message) as caught:
        open_read_only(url)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_missing_file_is_not_made(tmp_path):
    with pytest.raises(StorageError):
        open_read_only(f"sqlite:///{tmp_path / 'studies.db'}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"this is no database at all" * 100])
def test_a_file_that_is_no_study_database(tmp_path, content):
    path = tmp_path / "studies.db"
    path.write_bytes(content)
    with pytest.raises(StorageError, match=str(path)):
        open_read_only(f"sqlite:///{path}")
    assert path.read_bytes() == content
