"""The service: a driver that takes up whatever is queued, and the pages beside it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from search.service.observers import Observer
from search.service.session import Workers, drive
from search.study.storage import open_storage
from search.study.workspace import Workspace
from search.web.server import PageServer, make_pages


def serve_workspace(
    workspace: Workspace,
    workers: Workers,
    observer: Observer,
    host: str,
    port: int,
    say: Callable[[str], None],
) -> None:
    """Drive the workspace and serve its pages until a signal ends it.

    Raises
    ------
    UserError
        When another driver works there, or the port cannot be bound.
    """
    open_storage(workspace)  # makes the database where nothing was launched yet
    pages = PageServer(make_pages(workspace.storage_url, host), host, port)
    thread = threading.Thread(target=pages.serve, daemon=True)
    thread.start()
    try:
        say(f"dashboard: {pages.url}/dashboard; waiting for studies (Ctrl-C ends it)")
        drive(workspace, workers, observer)
        say("ended; what was running goes on with the next rbptune serve or launch")
    finally:
        pages.stop()
        thread.join(timeout=2)
