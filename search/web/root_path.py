"""Optuna's dashboard below a path of its own: its pages and scripts name all addresses from the root."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# As they stand in the dashboard's page and script: at the beginning of a text, or after a base address.
LINKS = re.compile(rb'(?<=["`(}])/(?:dashboard|api|artifacts|csv|static)(?=[/"])')
REWRITTEN = ("text/html", "text/javascript", "application/javascript")
NOTES = "application/json"  # in which a note's links stand as Markdown has them
NOTE_LINKS = re.compile(rb"(?<=\]\()/(?:artifacts|study|report)(?=/)")


class RootPath:
    """Serve an application below a path, as behind a proxy that has other pages too.

    Parameters
    ----------
    application : WSGI application
    root_path : str
        Such as ``/rbptune``; empty for none. Requests may come with it or, from a proxy that cuts it off,
        without.
    """

    def __init__(self, application: WSGIApplication, root_path: str) -> None:
        self._application = application
        self._root = root_path

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, with addresses that hold outside."""
        path = environ.get("PATH_INFO", "")
        if path == self._root or path.startswith(f"{self._root}/"):
            environ = {**environ, "PATH_INFO": path.removeprefix(self._root)}
        if not self._root:
            return self._application(environ, _relative(start_response, ""))
        return self._rewrite(environ, start_response)

    def _rewrite(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer: dict[str, Any] = {}

        def note(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
            answer.update(status=status, headers=dict(headers))

        whole = {key: value for key, value in environ.items() if key != "HTTP_RANGE"}
        whole |= {"REQUEST_METHOD": "GET", "HTTP_ACCEPT_ENCODING": ""}
        parts = self._application(whole, note)
        body = b"".join(parts)
        if hasattr(parts, "close"):
            parts.close()
        headers = answer["headers"]
        if headers.get("Content-Type", "").split(";")[0] in REWRITTEN:
            packed = "gzip" in environ.get("HTTP_ACCEPT_ENCODING", "")
            body = _linked(body, self._root, packed)
            headers |= {"Content-Length": str(len(body)), "Vary": "Accept-Encoding"}
            headers |= {"Content-Encoding": "gzip"} if packed else {}
        elif headers.get("Content-Type", "").split(";")[0] == NOTES:
            body = NOTE_LINKS.sub(lambda link: self._root.encode() + link[0], body)
            headers |= {"Content-Length": str(len(body))}
        _relative(start_response, self._root)(answer["status"], list(headers.items()))
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]


@lru_cache(maxsize=4)
def _linked(body: bytes, root: str, packed: bool) -> bytes:
    linked = LINKS.sub(lambda link: root.encode() + link[0], body)
    return gzip.compress(linked) if packed else linked


def _relative(start_response: StartResponse, root: str) -> StartResponse:
    """Let redirections name a path alone, since a proxy's scheme and name are not known here."""

    def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
        kept = [
            (name, root + _path_of(value) if name.lower() == "location" else value) for name, value in headers
        ]
        return start_response(status, kept, *exc_info)

    return start


def _path_of(address: str) -> str:
    return urlunsplit(("", "", *urlsplit(address)[2:]))
