"""What worker processes need of this machine, and what is said where it is not there."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import dask
import pytest

from search.workers.dask.connection import ClusterError
from search.workers.dask.machine import check_machine

SCRIPT = "from search.workers.dask.machine import check_machine; check_machine()"


def without(*namespace: str, before: str = "true") -> list[str]:
    """A command that checks the machine in a namespace of its own, after a change to it."""
    command = ["unshare", *namespace, "sh", "-c", f'{before} && exec "$@"', "-"]
    tried = subprocess.run([*command, "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip(f"no namespaces here: {tried.stderr.decode().strip()}")
    return [*command, sys.executable, "-c", SCRIPT]


def complaint(command: list[str]) -> str:
    start = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert time.monotonic() - start < 30
    return done.stderr.splitlines()[-1]


def test_nothing_is_wrong_with_this_machine() -> None:
    check_machine()


def test_without_a_network_namespace_the_cause_is_said() -> None:
    said = complaint(without("--net"))
    assert "127.0.0.1: worker processes talk over this address, and cannot ([Errno 101]" in said
    assert said.endswith("bring the loopback network up, or train in this process with --jobs 0")


@pytest.mark.parametrize("change", ["mount -t tmpfs -o ro none /dev/shm", "mount -t tmpfs none /dev"])
def test_without_shared_memory_the_cause_is_said(change: str) -> None:
    said = complaint(without("--mount", before=change))
    assert "/dev/shm: worker processes need shared memory, and get none ([Errno" in said
    assert said.endswith("mount it, or train in this process with --jobs 0")


def test_without_a_folder_to_write_to_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.touch()
    said = rf"{file}/folder: workers cannot write there .*set DASK_TEMPORARY_DIRECTORY to a folder"
    with (
        dask.config.set({"temporary-directory": str(file / "folder")}),
        pytest.raises(ClusterError, match=said),
    ):
        check_machine()
    monkeypatch.setattr("tempfile.tempdir", str(file))
    said = r"temporary folder: workers cannot write there .*set TMPDIR to a folder"
    with dask.config.set({"temporary-directory": None}), pytest.raises(ClusterError, match=said):
        check_machine()


@pytest.mark.parametrize("content", ["a: [b", "- not a mapping", "\ta: b"])
def test_a_broken_configuration_of_dasks_is_one_line_that_names_it(content: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(content)
    script = (
        "from data_io.errors import ConfigError\n"
        "try:\n    import search.workers.dask\nexcept ConfigError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"DASK_CONFIG": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert f"{path}' is malformed" in done.stdout
    assert done.stdout.endswith("; fix or remove that file\n")
