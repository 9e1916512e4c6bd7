"""The pages in a process of their own beside a driver, so that readers take nothing of its time.

They read the database as the pages without a driver do. The two processes share a channel: over it the pages
say that they are ready and what they have to log, and it closes when either of them ends, killed or not.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, TypeAlias

from search.service.signals import HEARD
from search.service.study_log import log_failure
from search.study.workspace import Workspace
from search.web.listening import Listener
from search.web.pages import Pages
from search.web.server import PageServer
from search.workers.dask.interrupts import without_interrupts

NICE = 5  # steps by which the driver and its workers come first

Channel: TypeAlias = "Connection[Any, Any]"
Make = Callable[[], Pages]
"""Builds the pages; of what a process that is started can be told."""


@contextmanager
def pages_beside(
    make: Make,
    listener: Listener,
    workspace: Workspace,
    began: Callable[[], None],
    say: Callable[[str], None],
) -> Iterator[SpawnProcess]:
    """Serve pages from another process while the block runs; should that one end, say so in a line.

    Parameters
    ----------
    make : callable
    listener : Listener
        Closed here, once the other process has it.
    workspace : Workspace
        Its log of errors gets what failed there.
    began, say : callable
        Called, from a thread, when the pages are answered, and with a line for people.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, make, listener, workspace), name="pages")
    with theirs, closing(listener.socket), without_interrupts():
        process.start()
    ending = threading.Event()
    unless_ending = partial(_say_ended, ending, say)
    follower = threading.Thread(target=_follow, args=(ours, process, began, unless_ending), daemon=True)
    follower.start()
    try:
        yield process
    finally:
        ending.set()
        with suppress(OSError):  # they ended before
            ours.send(None)
        follower.join()  # a launch may be being written


def _follow(
    channel: Channel,
    process: SpawnProcess,
    began: Callable[[], None],
    ended: Callable[[str], None],
) -> None:
    """Take in what the pages send, until they end."""
    reason = ""
    with channel, suppress(EOFError, OSError):
        while True:
            match channel.recv():
                case (name, level, text):
                    logging.getLogger(name).log(level, "%s", text)
                case str(reason):
                    pass
                case _:
                    began()
    process.join()
    code = process.exitcode or 0
    ended(reason or (f"killed by signal {-code}" if code < 0 else f"exit code {code}"))


def _say_ended(ending: threading.Event, say: Callable[[str], None], reason: str) -> None:
    if not ending.is_set():
        say(f"the pages have ended ({reason}); studies go on, and rbptune dashboard shows them")


def _serve(channel: Channel, make: Make, listener: Listener, workspace: Workspace) -> None:
    """Be the process of the pages."""
    for number in HEARD:  # they come to all processes of a terminal or a service, and are for the driver
        signal.signal(number, signal.SIG_IGN)
    log = _Sender(channel)
    logging.getLogger().addHandler(log)
    try:
        server = PageServer(make(), listener)
        threading.Thread(target=_stop_at_end, args=(channel, server), daemon=True).start()
        server.serve(partial(_say_ready, log))
    except Exception as error:
        log.send(log_failure(workspace, "pages", error))
        raise SystemExit(1) from error


def _say_ready(log: _Sender) -> None:
    """Stand back behind the driver and its workers from now on; somebody waited for the pages so far."""
    if hasattr(os, "nice"):
        os.nice(NICE)
    log.send(None)


def _stop_at_end(channel: Channel, server: PageServer) -> None:
    """Stop the server when the driver says so, or has gone."""
    gone = False
    try:
        channel.recv()
    except (EOFError, OSError):
        gone = True
    server.stop()
    if gone:
        sys.stderr.write(f"the driver has gone; the pages at {server.url} are closed\n")


class _Sender(logging.Handler):
    """Sends what is logged, and what else there is to say; a driver that has gone hears none of it."""

    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self._channel = channel
        self._one = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Send a record, with its traceback."""
        self.send((record.name, record.levelno, self.format(record)))

    def send(self, news: tuple[str, int, str] | str | None) -> None:
        """Send a record, the reason of a failure, or None: that the pages are answered."""
        with self._one, suppress(OSError):
            self._channel.send(news)
