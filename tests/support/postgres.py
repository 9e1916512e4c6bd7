"""A PostgreSQL server of the tests' own, in a temporary folder, on a socket there and on no port."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REQUIRED = "RBPTUNE_REQUIRE_POSTGRES" in os.environ


def find_programs() -> Path | None:
    """The folder of initdb and pg_ctl, or None where no server is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    on_path = shutil.which("pg_ctl")
    if on_path is not None:
        found.append(Path(on_path))
    return found[0].parent if found else None


@contextmanager
def running_server(programs: Path) -> Iterator[str]:
    """Start a server; gives the address of its database "postgres"."""
    folder = Path(tempfile.mkdtemp(prefix="rbptune-postgres-"))
    try:
        if os.geteuid() == 0:  # the server refuses to run as root
            shutil.chown(folder, "postgres", "postgres")
        data = folder / "data"
        _run(programs / "initdb", "-D", data, "-U", "rbptune", "--auth", "trust", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        _run(programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://rbptune@/postgres?host={folder}"
        finally:
            _run(programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(*command: object) -> None:
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run([*as_user, *map(str, command)], **pipes, text=True, check=False)
    assert done.returncode == 0, done.stdout
