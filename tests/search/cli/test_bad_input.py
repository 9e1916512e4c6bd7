"""What users get wrong, each with the one line that they read: what it is about, the value, the remedy."""

from __future__ import annotations

import contextlib
import re
import socket
import sqlite3
from pathlib import Path

import pytest

from tests.search.cli.mistakes import measurements, names, options, results, spaces, workspaces
from tests.search.cli.mistakes.place import CASES, Place
from tests.support.commands import rbptune, status

TABLE = (names, measurements, spaces, options, workspaces, results)  # importing them fills it


@pytest.fixture
def place(tmp_path: Path, simulated: Path, finished: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path, simulated, finished)


def contents(root: Path) -> dict[Path, object]:
    """All files below a folder, but for caches and locks."""
    files = [path for path in root.rglob("*") if path.is_file() and "cache" not in path.parts]
    passing = {".lock", ".db-wal", ".db-shm"}
    return {path: content(path) for path in files if path.suffix not in passing}


def content(path: Path) -> object:
    """A file's bytes; of a database its rows, since reading it may rearrange its bytes."""
    found = path.read_bytes()
    if not found.startswith(b"SQLite"):
        return found
    with contextlib.closing(sqlite3.connect(path)) as database:
        return list(database.iterdump())


def pattern(line: str, place: Place) -> str:
    names = {"{root}": str(place.root), "{data}": str(place.simulated)}
    for name, path in names.items():
        line = line.replace(name, path)
    return "rbptune: error: " + ".*".join(map(re.escape, line.split("..."))) + "\n"


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_is_one_line(name: str, place: Place) -> None:
    command = CASES[name].make(place)
    before = contents(place.root)
    said = rbptune(*command)
    assert (said.code, said.out) == (2, "")
    assert re.fullmatch(pattern(CASES[name].line, place), said.err), said.err
    assert contents(place.root) == before


def test_every_part_of_the_table_is_there() -> None:
    assert {case.make.__module__ for case in CASES.values()} == {part.__name__ for part in TABLE}
    assert len(CASES) > 80


def test_a_wrong_name_leaves_no_workspace(place: Place) -> None:
    assert rbptune(*place.launch(name="QQQQ")).code == 2
    assert not place.workspace.exists()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (
            "tcp://127.0.0.1:1",
            "no Dask scheduler answers there (...); start one with 'dask scheduler' or fix the address",
        ),
        (
            "nonsense://x",
            "is no address of a Dask scheduler; give it as 'dask scheduler' says it, such as tcp://10.0.0.1:8786",
        ),
    ],
)
def test_a_scheduler_that_is_not_there(
    address: str, said: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The study stays queued, for a launch with other workers."""
    monkeypatch.setattr("search.workers.dask.connection.CONNECT_SECONDS", 0.2)
    done = rbptune(*place.launch("--scheduler", address))
    assert done.code == 2
    assert re.fullmatch(pattern(f"--scheduler {address}: {said}", place), done.err)
    assert [row["state"] for row in status(place.workspace)] == ["queued"]


def test_a_port_that_is_taken(place: Place) -> None:
    place.done()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = rbptune("dashboard", "--port", port)
    assert said.code == 2
    line = f"--port {port}: in use on 127.0.0.1; give another --port, or --port 0 for any free one"
    assert said.err == f"rbptune: error: {line}\n"


def test_the_real_sheet_has_six_experiments_of_pum(place: Place, real_data: Path) -> None:
    said = rbptune("launch", "PUM", "--data", real_data)
    assert said.code == 2
    assert said.err.startswith("rbptune: error: 'PUM' has 6 experiments; give one of their ids: RNCMPT")
    assert said.err.count("RNCMPT") == 6
