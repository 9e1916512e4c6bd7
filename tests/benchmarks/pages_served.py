"""Pages served for a measurement, and how they are asked for."""

from __future__ import annotations

import gzip
import http.client
import re
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import psutil

from search.study.workspace import Workspace
from search.web.address import Address
from search.web.beside import pages_beside
from search.web.listening import listen
from search.web.pages import make_pages
from search.web.server import PageServer
from tests.benchmarks.fleet import TRIALS

VERSION = re.compile(r'data-version="([^"]+)"')


def end_a_trial(workspace: Workspace, number: int) -> None:
    """Write a finished trial of one study."""
    with sqlite3.connect(workspace.database) as connection:
        values = ("COMPLETE", f"2026-01-02 00:{number:02d}:00.000000")
        trial = connection.execute(
            "INSERT INTO trials (number, study_id, state, datetime_start, datetime_complete)"
            " VALUES (?, ?, ?, ?, ?)",
            (TRIALS + number, 1 + number, values[0], values[1], values[1]),
        ).lastrowid
        connection.execute(
            "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?, 0, 0.9, 'FINITE')",
            (trial,),
        )


@contextmanager
def served(workspace: Workspace) -> Iterator[PageServer]:
    """Serve the pages of a workspace from a thread, once they say that they are there."""
    pages, listener = make_pages(workspace, Address("127.0.0.1")), listen("127.0.0.1", 0)
    server, ready = PageServer(pages, listener), threading.Event()
    thread = threading.Thread(target=server.serve, args=(ready.set,), daemon=True)
    thread.start()
    ready.wait()
    try:
        yield server
    finally:
        server.stop()
        thread.join()


@contextmanager
def served_beside(workspace: Workspace) -> Iterator[tuple[str, psutil.Process]]:
    """Serve the pages from a process of their own, as beside a driver; gives address and process."""
    listener, ready = listen("127.0.0.1", 0), threading.Event()
    make, address = partial(make_pages, workspace, Address("127.0.0.1")), f"127.0.0.1:{listener.port}"
    with pages_beside(make, listener, workspace, ready.set, sys.stderr.write) as process:
        assert ready.wait(300), "the pages have not begun"
        yield address, psutil.Process(process.pid)


def study_pages(server: PageServer | str) -> list[str]:
    """Give the addresses of the studies' pages, in the order of the overview."""
    return re.findall(r'href="(/study/[^"]+)"', ask(server, "/")[1].decode())


def ask(server: PageServer | str, path: str) -> tuple[float, bytes, int]:
    """Give the seconds until the first byte of an answer, its body, and its size as it was sent."""
    address = server if isinstance(server, str) else f"127.0.0.1:{server.port}"
    connection = http.client.HTTPConnection(address, timeout=60)
    begin = time.perf_counter()
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    seconds = time.perf_counter() - begin
    body = answer.read()
    connection.close()
    assert answer.status == 200, (path, answer.status)
    return (
        seconds,
        gzip.decompress(body) if answer.getheader("Content-Encoding") == "gzip" else body,
        len(body),
    )
