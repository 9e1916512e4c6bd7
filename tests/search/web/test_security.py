"""What strangers send to the pages is refused, led to the log-in or shown as text; studies stay."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from search.study.record import open_study
from search.study.status import read_status
from search.study.storage import open_storage
from search.study.workspace import Workspace
from search.web import forms
from search.web.access import Access
from search.web.address import Address
from search.web.pages import make_pages
from search.web.server import BODY_BYTES, PageServer
from tests.search.study.test_storages import queue
from tests.support.pages import served
from tests.support.visitor import Visitor

PASSWORD = "correct horse battery"
STUDY = "SIMFOX/RNCMPT90001/cnn"


@pytest.fixture(scope="module")
def workspace(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """With one queued study."""
    workspace = Workspace(tmp_path_factory.mktemp("security") / "studies")
    assert queue(workspace, simulated) == STUDY
    (workspace.root / "secret.html").write_text("secret")
    return workspace


@pytest.fixture(scope="module")
def guarded(workspace: Workspace) -> Iterator[PageServer]:
    """The pages behind a password."""
    with served(make_pages(workspace, Address(), Access(password=PASSWORD, writes=True))) as server:
        yield server


@pytest.fixture(scope="module")
def opened(workspace: Workspace) -> Iterator[PageServer]:
    """The pages with a token."""
    with served(make_pages(workspace, Address(), Access(token="t" * 32, writes=True))) as server:
        yield server


@pytest.fixture(autouse=True)
def _unchanged(workspace: Workspace) -> Iterator[None]:
    """Whatever a test sends, the study stays as it is."""
    yield
    assert [(row["study"], row["state"]) for row in read_status(workspace)] == [(STUDY, "queued")]
    assert open_study(open_storage(workspace), STUDY).request is None


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/",
            f"/study/{STUDY}",
            "/compare",
            "/launch",
            "/changes",
            f"/files/{STUDY}/report.html",
            "/nowhere",
        ),
        *("/dashboard", "/api/studies", "/api/studies/1", "/csv/1", "/artifacts/1/ab", "/static/bundle.js"),
    ],
)
def test_nothing_is_shown_before_the_log_in(path: str, guarded: PageServer) -> None:
    answer = Visitor(guarded.port).ask(path)
    assert (answer.status, answer.headers["location"], answer.text) == (303, "/login", "")


def test_the_password_opens_all_of_it(guarded: PageServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "WRONG_PASSWORD_SECONDS", 0)
    visitor = Visitor(guarded.port)
    assert "password" in visitor.ask("/login").text
    for wrong in ("", PASSWORD[:-1], PASSWORD + " ", "ü"):
        assert visitor.send("/login", {"password": wrong}).status == 403
    assert visitor.send("/login", {"password": PASSWORD}, Origin="https://evil.example").status == 403
    assert visitor.cookies == {}
    answer = visitor.send("/login", {"password": PASSWORD})
    assert (answer.status, answer.headers["location"]) == (303, "/")
    for path in ("/", "/dashboard", "/api/studies"):
        assert visitor.ask(path).status == 200, path
    assert visitor.proof()
    visitor.cookies = {name: value[:-1] + "x" for name, value in visitor.cookies.items()}
    assert visitor.ask("/").status == 303


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example"])
def test_a_name_that_is_not_ours_is_refused_everywhere(host: str, opened: PageServer) -> None:
    visitor = Visitor(opened.port)
    for path in (
        "/",
        "/launch",
        f"/?token={'t' * 32}",
        "/_/style.css",
        "/dashboard",
        "/api/studies",
        "/changes",
    ):
        assert visitor.ask(path, headers={"Host": host}).status in (400, 403), path
    assert visitor.send("/change", {"study": STUDY, "change": "stop"}, Host=host).status in (400, 403)
    assert visitor.cookies == {}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/api/studies/1"),
        ("POST", "/api/studies"),
        ("POST", "/api/studies/1/rename"),
        ("PUT", "/api/studies/1/note"),
        ("POST", "/api/trials/1/tell"),
        ("POST", "/api/artifacts/1"),
        ("DELETE", "/api/artifacts/1/ab"),
        ("POST", "/"),
        ("DELETE", f"/study/{STUDY}"),
    ],
)
def test_the_dashboard_stays_read_only_for_those_who_may_write_too(
    method: str, path: str, opened: PageServer
) -> None:
    writer = Visitor(opened.port)
    writer.ask(f"/?token={'t' * 32}")
    assert writer.cookies
    assert writer.ask(path, method, b"{}", {"Content-Type": "application/json"}).status == 405


@pytest.mark.parametrize(
    "path",
    [
        "/_/../routes.py",
        "/_/..%2froutes.py",
        "/_/%2e%2e/routes.py",
        "/_//etc/passwd",
        "/_/static/../../site.py",
        "/static/../_app.py",
        "/static/..%2f_app.py",
        "/static/%2e%2e/_app.py",
        "/artifacts/1/..%2f..%2fsecret.html",
        "/artifacts/1/../../secret.html",
        f"/files/{STUDY}/../../../../secret.html",
        f"/files/{STUDY}/..%2f..%2f..%2f..%2fsecret.html",
        f"/files/{STUDY}/%2e%2e%2fsecret.html",
        "/files/../secret.html",
        "/files/..%2f..%2f../secret.html",
        "/files/%2fetc/passwd",
        f"/export/{STUDY}/../../../secret.html",
        f"/study/{STUDY}/../../../../secret.html",
    ],
)
def test_no_name_leads_out_of_what_is_shown(path: str, opened: PageServer) -> None:
    answer = Visitor(opened.port).ask(path)
    assert answer.status in (400, 403, 404), answer.text[:200]
    assert not any(word in answer.text for word in ("secret\n", "import ", "root:"))


def test_a_hundred_megabytes_are_refused_before_they_are_sent(opened: PageServer) -> None:
    for path in ("/launch", "/change", "/login", "/api/studies"):
        with socket.create_connection(("127.0.0.1", opened.port), timeout=60) as connection:
            head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n"
            connection.sendall(head.encode())
            assert connection.recv(100).split()[1] == b"400"


def test_a_body_of_unknown_length_ends_at_the_same_limit(opened: PageServer) -> None:
    with socket.create_connection(("127.0.0.1", opened.port), timeout=60) as connection:
        head = b"POST /launch HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head)
        piece = b"%x\r\n%s\r\n" % (100_000, b"x" * 100_000)
        sent = 0
        try:
            while sent < 5 * BODY_BYTES:
                connection.sendall(piece)
                sent += 100_000
            answer = connection.recv(100)
        except (BrokenPipeError, ConnectionResetError):
            return
        assert answer == b"" or answer.split()[1] == b"400"


def test_refusals_do_not_fill_the_terminal(opened: PageServer, caplog: pytest.LogCaptureFixture) -> None:
    visitor = Visitor(opened.port)
    for path in ("/?token=wrong%0aINFO", "/nowhere", f"/study/{STUDY}/x"):
        assert visitor.ask(path).status in (403, 404)
    assert visitor.send("/change", {"study": "x"}).status == 403
    assert caplog.text == ""


@pytest.mark.parametrize("path", ["/study/x", "/rbptune/study/x", "/", "/rbptune/"])
def test_below_a_path_the_session_begins_and_stays_there(path: str, workspace: Workspace) -> None:
    """Whether the proxy before it cuts the path off or not."""
    access = Access(token="t" * 32, writes=True)
    with served(make_pages(workspace, Address(root_path="/rbptune"), access)) as server:
        answer = Visitor(server.port).ask(f"{path}?token={access.token}")
    assert (answer.status, answer.headers["location"]) == (303, "/rbptune" + path.removeprefix("/rbptune"))
    assert "; Path=/rbptune/" in answer.headers["set-cookie"]


def test_slow_clients_keep_nobody_waiting(opened: PageServer) -> None:
    slow = [socket.create_connection(("127.0.0.1", opened.port), timeout=60) for _ in range(50)]
    for number, connection in enumerate(slow):
        head = b"POST /launch HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx"
        connection.sendall(head if number % 2 else b"GET / HTT")
    assert Visitor(opened.port).ask("/launch").status == 200
    for connection in slow:
        connection.close()


def test_nothing_listens_beyond_loopback_without_a_host(workspace: Workspace) -> None:
    """Neither the pages nor anything else that the process has opened since."""
    own = psutil.Process()
    before = {link.laddr for link in own.net_connections("inet") if link.status == psutil.CONN_LISTEN}
    with served(make_pages(workspace, Address("127.0.0.1")), "127.0.0.1"):
        links = own.net_connections("inet")
        listening = {link.laddr for link in links if link.status == psutil.CONN_LISTEN} - before
    assert {address.ip for address in listening} == {"127.0.0.1"}
