"""The command where a user's own files have the names of its packages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import rbptune
from tests.support.commands import launch

ROOT = Path(rbptune.__file__).parent.parent
COMMAND = "from rbptune import main; main()"  # as the script is that an installation makes


@pytest.fixture
def users_own(tmp_path: Path) -> Path:
    """A folder with modules of the user's."""
    (tmp_path / "models.py").write_text("raise RuntimeError('the user\\'s own')")
    for package in ("search", "data_io"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("raise RuntimeError('the user\\'s own')")
    return tmp_path


@pytest.mark.parametrize("jobs", [0, 1])
def test_ours_are_imported_in_the_driver_and_in_its_workers(
    jobs: int, users_own: Path, simulated: Path, tmp_path: Path
) -> None:
    arguments = launch(simulated, tmp_path / "studies", "--jobs", jobs)
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *map(str, arguments)],
        cwd=users_own,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(users_own), str(ROOT)])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
