"""A large file of text, plain or compressed, as a head and blocks of whole lines."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import IO, cast

import numpy as np
from isal import igzip, isal_zlib

from data_io.errors import DataError

LONGEST = 1 << 18
"""Bytes of the longest line."""

_DAMAGED = cast(type[Exception], isal_zlib.error)
_MOST_BLANKS = 4096
_BOM = b"\xef\xbb\xbf"
_RETURN, _NEWLINE = ord("\r"), ord("\n")


@dataclass(frozen=True)
class Head:
    """How a file begins.

    Attributes
    ----------
    line : bytes
        The first line that is not blank, without its end.
    number : int
        Which line of the file it is, from 1.
    following : tuple of bytes
        Some whole lines behind it.
    end : int
        The bytes up to the line behind it.
    returns : bool
        Lines end with a carriage return alone.
    """

    line: bytes
    number: int
    following: tuple[bytes, ...]
    end: int
    returns: bool


@contextmanager
def open_text(path: Path) -> Iterator[IO[bytes]]:
    """Open a plain or compressed file; whatever goes wrong while it is open becomes one line."""
    try:
        with path.open("rb") as raw:
            if path.suffix != ".gz":
                yield raw
            else:
                with igzip.IGzipFile(fileobj=raw) as unpacked:
                    yield cast(IO[bytes], unpacked)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; check --data") from None
    except gzip.BadGzipFile:
        raise DataError(f"{path}: is not compressed by gzip, or damaged; get it again") from None
    except EOFError:
        raise DataError(f"{path}: ends in the middle of the compressed data; get it again") from None
    except _DAMAGED:
        raise DataError(f"{path}: the compressed data are damaged; get it again") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check the file and its rights") from None


def read_head(path: Path, file: IO[bytes]) -> Head:
    """Read the first line that is not blank.

    Raises
    ------
    DataError
        When there is none.
    """
    text = file.read(2 * LONGEST)
    returns = b"\r" in text and b"\n" not in text
    whole = text.replace(b"\r", b"\n") if returns else text
    lines = whole.removeprefix(_BOM).split(b"\n")
    for place, line in enumerate(lines):
        if line.strip():
            before = len(whole) - len(b"\n".join(lines[place:]))
            return Head(line, place + 1, tuple(lines[place + 1 : -1]), before + len(line) + 1, returns)
    raise DataError(f"{path}: is empty; get it again")


class Blocks:
    """The lines behind the head, in blocks; blank lines at the end of the file are left out.

    The blocks lie in a ring of buffers, since fresh memory for each would take longer than all the rest: a
    block is valid until `ahead` more have been taken.

    Parameters
    ----------
    path : Path
    file : binary file
        Can seek.
    head : Head
    size : int
        Bytes to read at once.
    ahead : int

    Attributes
    ----------
    complete : bool
        False where the last line has no end.

    Raises
    ------
    DataError
        When a line is too long.
    """

    def __init__(self, path: Path, file: IO[bytes], head: Head, size: int, ahead: int) -> None:
        self._path, self._file, self._head, self._size = path, file, head, size
        self._ahead = ahead
        self.complete = True

    def __iter__(self) -> Iterator[memoryview]:
        self._file.seek(self._head.end)
        ring = _ring_of_buffers(self._ahead + 1, self._size + LONGEST)
        buffer, rest = next(ring), b""
        while filled := self._fill(buffer, rest):
            end = _end_of_lines(buffer, filled)
            rest = bytes(memoryview(buffer)[end:filled])
            if len(rest) > LONGEST:
                raise DataError(f"{self._path}: has a line of more than {LONGEST:,} bytes; get it again")
            if end:
                yield memoryview(buffer)[:end]
                buffer = next(ring)
        if rest.strip():
            self.complete = False
            yield memoryview(rest + b"\n")

    def _fill(self, buffer: bytearray, rest: bytes) -> int:
        """Put what comes next behind the rest of the block before; 0 where nothing comes."""
        view = memoryview(buffer)
        view[: len(rest)] = rest
        come: int = self._file.readinto(view[len(rest) : len(rest) + self._size])  # type: ignore[attr-defined]
        if not come:
            return 0
        if self._head.returns:
            text = np.frombuffer(buffer, np.uint8, len(rest) + come)
            text[text == _RETURN] = _NEWLINE
        return len(rest) + come


def _ring_of_buffers(count: int, size: int) -> Iterator[bytearray]:
    buffers: list[bytearray] = []
    while len(buffers) < count:
        buffers.append(bytearray(size))
        yield buffers[-1]
    yield from cycle(buffers)


def _end_of_lines(buffer: bytearray, filled: int) -> int:
    """Where the last whole line ends; blank lines behind it may be the end of the file and have to wait."""
    end = buffer.rfind(b"\n", 0, filled) + 1
    start = max(0, end - _MOST_BLANKS)
    text = start + len(buffer[start:end].rstrip(b"\r\n"))
    return buffer.find(b"\n", text) + 1 if text > start else end
