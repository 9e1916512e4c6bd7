"""A driver's side of a study database, and a running server of its pages."""

import threading
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import sqlalchemy
from optuna.storages import RDBStorage

from search.study.workspace import Workspace
from search.web.address import Address
from search.web.container import Container
from search.web.listening import listen
from search.web.pages import make_pages
from search.web.server import PageServer


def open_writer(path):
    """Open a database as the driver does: in WAL mode, one writer."""
    storage = RDBStorage(f"sqlite:///{path}", engine_kwargs={"connect_args": {"timeout": 60}})
    with storage.engine.connect() as connection:
        connection.execute(sqlalchemy.text("PRAGMA journal_mode=WAL"))
    return storage


def fill(study, trials=4):
    """Add finished trials with curves, without training anything."""
    for number in range(trials):
        trial = study.ask()
        filters = trial.suggest_int("filters", 16, 128)
        rate = trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True)
        for epoch in range(1, 4):
            trial.report(0.1 * epoch + rate, epoch)
        study.tell(trial, 0.3 + filters / 1000 + number / 100)


def place_of(database):
    """Give the workspace of a database, by its address."""
    return Workspace(Path(database.removeprefix("sqlite:///")).parent)


def serving(database, host="localhost", **options):
    """Serve the pages of a database on a free port while the block runs."""
    return served(make_pages(place_of(database), Address(host), **options), host)


@contextmanager
def served(pages, host="localhost"):
    """Serve pages on a free port while the block runs."""
    server = PageServer(pages, listen(host, 0))
    ready = threading.Event()
    thread = threading.Thread(target=server.serve, args=(ready.set,))
    thread.start()
    assert ready.wait(timeout=60)
    try:
        yield server
    finally:
        server.stop()
        thread.join(timeout=10)
        assert not thread.is_alive()


def failing_pages():
    """Build pages that fail; also in a process that is started."""
    return partial(Container, _fail)


def _fail(environ, start_response):
    raise RuntimeError("no such figure")
