"""What is put in place on a worker of others, and what is cleaned away again."""

from __future__ import annotations

import io
import os
import sys
import time
import zipfile
from pathlib import Path

import pytest

from search.workers.dask.archive import PACKAGES, pack_code
from search.workers.dask.guest import entry

DAY = 24 * 3600


def zipped(**files: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    return content.getvalue()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of unpacked versions."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "rbptune" / "code"


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys that were asked for; under each there is a small archive."""
    asked: list[str] = []

    def fetch(key: str) -> bytes:
        asked.append(key)
        return zipped(file="content")

    monkeypatch.setattr(entry, "fetch_code", fetch)
    return asked


def test_code_is_fetched_once_for_all_workers_of_a_machine(
    cache: Path, fetched: list[str], tmp_path: Path
) -> None:
    parcel = {"digest": "1234", "code": "key"}
    for _ in range(2):
        assert entry.find_code(parcel, tmp_path) == cache / "1234"
    assert fetched == ["key"]
    assert (cache / "1234" / "file").read_text() == "content"
    assert [entry.name for entry in cache.iterdir()] == ["1234"]


def test_where_the_cache_cannot_be_written_code_lies_beside_the_worker(
    cache: Path, fetched: list[str], tmp_path: Path
) -> None:
    cache.parent.mkdir(parents=True)
    cache.touch()
    parcel = {"digest": "1234", "code": "key"}
    for _ in range(2):
        assert entry.find_code(parcel, tmp_path / "worker") == tmp_path / "worker" / "rbptune-1234"
    assert fetched == ["key"]


def test_a_version_that_another_worker_has_just_unpacked_is_used(tmp_path: Path) -> None:
    (tmp_path / "1234").mkdir()
    (tmp_path / "1234" / "file").write_text("theirs")
    entry.unpack(zipped(file="ours"), tmp_path / "1234")
    assert (tmp_path / "1234" / "file").read_text() == "theirs"
    assert [entry.name for entry in tmp_path.iterdir()] == ["1234"]


def test_old_versions_go_but_for_the_last_few_and_those_of_today(
    cache: Path, fetched: list[str], tmp_path: Path
) -> None:
    def used(name: str, days_ago: float) -> None:
        (cache / name).mkdir(parents=True, exist_ok=True)
        os.utime(cache / name, (time.time(), time.time() - days_ago * DAY))

    for days in range(1, 7):
        used(f"{days} days", days + 0.5)
    entry.find_code({"digest": "6 days", "code": ""}, tmp_path)  # it counts when it was used, not made
    assert {entry.name for entry in cache.iterdir()} == {"6 days", "1 days", "2 days", "3 days"}
    for number in range(5):
        used(f"today {number}", 0.1)
    entry.find_code({"digest": "6 days", "code": ""}, tmp_path)
    left = {entry.name for entry in cache.iterdir()}
    assert left == {"6 days", *(f"today {number}" for number in range(5))}
    assert fetched == []


def test_the_archive_holds_all_packages_and_is_the_same_every_time() -> None:
    digest, content = pack_code()
    assert pack_code.__wrapped__() == (digest, content)
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert {name.partition("/")[0] for name in names} == set(PACKAGES)
    assert "studies/cnn.toml" in names
    assert not [name for name in names if "__pycache__" in name]


def test_the_guest_needs_nothing_but_the_standard_library_and_dask() -> None:
    """Every module that is loaded into a worker of others; relative imports are its own."""
    folder = Path(entry.__file__).parent
    for path in folder.glob("*.py"):
        lines = [line.split() for line in path.read_text().splitlines()]
        imported = {words[1].partition(".")[0] for words in lines if words[:1] in (["import"], ["from"])}
        assert imported - {"", "distributed"} <= sys.stdlib_module_names, path.name
