"""Serve pages until a signal: of a database alone, or beside a driver that takes up whatever is queued."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from search.service.observers import Observer
from search.service.session import Workers, drive
from search.study.workspace import Workspace
from search.web.access import Access
from search.web.address import Address
from search.web.beside import pages_beside
from search.web.guard import LOOPBACK_NAMES
from search.web.listening import Listener, listen
from search.web.pages import make_pages
from search.web.server import PageServer

_log = logging.getLogger(__name__)


def serve_dashboard(
    workspace: Workspace,
    address: Address,
    ready: Callable[[str], None] | None = None,
    access: Access | None = None,
) -> None:
    """Serve the pages of a workspace until Ctrl-C or SIGTERM.

    Parameters
    ----------
    workspace : Workspace
    address : Address
    ready : callable, optional
        Called with the address to open, such as ``http://127.0.0.1:8080/``, once pages are answered there.
    access : Access, optional
        Default: everybody may read.

    Raises
    ------
    UserError
        When the database cannot be read or the port cannot be bound.
    """
    given = access or Access()
    pages, listener = make_pages(workspace, address, given), _listen(address, given)
    with _interrupted_by_sigterm():
        try:
            PageServer(pages, listener).serve(ready and partial(ready, _front_page(listener, address, given)))
        except KeyboardInterrupt:
            _log.info("the pages at %s are closed", listener.url)


def serve_workspace(
    workspace: Workspace,
    workers: Workers,
    observer: Observer,
    address: Address,
    say: Callable[[str], None],
    access: Access | None = None,
    data: Path | None = None,
) -> None:
    """Drive the workspace and serve its pages until a signal ends it.

    Parameters are those of `search.service.session.drive` and `search.web.pages.make_pages`; `say` is called
    with lines for people.

    Raises
    ------
    UserError
        When another driver works there, or the port cannot be bound.
    """
    given = access or Access()
    drive(workspace, workers, observer, beside=_pages_beside(workspace, address, say, given, data))
    say("ended; what was running goes on with the next rbptune serve or launch")


@contextmanager
def _pages_beside(
    workspace: Workspace, address: Address, say: Callable[[str], None], access: Access, data: Path | None
) -> Iterator[None]:
    listener = _listen(address, access)
    line = f"dashboard: {_front_page(listener, address, access)} (waiting for studies; Ctrl-C ends it)"
    make = partial(make_pages, workspace, address, access, data)
    with pages_beside(make, listener, workspace, partial(say, line), say):
        yield


def _listen(address: Address, access: Access) -> Listener:
    listener = listen(address.host, address.port)
    if address.host not in LOOPBACK_NAMES and access.password is None:
        _log.warning("the pages have no log-in: everybody who reaches %s can read the studies", listener.url)
    return listener


def _front_page(listener: Listener, address: Address, access: Access) -> str:
    token = f"?token={access.token}" if access.token else ""
    return f"{listener.url}{address.root_path}/{token}"


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
