"""An nginx of the tests' own, in a temporary folder, with the location that the README shows."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
REQUIRED = "RBPTUNE_REQUIRE_NGINX" in os.environ
CONFIGURATION = """
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        {location}
    }}
}}
"""


def find_nginx() -> str | None:
    """The program, or None where it is not installed."""
    return shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")


def location_of_the_readme(port: int) -> str:
    """The location that the README shows, for pages that listen on `port`."""
    (block,) = re.findall(
        r"^```nginx\n(.*?)```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    location, changed = re.subn(r"127\.0\.0\.1:\d+", f"127.0.0.1:{port}", block)
    assert changed == 1
    return location


@contextmanager
def proxying(program: str, location: str) -> Iterator[int]:
    """Run nginx while the block runs; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="rbptune-nginx-") as folder:
        Path(folder).chmod(0o755)
        file = Path(folder, "nginx.conf")
        file.write_text(CONFIGURATION.format(folder=folder, port=port, location=location))
        with subprocess.Popen([program, "-p", folder, "-c", str(file)], stderr=subprocess.PIPE) as process:
            try:
                _wait_for(port, process)
                yield port
            finally:
                process.terminate()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        assert process.poll() is None, process.stderr and process.stderr.read().decode()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"nginx does not answer on port {port}")
