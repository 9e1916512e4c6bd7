"""A large file of text, plain or compressed, as a head and blocks of whole lines."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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

    Parameters
    ----------
    path : Path
    file : binary file
        Can seek.
    head : Head
    size : int
        Bytes to read at once.

    Attributes
    ----------
    complete : bool
        False where the last line has no end.
    """

    def __init__(self, path: Path, file: IO[bytes], head: Head, size: int) -> None:
        self._path, self._file, self._size = path, file, size
        self._returns, self._rest = head.returns, b""
        self.complete = True
        file.seek(head.end)

    def buffer(self) -> bytearray:
        """Give room for a block, to be filled again and again: fresh memory would take longer."""
        return bytearray(self._size + LONGEST)

    def take(self, buffer: bytearray) -> memoryview | None:
        """Fill a buffer and give the whole lines in it; None at the end of the file.

        Raises
        ------
        DataError
            When a line is too long.
        """
        while filled := self._fill(buffer):
            end = _end_of_lines(buffer, filled)
            self._rest = bytes(memoryview(buffer)[end:filled])
            if len(self._rest) > LONGEST:
                raise DataError(f"{self._path}: has a line of more than {LONGEST:,} bytes; get it again")
            if end:
                return memoryview(buffer)[:end]
        rest, self._rest = self._rest, b""
        if not rest.strip():
            return None
        self.complete = False
        return memoryview(rest + b"\n")

    def _fill(self, buffer: bytearray) -> int:
        """Put what comes next behind the rest of the block before; 0 where nothing comes."""
        view, start = memoryview(buffer), len(self._rest)
        view[:start] = self._rest
        come: int = self._file.readinto(view[start : start + self._size])  # type: ignore[attr-defined]
        if not come:
            return 0
        if self._returns:
            text = np.frombuffer(buffer, np.uint8, start + come)
            text[text == _RETURN] = _NEWLINE
        return start + come


def _end_of_lines(buffer: bytearray, filled: int) -> int:
    """Where the last whole line ends; blank lines behind it may be the end of the file and have to wait."""
    end = buffer.rfind(b"\n", 0, filled) + 1
    start = max(0, end - _MOST_BLANKS)
    text = start + len(buffer[start:end].rstrip(b"\r\n"))
    return buffer.find(b"\n", text) + 1 if text > start else end
