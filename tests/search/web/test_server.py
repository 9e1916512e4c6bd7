"""Tests of the served dashboard, over real sockets."""

import hashlib
import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path

import optuna
import pytest

from data_io.errors import UserError
from search.web.address import Address
from search.web.container import Container
from search.web.listening import listen
from search.web.pages import make_pages
from search.web.server import PageServer
from search.web.serving import serve_dashboard
from tests.support.pages import failing_pages, fill, open_writer, place_of, served, serving


def get(url, method="GET", host=None, body=None):
    request = urllib.request.Request(url, data=body, method=method)
    request.add_header("Content-Type", "application/json")
    if host:
        request.add_header("Host", host)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), error.headers


def content_of(url):
    """Everything in a database, for comparison; the file's bytes may change with a checkpoint."""
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    text = "\n".join(connection.iterdump())
    connection.close()
    return hashlib.sha256(text.encode()).hexdigest()


def test_studies_and_trials_are_readable(database):
    with serving(database) as server:
        studies = json.loads(get(server.url + "/api/studies")[1])["study_summaries"]
        assert [study["study_name"] for study in studies] == [
            "RBFOX1/RNCMPT00168/cnn",
            "RBFOX1/RNCMPT00168/rnn",
        ]
        detail = json.loads(get(server.url + "/api/studies/1")[1])
        assert len(detail["trials"]) == 4
        assert detail["best_trials"][0]["values"][0] > 0.3


def test_root_is_the_overview_and_the_dashboard_stands_beside(database):
    with serving(database) as server:
        status, page, headers = get(server.url)
        assert (status, "<h1>Studies</h1>" in page) == (200, True)
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        status, page, headers = get(server.url + "/dashboard")
        assert (status, "Optuna Dashboard" in page) == (200, True)
        assert "default-src 'self'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", "api/studies/1", {}),
        ("POST", "api/studies", {"study_name": "mine", "directions": ["maximize"]}),
        ("POST", "api/studies/1/rename", {"study_name": "mine"}),
        ("PUT", "api/studies/1/note", {"version": 1, "body": "hello"}),
        ("POST", "api/trials/1/tell", {"state": "Complete", "values": [1.0]}),
    ],
)
def test_no_request_changes_the_database(database, method, path, body):
    before = content_of(database)
    with serving(database) as server:
        status, text, _ = get(server.url + "/" + path, method, body=json.dumps(body).encode())
        assert (status, "read-only" in text) == (405, True)
    assert content_of(database) == before


def test_no_page_changes_the_database(database):
    before = content_of(database)
    with serving(database) as server:
        for path in ("", "dashboard/studies/1", "api/studies", "api/studies/1", "csv/1", "api/meta"):
            assert get(server.url + "/" + path)[0] == 200, path
        assert get(server.url + "/api/studies/1/param_importances")[0] == 200
        assert get(server.url + "/incompatible-rdb-schema")[0] == 200
    assert content_of(database) == before


def test_a_rebound_name_is_refused(database):
    with serving(database) as server:
        assert get(server.url + "/api/studies", host="evil.example")[0] == 403
        assert get(server.url + "/api/studies", host=f"evil.example:{server.port}")[0] == 403
        assert get(server.url + "/api/studies", host="localhost:9999")[0] == 200


def test_two_host_headers_are_refused(database):
    with (
        serving(database) as server,
        socket.create_connection(("localhost", server.port), timeout=10) as link,
    ):
        link.sendall(
            b"GET /api/studies HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
        )
        assert link.recv(100).split()[1] in {b"400", b"403"}


def test_a_driver_writes_while_pages_are_read(database):
    path = database.removeprefix("sqlite:///")
    study = optuna.load_study(storage=open_writer(path), study_name="RBFOX1/RNCMPT00168/cnn")
    failures = []

    def read(url, stop):
        while not stop.is_set():
            status, text, _ = get(url + "/api/studies/1")
            if status != 200:
                failures.append(text)

    with serving(database) as server:
        stop = threading.Event()
        readers = [threading.Thread(target=read, args=(server.url, stop)) for _ in range(2)]
        for reader in readers:
            reader.start()
        fill(study, trials=15)
        stop.set()
        for reader in readers:
            reader.join()
    with serving(database) as server:
        assert len(json.loads(get(server.url + "/api/studies/1")[1])["trials"]) == 19
    assert failures == []
    assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_port_in_use_is_one_line(database):
    with (
        serving(database) as server,
        pytest.raises(UserError, match=rf"--port {server.port}: in use on localhost.*--port 0"),
    ):
        serve_dashboard(place_of(database), Address(port=server.port))


