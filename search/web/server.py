"""Serve the Optuna dashboard of a study database, read-only, until told to stop."""

from __future__ import annotations

import errno
import logging
import signal
import socket
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from data_io.errors import UserError
from search.web.guard import LOOPBACK_NAMES, ReadOnlyGuard
from search.web.readonly import open_read_only

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from optuna.storages import BaseStorage

_THREADS = 4
_STOP_SECONDS = 1.0
_ANY_ADDRESS = frozenset({"0.0.0.0", "::"})
_log = logging.getLogger(__name__)


class PageServer:
    """A WSGI application on a port.

    The port is bound on construction; requests are answered while `serve` runs.

    Parameters
    ----------
    application : WSGI application
    host : str
        Name or address of the interface to bind, such as ``localhost`` or ``0.0.0.0``.
    port : int
        0 takes any free one; see the attribute `port` for which.

    Raises
    ------
    UserError
        When the host is unknown here, or the port is taken, reserved or out of range.
    """

    def __init__(self, application: WSGIApplication, host: str = "localhost", port: int = 8080):
        from waitress.server import create_server

        # A browser asks for more at once than there are threads; that it waits a little is no event.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        listener = _bind(host, port)
        self.host = host
        self.port: int = listener.getsockname()[1]
        self._sockets: dict[int, Any] = {}
        self._server = create_server(
            application, map=self._sockets, sockets=[listener], threads=_THREADS, ident="rbptune"
        )

    @property
    def url(self) -> str:
        """The address to open in a browser on this machine."""
        name = "localhost" if self.host in _ANY_ADDRESS else self.host
        return f"http://{f'[{name}]' if ':' in name else name}:{self.port}"

    def serve(self) -> None:
        """Answer requests until `stop` is called from another thread, or until KeyboardInterrupt."""
        from waitress import wasyncore

        try:
            wasyncore.loop(timeout=1.0, map=self._sockets, use_poll=True)
        finally:
            self._server.task_dispatcher.shutdown(timeout=_STOP_SECONDS)
            wasyncore.close_all(self._sockets, ignore_all=True)

    def stop(self) -> None:
        """Make `serve` return; from any thread, and also when it is not running."""
        from waitress import wasyncore

        if self._sockets:
            # The loop ends when it has no socket left, and only its own thread may close them.
            self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._sockets, ignore_all=True))


def make_pages(
    storage: BaseStorage | str, host: str = "localhost", names: Iterable[str] = ()
) -> WSGIApplication:
    """Build the guarded pages of a study database.

    Parameters
    ----------
    storage : optuna storage or str
        The storage, or the database's address, which is then opened read-only.
    host : str
        The host that the pages will be served on; with an address for all interfaces every IP address
        and this machine's own name are accepted in requests.
    names : iterable of str
        Further host names to answer to, such as that of a proxy.

    Returns
    -------
    WSGI application
    """
    from optuna_dashboard import wsgi

    # Of every page of a young study, while too few trials are there to rank the hyperparameters.
    warnings.filterwarnings("ignore", message="Some regimes for parameter", category=UserWarning)
    opened = open_read_only(storage) if isinstance(storage, str) else storage
    everywhere = host in _ANY_ADDRESS
    own_names = [socket.gethostname(), socket.getfqdn()] if everywhere else [host]
    return ReadOnlyGuard(_with_front_door(wsgi(opened)), [*own_names, *names], any_address=everywhere)


def serve_dashboard(
    storage: BaseStorage | str,
    host: str = "localhost",
    port: int = 8080,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the dashboard until Ctrl-C or SIGTERM.

    Parameters
    ----------
    storage : optuna storage or str
        As in `make_pages`.
    host, port : str, int
        As in `PageServer`.
    ready : callable, optional
        Called with the address to open, such as ``http://127.0.0.1:8080``, once its port is bound.

    Raises
    ------
    UserError
        When the database cannot be read or the port cannot be bound.
    """
    pages = make_pages(storage, host)
    server = PageServer(pages, host, port)
    if host not in LOOPBACK_NAMES:
        _log.warning("the pages have no log-in: everybody who reaches %s can read the studies", server.url)
    with _interrupted_by_sigterm():
        try:
            if ready is not None:
                ready(server.url)
            server.serve()
        except KeyboardInterrupt:
            _log.info("the pages at %s are closed", server.url)


def _with_front_door(dashboard: WSGIApplication) -> WSGIApplication:
    """Send whoever opens the bare address to the dashboard."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "") in {"", "/"}:
            start_response("302 Found", [("Location", "/dashboard"), ("Content-Length", "0")])
            return [b""]
        return dashboard(environ, start_response)

    return answer


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


@contextmanager
def _interrupted_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does; signals can be handled in the main thread only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
