"""Tests of the guard, against plain WSGI environments."""

from collections.abc import Iterable
from wsgiref.util import setup_testing_defaults

import pytest

from search.web.guard import ReadOnlyGuard


class Recorder:
    """A WSGI application that notes what reached it."""

    def __init__(self, headers: Iterable[tuple[str, str]] = ()):
        self.reached: list[tuple[str, str]] = []
        self.headers = list(headers)

    def __call__(self, environ, start_response):
        self.reached.append((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        start_response("200 OK", self.headers)
        return [b"inside"]


def ask(guard, method="GET", host="localhost:8080", path="/dashboard"):
    environ: dict[str, object] = {"REQUEST_METHOD": method, "PATH_INFO": path}
    setup_testing_defaults(environ)
    environ.pop("HTTP_HOST")
    if host is not None:
        environ["HTTP_HOST"] = host
    answer = {}

    def start_response(status, headers, exc_info=None):
        answer.update(status=int(status.split()[0]), headers={k.lower(): v for k, v in headers})

    answer["body"] = b"".join(guard(environ, start_response))
    return answer


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reading_passes(method):
    inside = Recorder()
    assert ask(ReadOnlyGuard(inside), method)["status"] == 200
    assert inside.reached == [(method, "/dashboard")]


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "PROPFIND", "get", ""]
)
def test_everything_else_is_refused(method):
    inside = Recorder()
    answer = ask(ReadOnlyGuard(inside), method, path="/api/studies/1")
    assert (answer["status"], inside.reached) == (405, [])
    assert answer["headers"]["allow"] == "GET, HEAD, OPTIONS"
    assert b"read-only" in answer["body"]


def test_a_method_override_header_changes_nothing():
    inside = Recorder()
    guard = ReadOnlyGuard(inside)
    environ = {"REQUEST_METHOD": "POST", "HTTP_X_HTTP_METHOD_OVERRIDE": "GET", "HTTP_HOST": "localhost"}
    setup_testing_defaults(environ)
    statuses = []
    list(guard(environ, lambda status, headers: statuses.append(status)))
    assert (statuses, inside.reached) == (["405 Method Not Allowed"], [])


def test_options_is_answered_by_the_guard():
    inside = Recorder()
    answer = ask(ReadOnlyGuard(inside), "OPTIONS")
    assert (answer["status"], answer["body"], inside.reached) == (204, b"", [])
    assert "access-control-allow-origin" not in answer["headers"]


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:9000", "127.0.0.1:8080", "127.0.0.1", "[::1]:8080", "[::1]", "lab-7:8080"],
)
def test_own_names_pass(host):
    assert ask(ReadOnlyGuard(Recorder(), names=["Lab-7"]), host=host)["status"] == 200


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example",
        "evil.example:8080",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "localhost, evil.example",
        "localhost:8080@evil.example",
        "localhost:8080:80",
        "localhost:",
        "localhost:port",
        "localhost\n",
        "user@localhost",
        "::1",
        "[::1",
        "[evil.example]",
        "10.1.2.3:8080",
        "0.0.0.0:8080",
        "http://localhost",
        "lo\u017fcalhost",
    ],
)
def test_other_names_are_refused(host):
    inside = Recorder()
    answer = ask(ReadOnlyGuard(inside), host=host)
    assert (answer["status"], inside.reached) == (403, [])
    assert b"host name" in answer["body"]


def test_every_address_but_no_other_name_when_bound_to_all():
    guard = ReadOnlyGuard(Recorder(), any_address=True)
    assert [guard.accepts(host) for host in ("10.1.2.3:80", "[fe80::1]:80", "evil.example:80")] == [
        True,
        True,
        False,
    ]


def test_security_headers_are_added_and_stricter_ones_kept():
    inside = Recorder(
        [
            ("Content-Security-Policy", "default-src 'none'"),
            ("Access-Control-Allow-Origin", "*"),
            ("X-Own", "1"),
        ]
    )
    headers = ask(ReadOnlyGuard(inside))["headers"]
    assert headers == {
        "content-security-policy": "default-src 'none'",
        "x-own": "1",
        "x-content-type-options": "nosniff",
        "x-frame-options": "SAMEORIGIN",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }


@pytest.mark.parametrize(("method", "host"), [("POST", "localhost"), ("GET", "evil.example")])
def test_refusals_carry_security_headers_too(method, host):
    headers = ask(ReadOnlyGuard(Recorder()), method, host)["headers"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-type"].startswith("text/plain")
