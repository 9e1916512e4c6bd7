"""Addresses of schedulers, right and wrong: each wrong one ends in one line, and soon."""

from __future__ import annotations

import http.server
import os
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from distributed import LocalCluster, Security

from data_io.errors import ConfigError, UserError
from search.workers.dask import connection
from search.workers.dask.connection import ClusterError, connect

SOON = 20  # seconds on a busy machine


@contextmanager
def listening(handler: type[socketserver.BaseRequestHandler]) -> Iterator[str]:
    """Something that is no scheduler; gives its address."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"tcp://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


class Silent(socketserver.BaseRequestHandler):
    """Takes a connection and says nothing."""

    def handle(self) -> None:
        self.request.recv(1 << 16)
        time.sleep(SOON)


class Greeting(socketserver.BaseRequestHandler):
    """Speaks first, as SSH does, in what Dask would take for a number of frames."""

    def handle(self) -> None:
        self.request.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
        time.sleep(SOON)


def complaint(address: str, **tls: str) -> str:
    start = time.monotonic()
    with pytest.raises(UserError) as error:
        connect(address, tls)
    assert time.monotonic() - start < SOON
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_scheduler_is_connected_to_with_its_scheme_or_without(inside: LocalCluster) -> None:
    for address in (inside.scheduler_address, inside.scheduler_address.removeprefix("tcp://")):
        with closing(connect(address, {})) as client:
            assert client.submit(int, "7").result() == 7


@pytest.mark.parametrize(
    "address",
    [
        "http://10.0.0.1:8787/status",
        "https://10.0.0.1:8787",
        "scheduler.json",
        "/home/me/scheduler.json",
        "tcp://10.0.0.1",
        "tcp://10.0.0.1:port",
        "tcp://",
        "10.0.0.1",
        "nonsense://10.0.0.1:8786",
        "",
    ],
)
def test_what_is_no_address_is_refused_at_once(address: str) -> None:
    start = time.monotonic()
    assert complaint(address).startswith(f"--scheduler {address}: is no address of a Dask scheduler; give it")
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("handler", [Silent, Greeting, http.server.BaseHTTPRequestHandler])
def test_something_else_at_the_address_is_told_apart(
    handler: type[socketserver.BaseRequestHandler], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.5)
    with listening(handler) as address:
        said = complaint(address)
    assert said.startswith(f"--scheduler {address}: what answers there is no Dask scheduler")


def test_the_schedulers_own_dashboard_is_told_apart(
    inside: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.5)
    port = inside.scheduler.http_server.port
    assert "what answers there is no Dask scheduler; a dashboard's port" in complaint(
        f"tcp://127.0.0.1:{port}"
    )


def test_a_worker_is_no_scheduler_but_names_its_own(inside: LocalCluster) -> None:
    (worker,) = inside.workers.values()
    assert complaint(worker.address) == (
        f"--scheduler {worker.address}: is a Dask worker; give the address of its scheduler, "
        f"{inside.scheduler_address}"
    )


def test_where_nothing_answers_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.5)
    with pytest.raises(ClusterError, match=r"tcp://127.0.0.1:1: no Dask scheduler answers there \(.*refused"):
        connect("tcp://127.0.0.1:1", {})


def test_the_reason_is_said_though_the_last_try_was_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    async def cut_short(*_: object) -> None:
        raise OSError("Timed out trying to connect to it after 0.5 s") from TimeoutError()

    monkeypatch.setattr(connection, "_identify", cut_short)
    with pytest.raises(ClusterError, match=r"no Dask scheduler answers there \(.*refused"):
        connect("tcp://127.0.0.1:1", {})


def test_a_scheduler_that_speaks_tls_needs_files(tmp_path: Path) -> None:
    assert "give --tls CA CERT KEY" in complaint("tls://127.0.0.1:1")
    pem = tmp_path / "key.pem"
    assert complaint("tls://127.0.0.1:1", ca=str(pem)).startswith(f"--tls {pem}: no such file")
    pem.write_text("no key")
    files = dict.fromkeys(("ca", "cert", "key"), str(pem))
    assert complaint("tls://127.0.0.1:1", **files).startswith(f"--tls {pem} {pem} {pem}: cannot be used (")
    with pytest.raises(ConfigError, match="with --tls the address begins with tls://"):
        connect("tcp://127.0.0.1:1", files)


def test_a_scheduler_without_tls_is_told_apart(
    inside: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.5)
    keys = Security.temporary()
    pem = tmp_path / "key.pem"
    pem.write_text(keys.tls_client_key + keys.tls_client_cert)
    address = inside.scheduler_address.replace("tcp", "tls")
    said = complaint(address, **dict.fromkeys(("ca", "cert", "key"), str(pem)))
    assert said.startswith(f"--scheduler {address}: TLS with it fails (")
    assert said.endswith("or tcp:// where it speaks no TLS")


def test_ctrl_c_ends_an_attempt_at_once() -> None:
    script = (
        "import sys\nfrom search.workers.dask.connection import connect\nprint('on', flush=True)\n"
        "try:\n    connect(sys.argv[1], {})\nexcept KeyboardInterrupt:\n    print('cut')\n"
    )
    command = [sys.executable, "-c", script]
    with (
        listening(Silent) as address,
        subprocess.Popen([*command, address], stdout=subprocess.PIPE, text=True) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.readline() == "on\n"
        time.sleep(0.5)
        start = time.monotonic()
        os.kill(process.pid, signal.SIGINT)
        assert process.communicate(timeout=60)[0] == "cut\n"
        assert time.monotonic() - start < 4, "it waited for the connection"
