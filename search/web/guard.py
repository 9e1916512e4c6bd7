"""A WSGI guard before the pages: readers only, known names only.

Optuna's dashboard has no log-in and no protection of its own: whoever reaches it may delete studies, and a
page on any web site can reach a server on loopback by way of a name that resolves to 127.0.0.1 (DNS
rebinding). The guard lets no request through that could change anything, and none that was addressed to a
name which is not this server's.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
READING = ("GET", "HEAD", "OPTIONS")

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
}
# The dashboard opens artifacts to the scripts of every site; nothing here is meant for another origin.
_DROPPED = frozenset({"access-control-allow-origin"})
_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[^\[\]:,@/\s]+)(?::(?P<port>\d{1,5}))?")


class ReadOnlyGuard:
    """Let reading requests through that are addressed to this server, and no others.

    Parameters
    ----------
    application : WSGI application
        What answers the requests that pass.
    names : iterable of str
        Host names, without a port, under which the server may be asked besides the loopback names.
    any_address : bool
        Whether every IP address passes as a host, for a server bound to all interfaces. An address,
        unlike a name, cannot be made to point here by somebody else. Default is False.

    Notes
    -----
    The port of the Host header is not compared: a forwarded port (``ssh -L 9000:localhost:8080``) has another
    number, and a rebound name fails by its name. A request without a Host header is refused.
    """

    def __init__(self, application: WSGIApplication, names: Iterable[str] = (), any_address: bool = False):
        self.application = application
        self.names = LOOPBACK_NAMES | {_bare(name) for name in names}
        self.any_address = any_address

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, or hand it on."""
        host = environ.get("HTTP_HOST", "")
        if not self.accepts(host):
            return _refuse(
                start_response,
                HTTPStatus.FORBIDDEN,
                f"403: {foreign_host(host)}",
            )
        method = environ["REQUEST_METHOD"]
        if method not in READING:
            return _refuse(
                start_response,
                HTTPStatus.METHOD_NOT_ALLOWED,
                f"405: {not_possible(method)}",
            )
        if method == "OPTIONS":
            return _refuse(start_response, HTTPStatus.NO_CONTENT, "")
        return self.application(environ, _secured(start_response))

    def accepts(self, host: str) -> bool:
        """Tell whether a Host header's value names this server.

        Parameters
        ----------
        host : str
            Such as ``localhost:8080`` or ``[::1]:8080``.

        Returns
        -------
        bool
        """
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = _bare(match["name"])
        return name in self.names or (self.any_address and _is_address(name))


def is_host_name(name: str) -> bool:
    """Tell whether a text is a host name or address alone, as it can stand in a Host header."""
    match = _HOST.fullmatch(name)
    return match is not None and match["port"] is None and "*" not in name


def foreign_host(host: str) -> str:
    """Say that a Host header names another server."""
    return (
        f"this server does not answer to the host name {host[:100]!r}; "
        "open it as http://localhost:PORT or by the address it was started with (--host), "
        "or start it with --allow-host NAME."
    )


def not_possible(method: str) -> str:
    """Say that nothing is answered to this method."""
    return (
        f"{method[:20]} is not possible here; this address is read-only. Studies are launched, stopped and "
        "resumed from the pages of rbptune serve, or on the command line (rbptune --help)."
    )


def _bare(name: str) -> str:
    return name.strip("[]").lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _secured(start_response: StartResponse) -> StartResponse:
    """Add the security headers to whatever the application answers; it may set stricter ones itself."""

    def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
        kept = [(name, value) for name, value in headers if name.lower() not in _DROPPED]
        present = {name.lower() for name, _ in kept}
        kept += [(name, value) for name, value in SECURITY_HEADERS.items() if name.lower() not in present]
        return start_response(status, kept, *exc_info)

    return start


def _refuse(start_response: StartResponse, status: HTTPStatus, text: str) -> Iterable[bytes]:
    body = f"{text}\n".encode() if text else b""
    headers = [("Content-Type", "text/plain; charset=utf-8"), *SECURITY_HEADERS.items()]
    if status is not HTTPStatus.NO_CONTENT:
        headers.append(("Content-Length", str(len(body))))
    if status is not HTTPStatus.FORBIDDEN:
        headers.append(("Allow", ", ".join(READING)))
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]
