"""Standard output and standard error as they are met: closed, broken, or in another encoding."""

from __future__ import annotations

import contextlib
import io
import os
import select
import sys

from data_io.errors import StorageError

CLOSED_PIPE = 141  # the exit code that shells give to a program whose reader has gone
PARSER_CLOSED_PIPE = 1  # what the option parser makes of it


class ClosedOutput(io.TextIOBase):
    """Stands for a standard output that the shell has closed; nothing can be written to it."""

    def writable(self) -> bool:
        """No."""
        return False

    def write(self, _text: str) -> int:
        """Refuse, in one line."""
        raise StorageError("standard output: is closed; open it, or write to a file with --out")


def prepare_streams() -> None:
    """Make every standard stream usable before anything else is opened.

    A descriptor that the shell has closed is taken by the null device, so that no database gets its number
    and our messages. What an encoding lacks is written as an escape.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, this one
    if sys.stdout is None:
        sys.stdout = ClosedOutput()
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - open until the end
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def flush_output(code: int) -> int:
    """Write what is left for standard output and give the exit code: that of a closed pipe, if it is one.

    Raises
    ------
    OSError
        When it cannot be written for another reason, such as a full disk.
    """
    try:
        sys.stdout.flush()
        if code != PARSER_CLOSED_PIPE or not has_lost_its_reader():
            return code
    except BrokenPipeError:
        pass
    except OSError:
        _discard()
        raise
    _discard()
    return CLOSED_PIPE


def has_lost_its_reader() -> bool:
    """Whether standard output or standard error is a pipe that nobody reads any more."""
    poll = select.poll()
    for descriptor in (1, 2):
        poll.register(descriptor, 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _discard() -> None:
    """Let what is left go nowhere, so that Python has nothing to say of it at its end."""
    null = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(null, sys.stdout.fileno())
    os.close(null)