@pytest.mark.parametrize(
    ("host", "port", "message"),
    [
        ("localhost", 70000, "--port 70000: not a port"),
        ("localhost", -1, "--port -1: not a port"),
        ("no.such.host.invalid", 0, "--host 'no.such.host.invalid': cannot be served on"),
        ("203.0.113.7", 0, "--host '203.0.113.7': cannot be served on"),
        ("a" * 300, 0, "cannot be served on"),
        ("x..y", 0, "--host 'x..y': cannot be served on"),
    ],
)
def test_bad_addresses_are_one_line(host, port, message):
    with pytest.raises(UserError, match=message) as caught:
        listen(host, port)
    assert "\n" not in str(caught.value)


def test_a_reserved_port_is_one_line(monkeypatch):
    def refuse(self, address):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(UserError, match="--port 80: reserved for the administrator"):
        listen("localhost", 80)


def test_all_interfaces_answer_to_addresses_and_the_machine_name(database):
    with serving(database, host="0.0.0.0") as server:
        assert server.url == f"http://localhost:{server.port}"
        for host in ("192.0.2.1", socket.gethostname(), "localhost"):
            assert get(server.url + "/api/meta", host=host)[0] == 200, host
        assert get(server.url + "/api/meta", host="evil.example")[0] == 403


def raw(port, text, wait=10):
    """Send a request as it is, and give all that comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as connection:
        connection.sendall(text.encode())
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer.decode(errors="replace")


def test_a_request_that_names_no_encoding_is_answered(database, capfd):
    with serving(database) as server:
        connection = http.client.HTTPConnection("localhost", server.port, timeout=10)
        connection.putrequest("GET", "/static/bundle.js", skip_accept_encoding=True)
        connection.endheaders()
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("Content-Encoding")) == (200, None)
        assert len(answer.read()) == int(answer.getheader("Content-Length"))
        connection.close()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("host", "status"), [("localhost:", 403), ("localhost:port", 403), ("a b", 400), (None, 403)]
)
def test_an_odd_host_is_answered_at_once(database, host, status):
    named = "" if host is None else f"Host: {host}\r\n"
    with serving(database) as server:
        answer = raw(server.port, f"GET / HTTP/1.0\r\n{named}Connection: close\r\n\r\n")
    assert answer.split()[1] == str(status)


def test_a_page_that_fails_is_answered_and_logged(caplog):
    with served(failing_pages()) as server:
        status, text, _ = get(server.url + "/page")
    assert (status, "this page failed" in text) == (500, True)
    assert "no such figure" in caplog.text


def test_slow_readers_keep_nobody_waiting(database):
    with serving(database) as server:
        slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
        for connection in slow:
            connection.sendall(b"GET /api/stu")
        assert get(server.url + "/api/studies")[0] == 200
        for connection in slow:
            connection.close()


def test_a_long_body_is_refused_before_it_is_sent(database):
    head = "POST /api/studies HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n"
    with serving(database) as server:
        assert raw(server.port, head).split()[1] == "400"


def test_stop_is_safe_from_any_thread_at_any_moment():
    """Before the server runs, while it begins, while it answers, while it ends and after that."""

    def answer(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"here"]

    failures = []

    def stop(server):
        try:
            for _ in range(50):
                server.stop()
        except Exception as error:  # the test names it
            failures.append(error)

    for turn in range(40):
        server = PageServer(partial(Container, answer), listen(port=0))
        thread = threading.Thread(target=server.serve)
        thread.start()
        if turn % 2:
            assert get(server.url)[1] == "here"
        stoppers = [threading.Thread(target=stop, args=(server,)) for _ in range(3)]
        for each in stoppers:
            each.start()
        for each in (*stoppers, thread):
            each.join(timeout=10)
            assert not each.is_alive()
        server.stop()
    assert failures == []


def test_stop_before_serve_returns_at_once(database):
    server = PageServer(make_pages(place_of(database), Address()), listen(port=0))
    server.stop()
    server.serve()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)


PROGRAM = """
import sys
from pathlib import Path
from search.study.workspace import Workspace
from search.web.address import Address
from search.web.serving import serve_dashboard
place, address = Workspace(Path(sys.argv[1])), Address("localhost", 0)
serve_dashboard(place, address, ready=lambda url: print(url, flush=True))
print("closed", flush=True)
"""


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_signals_close_the_pages(database, kind):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, place_of(database).root],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert get(url + "api/meta")[0] == 200
        process.send_signal(kind)
        rest, _ = process.communicate(timeout=20)
    assert (rest.strip(), process.returncode) == ("closed", 0)
