"""A disk that fills up and one that cannot be written: one clear line, and nothing lost."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.faults import Launch, check_exact

LARGE = "64m"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, whose room can be changed."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={LARGE}", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", folder], check=True)


def run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=240, check=False)


def refused(launch: Launch) -> str:
    """Run a launch that ends with exit code 2, and give its error line."""
    done = run(*launch.command)
    lines = [line for line in done.stderr.splitlines() if line.startswith("rbptune: error:")]
    assert done.returncode == 2, done.stderr
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


def integrity(workspace: Path) -> str:
    with sqlite3.connect(workspace / "studies.db") as connection:
        return connection.execute("PRAGMA integrity_check").fetchone()[0]


@pytest.fixture
def launch(simulated: Path, small_disk: Path) -> Launch:
    """A launch whose workspace is on the small disk."""
    launch = Launch(simulated, small_disk / "studies", trials=12, jobs=0)
    assert launch.command  # writes the space file while there is room
    return launch


@pytest.mark.parametrize("size", ["100k", "400k", "900k"])
def test_a_disk_that_fills_up(launch: Launch, size: str) -> None:
    """The room ends while the workspace is made, the data are cached or the trials are recorded."""
    disk = launch.workspace.parent
    remount(disk, f"size={size}")
    error = refused(launch)
    assert str(disk) in error
    assert "room" in error
    remount(disk, f"size={LARGE}")
    assert integrity(launch.workspace) == "ok"
    launch.finish()
    check_exact(launch.workspace, launch.trials)


def test_a_workspace_that_cannot_be_written(launch: Launch) -> None:
    disk = launch.workspace.parent
    remount(disk, f"size={LARGE}")
    assert "its time was up" in run(*launch.command, "--timeout", "0.01").stderr
    remount(disk, "ro")
    error = refused(launch)
    assert str(launch.workspace) in error
    assert "cannot be written" in error
    shown = run(sys.executable, "-m", "search", "status", "--workspace", launch.workspace)
    assert "stopped" in shown.stdout, shown.stderr
    remount(disk, "rw")
    launch.finish()
    check_exact(launch.workspace, launch.trials)
