"""A server of pages on a port, which any thread can stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor, Future, InvalidStateError, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from tornado.httpserver import HTTPServer

from search.web.listening import Listener

THREADS = 4
BODY_BYTES = 1_000_000  # nothing that is asked of the pages is longer
SILENT_SECONDS = 60  # how long a connection may keep the server waiting


class PageServer:
    """Pages on a port; requests are answered while `serve` runs.

    Parameters
    ----------
    pages : callable
        Given threads to work on and the server's own name and port, gives what answers requests: see
        `search.web.pages.make_pages`, or `Container` for any WSGI application.
    listener : Listener

    Notes
    -----
    Tornado waits for all connections in one thread, so that slow readers and open streams of events cost
    a socket each and no thread.
    """

    def __init__(self, pages: Callable[[Executor, str, int], Any], listener: Listener) -> None:
        self._pages = pages
        self._listener = listener
        self._stopped: Future[None] = Future()
        self.port = listener.port
        self.url = listener.url

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
        # What an answer says is for its reader to know; of what fails here there is a traceback.
        logging.getLogger("tornado.access").setLevel(logging.CRITICAL)
        threads = ThreadPoolExecutor(THREADS, thread_name_prefix="page")
        server = HTTPServer(
            self._pages(threads, self._listener.host, self.port),
            max_body_size=BODY_BYTES,
            body_timeout=SILENT_SECONDS,
            idle_connection_timeout=SILENT_SECONDS,
        )
        self._listener.socket.setblocking(False)
        server.add_socket(self._listener.socket)
        try:
            if ready is not None:
                ready()
            await asyncio.wrap_future(self._stopped)
        finally:
            server.stop()
            await server.close_all_connections()
            threads.shutdown(wait=False, cancel_futures=True)
