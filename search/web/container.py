"""WSGI pages on Tornado's server: each request is answered on one of a few threads."""

from __future__ import annotations

import logging
from concurrent.futures import Executor
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tornado.httputil import HTTPHeaders, HTTPServerRequest, ResponseStartLine
from tornado.wsgi import WSGIContainer

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_log = logging.getLogger(__name__)


class Container(WSGIContainer):
    """Tornado's WSGI container, made safe against what a request or a page can do wrong.

    Parameters
    ----------
    application : WSGI application
    threads : Executor
        Where the application runs, so that the server goes on listening meanwhile.
    name : str
        The server's own name, for SERVER_NAME.
    port : int
        The server's own port, for SERVER_PORT.

    Notes
    -----
    As it comes, the container reads a port from the Host header and raises where there is none after the
    colon, and leaves a request without an answer when the application raises.
    """

    def __init__(self, application: WSGIApplication, threads: Executor, name: str, port: int) -> None:
        super().__init__(application, threads)
        self._server = {"SERVER_NAME": name, "SERVER_PORT": str(port)}

    def environ(self, request: HTTPServerRequest) -> dict[str, Any]:
        """Describe a request as WSGI does; the Host header stands in HTTP_HOST alone, as it came."""
        request.host = "localhost"
        # Optuna's dashboard fails where a request does not say which encodings it takes.
        return {"HTTP_ACCEPT_ENCODING": "", **super().environ(request), **self._server}

    async def handle_request(self, request: HTTPServerRequest) -> None:
        """Answer a request, with 500 when the application raises."""
        try:
            await super().handle_request(request)
        except Exception:
            _log.exception("%s %s failed", request.method, request.uri)
            _answer_fault(request)


def _answer_fault(request: HTTPServerRequest) -> None:
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    body = b"500: this page failed; the terminal of rbptune says why\n"
    headers = HTTPHeaders({"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(body))})
    assert request.connection is not None
    request.connection.write_headers(ResponseStartLine("HTTP/1.1", status, status.phrase), headers, body)
    request.connection.finish()
