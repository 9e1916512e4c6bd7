"""The child process of a worker of others, in which tasks run; see `search.workers.dask.guest.children`."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
from queue import SimpleQueue

from distributed.protocol.pickle import dumps, loads

from search.workers.dask.guest.children import END, STOP, read_frame, write_frame


def main() -> None:
    """Run tasks as they come, until the worker is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal that is the worker's
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever is printed is not for the worker
    try:
        run_task = importlib.import_module("search.workers.dask.worker").run_task
    except Exception as error:
        write_frame(answers, str(error).encode() or type(error).__name__.encode())
        return
    write_frame(answers, END)
    orders: SimpleQueue[tuple[bytes, threading.Event]] = SimpleQueue()
    threading.Thread(target=_listen, args=[orders], daemon=True).start()
    while True:
        order, stopped = orders.get()
        for event in run_task(**loads(order), wanted=lambda stopped=stopped: not stopped.is_set()):
            write_frame(answers, dumps(event))
        write_frame(answers, END)


def _listen(orders: SimpleQueue[tuple[bytes, threading.Event]]) -> None:
    """Take orders, and calls to stop the last one, until the worker is gone."""
    stopped = threading.Event()
    while (frame := read_frame(sys.stdin.buffer)) is not None:
        if frame == STOP:
            stopped.set()
        else:
            stopped = threading.Event()
            orders.put((frame, stopped))
    os._exit(0)
