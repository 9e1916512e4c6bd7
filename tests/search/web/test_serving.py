"""The service as a process of its own: it runs what is queued, and goes on after what failed."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import nullcontext
from ipaddress import ip_address
from pathlib import Path

import psutil
import pytest

from search.service.observers import Everyone
from search.service.session import Workers
from search.study.lock import driver_lock, is_driven
from search.study.storage import open_storage
from search.study.workspace import Workspace
from search.web import serving
from search.web.address import Address
from search.web.pages import make_pages
from search.web.server import PageServer
from tests.search.study.test_storages import queue
from tests.search.web.test_server import get
from tests.support.clusters import wait_for
from tests.support.commands import STUDY, launch, rbptune, run_alone, status
from tests.support.pages import served


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "studies"


def serve(workspace: Path) -> list[str]:
    return ["serve", "--workspace", str(workspace), "--jobs", "1", "--port", "0"]


@pytest.fixture
def service(workspace: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "search", *serve(workspace)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        yield process
        process.kill()


@pytest.fixture
def address(service: subprocess.Popen[str]) -> str:
    """Of the pages; the service is ready then."""
    assert service.stderr is not None
    line = service.stderr.readline()
    assert line.startswith("dashboard: http://127.0.0.1:"), line
    return line.split()[1].rstrip(";")


def listeners(pid: int) -> set[str]:
    """The addresses on which a process and its children listen."""
    service = psutil.Process(pid)
    links = [link for each in [service, *service.children(True)] for link in each.net_connections("inet")]
    return {link.laddr.ip for link in links if link.status == psutil.CONN_LISTEN}


def pages_of(service: subprocess.Popen[str]) -> psutil.Process:
    """The process of the pages: the one that listens on what the driver printed, beside the workers."""
    started = psutil.Process(service.pid).children()
    return next(each for each in started if each.nice() > psutil.Process(service.pid).nice())


def wait_until(workspace: Path, *states: str) -> None:
    wait_for(lambda: tuple(row["state"] for row in status(workspace)) == states, f"states {states}")


def test_it_runs_what_is_queued_until_it_is_told_to_end(
    service: subprocess.Popen[str], address: str, workspace: Path, simulated: Path, tmp_path: Path
) -> None:
    with urllib.request.urlopen(address) as page:
        assert page.status == 200
    names = tmp_path / "names.txt"
    names.write_text("# two of them\nSIMFOX\n\nRNCMPT90004\n")
    arguments = launch(simulated, workspace, "--detach", "--proteins", names, "--trials", 1)
    said = rbptune(*arguments)
    assert said.err == f"queued: 2 studies in {workspace}; the driver at work takes up what is queued\n"
    wait_until(workspace, "done", "done")
    listening = listeners(service.pid)
    assert listening
    assert {ip_address(ip).is_loopback for ip in listening} == {True}
    service.send_signal(signal.SIGTERM)
    assert service.wait(timeout=60) == 0


def test_pages_outlive_a_driver_that_is_killed_and_its_study_can_be_resumed(
    service: subprocess.Popen[str], address: str, workspace: Path, simulated: Path
) -> None:
    rbptune(*launch(simulated, workspace, "--detach", "--trials", 500))
    wait_until(workspace, "searching")
    with served(make_pages(Workspace(workspace), Address())) as pages:

        def wait_for_page(text: str) -> None:
            wait_for(lambda: text in get(pages.url)[1], text)

        wait_for_page(f"Driver: process {service.pid}")
        service.kill()
        service.wait(timeout=60)
        wait_until(workspace, "interrupted")
        said = rbptune("status", "--workspace", workspace)
        assert said.out.splitlines()[-1] == (
            f"{STUDY} interrupted: its driver ended without a word; rbptune resume takes it up"
        )
        wait_for_page("The driver was lost.")
        assert rbptune("resume", "SIMFOX", "--workspace", workspace).err.startswith(f"queued: {STUDY}; ")
        assert [row["state"] for row in status(workspace)] == ["queued"]
        wait_for_page("No driver runs here.")
        with driver_lock(Workspace(workspace)):
            wait_for_page("Driver: process")


def test_studies_go_on_without_their_pages(
    service: subprocess.Popen[str], address: str, workspace: Path, simulated: Path
) -> None:
    assert service.stderr is not None
    pages_of(service).kill()
    assert service.stderr.readline() == (
        "the pages have ended (killed by signal 9); studies go on, and rbptune dashboard shows them\n"
    )
    rbptune(*launch(simulated, workspace, "--detach", "--trials", 1))
    wait_until(workspace, "done")
    service.send_signal(signal.SIGTERM)
    assert service.wait(timeout=60) == 0


def test_the_pages_end_with_a_driver_that_is_killed(service: subprocess.Popen[str], address: str) -> None:
    assert service.stderr is not None
    pages, url = pages_of(service), address.split("/?", maxsplit=1)[0]
    service.kill()
    assert f"the driver has gone; the pages at {url} are closed\n" in service.stderr.read()
    psutil.wait_procs([pages], timeout=60)
    assert not pages.is_running()


def test_a_second_one_is_told_who_works_there(
    service: subprocess.Popen[str], address: str, workspace: Path, tmp_path: Path
) -> None:
    second = run_alone(*serve(workspace), cwd=tmp_path)
    assert second.returncode == 2
    line = second.stderr.splitlines()[-1]
    assert line.startswith(f"rbptune: error: {workspace}: process {service.pid} on ")


def test_what_failed_goes_on_when_it_is_resumed(
    address: str, workspace: Path, simulated: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    queue(Workspace(workspace), data, trials=1)
    wait_until(workspace, "failed")
    assert str(data) in status(workspace)[0]["reason"]
    data.symlink_to(simulated)
    said = rbptune("resume", "SIMFOX", "--workspace", workspace)
    assert "the driver at work takes up what is queued" in said.err
    wait_until(workspace, "done")


def test_the_lock_is_taken_before_the_port(workspace: Path, tmp_path: Path) -> None:
    """Who is refused because another one drives the workspace has not been in its pages' way."""
    with socket.create_server(("127.0.0.1", 0)) as taken, driver_lock(Workspace(workspace)):
        port = taken.getsockname()[1]
        said = rbptune("serve", "--workspace", workspace, "--jobs", 0, "--port", port)
    assert said.code == 2
    assert "works here since" in said.err
    assert "in use" not in said.err


