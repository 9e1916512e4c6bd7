"""A server of pages on a port, which any thread can stop."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from concurrent.futures import Executor, Future, InvalidStateError, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from tornado.httpserver import HTTPServer

from data_io.errors import UserError
from search.web.address import ANY_ADDRESS

THREADS = 4
BODY_BYTES = 1_000_000  # nothing that is asked of the pages is longer
SILENT_SECONDS = 60  # how long a connection may keep the server waiting


class PageServer:
    """Pages on a port.

    The port is bound on construction; requests are answered while `serve` runs.

    Parameters
    ----------
    pages : callable
        Given threads to work on and the server's own name and port, gives what answers requests: see
        `search.web.pages.make_pages`, or `Container` for any WSGI application.
    host : str
        Name or address of the interface to bind, such as ``localhost`` or ``0.0.0.0``.
    port : int
        0 takes any free one; see the attribute `port` for which.

    Raises
    ------
    UserError
        When the host is unknown here, or the port is taken, reserved or out of range.

    Notes
    -----
    Tornado waits for all connections in one thread, so that slow readers and open streams of events cost
    a socket each and no thread.
    """

    def __init__(
        self, pages: Callable[[Executor, str, int], Any], host: str = "localhost", port: int = 8080
    ) -> None:
        self._pages = pages
        self._listener = _bind(host, port)
        self._stopped: Future[None] = Future()
        self.host = host
        self.port: int = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        """The address to open in a browser on this machine."""
        name = "localhost" if self.host in ANY_ADDRESS else self.host
        return f"http://{f'[{name}]' if ':' in name else name}:{self.port}"

    def serve(self, ready: Callable[[], None] | None = None) -> None:
        """Answer requests until `stop` is called, or until KeyboardInterrupt.

        `ready` is called when the first answer would wait for nothing more.
        """
        asyncio.run(self._serve(ready))

    def stop(self) -> None:
        """Make `serve` return, or not begin; from any thread, and as often as one likes."""
        with suppress(InvalidStateError):  # stopped before
            self._stopped.set_result(None)

    async def _serve(self, ready: Callable[[], None] | None) -> None:
        # That a page is not there is for its reader to know.
        logging.getLogger("tornado.access").setLevel(logging.ERROR)
        threads = ThreadPoolExecutor(THREADS, thread_name_prefix="page")
        server = HTTPServer(
            self._pages(threads, self.host, self.port),
            max_body_size=BODY_BYTES,
            body_timeout=SILENT_SECONDS,
            idle_connection_timeout=SILENT_SECONDS,
        )
        server.add_socket(self._listener)
        try:
            if ready is not None:
                ready()
            await asyncio.wrap_future(self._stopped)
        finally:
            server.stop()
            await server.close_all_connections()
            threads.shutdown(wait=False, cancel_futures=True)


def _bind(host: str, port: int) -> socket.socket:
    """Open a listening socket; "localhost" means IPv4, so that one name is one port."""
    if not 0 <= port <= 65535:
        raise UserError(f"--port {port}: not a port; give one from 1024 to 65535, or 0 for any free one")
    listener = None
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
        listener.setblocking(False)
    except (OSError, UnicodeError) as error:
        if listener is not None:
            listener.close()
        raise UserError(_explain(error, host, port)) from error
    return listener


def _explain(error: OSError | UnicodeError, host: str, port: int) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        return f"--port {port}: in use on {host}; give another --port, or --port 0 for any free one"
    if number in {errno.EACCES, errno.EPERM}:
        return f"--port {port}: reserved for the administrator; give one above 1023"
    reason = error.strerror if isinstance(error, OSError) else "not a host name"
    return f"--host {host!r}: cannot be served on ({reason}); give localhost or an address of this machine"
