"""Child processes that run tasks, since a worker's own process may have other packages of the same names."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

IDLE_SECONDS = 60.0  # how long a child waits for its next task; then its memory is given back
STOP_SECONDS = 10.0  # how long a task may take to end when it is told to
# Dask lets workers give freed memory back at once; a trainer needs the same again at its next step.
ALLOCATOR = {"MALLOC_TRIM_THRESHOLD_": str(1 << 29), "MALLOC_MMAP_THRESHOLD_": str(1 << 25)}
MAIN = "import sys; sys.path[:] = {!r}; from search.workers.dask.child import main; main()"
END = b""  # the frame after a task's last event, and after a child's start
STOP = b"stop"


class Child:
    """A process that runs tasks, one at a time, with the code of one folder.

    It speaks in frames over its standard input and output, and ends when its worker does.

    Raises
    ------
    RuntimeError
        With the reason, when it cannot run tasks.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.idle_since = 0.0
        self.at_end = True  # of its task
        path = [str(folder), *(entry for entry in sys.path if entry != str(folder))]
        command = [sys.executable, *(["-S"] if sys.flags.no_site else []), "-c", MAIN.format(path)]
        environment = {**os.environ, **ALLOCATOR}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        self._frames: queue.Queue[bytes | None] = queue.Queue(1)
        threading.Thread(target=self._listen, daemon=True).start()
        refusal = self._frames.get()
        if refusal is None:
            raise RuntimeError(self._how_it_ended())
        if refusal != END:
            self.end()
            raise RuntimeError(refusal.decode())

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def begin(self, order: bytes) -> None:
        """Let it run a task."""
        self.at_end = False
        self._send(order)

    def frame(self, timeout: float) -> bytes | None:
        """Give its next event or `END`; None when there is none so soon.

        Raises
        ------
        RuntimeError
            When it has ended.
        """
        try:
            frame = self._frames.get(timeout=timeout)
        except queue.Empty:
            return None
        if frame is None:
            raise RuntimeError(self._how_it_ended())
        self.at_end = frame == END
        return frame

    def settle(self) -> bool:
        """Bring its task to an end, one that still runs to an early one; False when that ended the child."""
        try:
            if not self.at_end:
                self._send(STOP)
            start = time.monotonic()
            while not self.at_end and time.monotonic() - start < STOP_SECONDS:
                self.frame(STOP_SECONDS)
        except (OSError, RuntimeError):
            return False
        if not self.at_end:
            self.end()
        return self.at_end

    def end(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.wait()

    def _send(self, frame: bytes) -> None:
        if self._process.stdin is not None:
            write_frame(self._process.stdin, frame)

    def _listen(self) -> None:
        stream = self._process.stdout
        while stream is not None and (frame := read_frame(stream)) is not None:
            self._frames.put(frame)
        self._frames.put(None)

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.end()
            return "its process closed its output"
        how = f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        return f"its process ended {how}"


def write_frame(stream: IO[bytes], frame: bytes) -> None:
    """Write some bytes after their number."""
    stream.write(len(frame).to_bytes(8, "little"))
    stream.write(frame)
    stream.flush()


def read_frame(stream: IO[bytes]) -> bytes | None:
    """Read what `write_frame` wrote; None at the stream's end."""
    head = stream.read(8)
    length = int.from_bytes(head, "little")
    frame = stream.read(length) if len(head) == 8 else b""
    return frame if len(head) == 8 and len(frame) == length else None


_idle: list[Child] = []
_lock = threading.Lock()


def take_child(folder: Path) -> Child:
    """Give a child of a folder's code: one that is idle, or a new one.

    Raises
    ------
    RuntimeError
        With the reason, when it cannot run tasks.
    """
    with _lock:
        for child in _idle:
            if child.folder == folder:
                _idle.remove(child)
                return child
    return Child(folder)


def give_back(child: Child) -> None:
    """Keep a child for the next task, for a while."""
    if not child.settle():
        return
    child.idle_since = time.monotonic()
    with _lock:
        _idle.append(child)
    timer = threading.Timer(IDLE_SECONDS, _end_if_idle, [child])
    timer.daemon = True
    timer.start()


def _end_if_idle(child: Child) -> None:
    with _lock:
        if child not in _idle or time.monotonic() - child.idle_since < IDLE_SECONDS:
            return
        _idle.remove(child)
    child.end()