def test_a_port_that_is_taken_leaves_the_lock_free(workspace: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = rbptune("serve", "--workspace", workspace, "--jobs", 0, "--port", port)
    assert (said.code, f"--port {port}: in use on 127.0.0.1" in said.err) == (2, True)
    assert not is_driven(Workspace(workspace))


@pytest.mark.parametrize(("host", "warned"), [("0.0.0.0", True), ("127.0.0.1", False)])
def test_both_commands_warn_of_readers_elsewhere(
    host: str, warned: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, address = Workspace(tmp_path), Address(host, 0)
    monkeypatch.setattr(serving, "drive", lambda *_, beside: beside.__enter__())
    monkeypatch.setattr(serving, "pages_beside", lambda *_: nullcontext())
    monkeypatch.setattr(PageServer, "serve", lambda *_: None)
    open_storage(place)
    serving.serve_workspace(place, Workers(0), Everyone(), address, lambda _: None)
    serving.serve_dashboard(place, address)
    assert caplog.text.count("everybody who reaches http://localhost:") == 2 * warned


def test_wrong_addresses_are_one_line(workspace: Path) -> None:
    said = rbptune("serve", "--workspace", workspace, "--root-path", "rbptune")
    assert (said.code, said.err) == (
        2,
        "rbptune: error: --root-path 'rbptune': not a path; write it such as /rbptune\n",
    )
    assert not workspace.exists()
