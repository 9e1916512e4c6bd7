"""Dask clusters as a user starts them by hand, in an environment that has the dependencies alone."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import distributed
import pytest
from distributed import Client

LONGEST = 120  # seconds that anything may take on a busy machine
PACKAGES = Path(distributed.__file__).parent.parent


def wait_for(condition: Callable[[], object], what: str) -> None:
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < LONGEST, f"waited in vain: {what}"
        time.sleep(0.05)


class Cluster:
    """A scheduler and workers, each a process of its own; a context manager that ends them.

    The interpreter runs without its site module, which alone would find this project; so scheduler and
    workers have what is installed beside it and nothing of it.
    """

    def __init__(
        self, folder: Path, *options: object, scheme: str = "tcp", path: Iterable[Path] = ()
    ) -> None:
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path = [*path, PACKAGES]
        self.processes: list[subprocess.Popen[bytes]] = []
        note = folder / "scheduler.json"
        self.scheduler = self.start(
            "scheduler", "--host", f"{scheme}://127.0.0.1", "--port", 0, "--scheduler-file", note, *options
        )
        wait_for(lambda: note.exists() and note.read_text().endswith("}"), "a scheduler")
        self.address: str = json.loads(note.read_text())["address"]

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            process.wait()

    def start(
        self, what: str, *options: object, path: Iterable[Path] | None = None
    ) -> subprocess.Popen[bytes]:
        """Run ``dask scheduler`` or ``dask worker``; its log is kept beside the scheduler's file."""
        log = (self.folder / f"{what}-{len(self.processes)}.log").open("wb")
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, path or self.path)),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }
        command = [sys.executable, "-S", "-m", "dask", what, "--no-dashboard", *map(str, options)]
        process = subprocess.Popen(
            command, cwd=self.folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        self.processes.append(process)
        return process

    def add_worker(self, *options: object, path: Iterable[Path] | None = None) -> subprocess.Popen[bytes]:
        """Start a worker process of one thread, without a nanny that would start it again."""
        fixed = ["--host", "127.0.0.1", "--nthreads", 1, "--no-nanny"]
        return self.start("worker", self.address, *fixed, *options, path=path)

    def log(self) -> str:
        """All that scheduler and workers logged."""
        return "\n".join(log.read_text() for log in sorted(self.folder.glob("*.log")))

    def client(self) -> Client:
        """Connect to see what the scheduler sees."""
        return Client(self.address, set_as_default=False)


def has_only_dependencies(folder: Path) -> bool:
    """Tell whether the workers' environment really lacks this project."""
    environment = {**os.environ, "PYTHONPATH": str(PACKAGES)}
    command = [sys.executable, "-S", "-c", "import distributed, torch\nimport search"]
    tried = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert "No module named 'search'" in tried.stderr or tried.returncode == 0, tried.stderr
    return tried.returncode != 0


def require_bare_environment(folder: Path) -> None:
    if not has_only_dependencies(folder):
        pytest.skip("the project is installed as a copy, so no environment here is without it")


def environment_without(package: str, folder: Path) -> list[Path]:
    """Give a path with all that is installed but one package."""
    folder.mkdir()
    for entry in PACKAGES.iterdir():
        if entry.name != package:
            (folder / entry.name).symlink_to(entry)
    return [folder]
