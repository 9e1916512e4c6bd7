"""Text that a command reads: from a file or a pipe, compressed or not, in the encodings that are met."""

import gzip
import io
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from data_io.errors import DataError
from data_io.files import storage_error

STANDARD_INPUT = Path("-")

_GZIP = b"\x1f\x8b"
_OTHER_COMPRESSIONS = {b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "zip"}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_UTF_8_MARK = b"\xef\xbb\xbf"


class Input:
    """A text file that can be read several times.

    Parameters
    ----------
    path : Path
    raw : binary file
        Seekable; what stands before its position is no part of it.
    kind : str
        What it should be, for messages: "a FASTA file".
    """

    def __init__(self, path: Path, raw: IO[bytes], kind: str) -> None:
        self.name = "standard input" if path == STANDARD_INPUT else str(path)
        self._raw, self._start, self._kind = raw, raw.tell(), kind

    def position(self) -> tuple[int, int]:
        """How many bytes of the file were read, packed as they are, and how many there are."""
        here = self._raw.tell()
        end = self._raw.seek(0, os.SEEK_END)
        self._raw.seek(here)
        return here - self._start, end - self._start

    @contextmanager
    def open(self) -> Iterator[IO[str]]:
        r"""Open it from its beginning, with any line end read as "\n".

        Gzip is known by its content. The characters are the bytes (Latin-1), so that no header can stop the
        reading, but for a file that says to be UTF-16; `decode` gives the text.

        Raises
        ------
        DataError
            When it cannot be read, within the block too.
        """
        self._raw.seek(self._start)
        try:
            with _unpacked(self._raw) as file:
                head = file.peek(4)
                for magic, compression in _OTHER_COMPRESSIONS.items():
                    if head.startswith(magic):
                        remedy = "unpack it, or give it plain or compressed by gzip"
                        raise DataError(f"{self.name}: is compressed by {compression}; {remedy}")
                if head.startswith(_UTF_8_MARK):
                    file.read(len(_UTF_8_MARK))
                encoding = "utf-16" if head.startswith(_UTF_16) else "latin-1"
                # One carriage return alone ends a line where nothing else does.
                text = io.TextIOWrapper(file, encoding=encoding, newline="\n" if b"\n" in head else None)
                try:
                    yield text
                finally:
                    text.detach()
        except UnicodeDecodeError:
            raise DataError(f"{self.name}: is no text; give {self._kind}") from None
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{self.name}: cannot be read ({error}); give {self._kind}") from None


@contextmanager
def open_input(path: Path, kind: str) -> Iterator[Input]:
    """Open a file, or standard input for "-"; a pipe is kept in a temporary file, to be read again.

    Parameters
    ----------
    path : Path
    kind : str
        What it should be, for messages: "a FASTA file".

    Raises
    ------
    DataError
        When there is no such file, or it cannot be read.
    StorageError
        When there is no room for what a pipe brings.
    """
    try:
        raw = os.fdopen(os.dup(0), "rb") if path == STANDARD_INPUT else path.open("rb")
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; give {kind}") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); give {kind}") from None
    with raw:
        if raw.seekable():
            yield Input(path, raw, kind)
            return
        with tempfile.TemporaryFile() as kept:
            try:
                shutil.copyfileobj(raw, kept)
            except OSError as error:
                raise storage_error(Path(tempfile.gettempdir()), error) from error
            kept.seek(0)
            yield Input(path, kept, kind)


def read_text(path: Path) -> str:
    """Read a small text: UTF-8 or, by its byte-order mark, UTF-16; unpacked where it is gzip by its content.

    Raises
    ------
    DataError
        When it is no such text, with the line.
    OSError
        When it cannot be read.
    """
    data = path.read_bytes()
    try:
        data = gzip.decompress(data) if data.startswith(_GZIP) else data
    except (EOFError, zlib.error) as error:
        raise DataError(f"{path}: the compressed data are damaged ({error}); get it again") from None
    encoding = "utf-16" if data.startswith(_UTF_16) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line, byte = data.count(b"\n", 0, error.start) + 1, data[error.start]
        raise DataError(
            f"{path}: line {line} is no UTF-8 (byte 0x{byte:02x}); save it as UTF-8 text"
        ) from None


def decode(characters: str) -> str:
    """Read the characters of `Input.open`, which are bytes, as UTF-8, or as Latin-1 where they are none."""
    if characters.isascii():
        return characters
    try:
        return characters.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return characters


@contextmanager
def _unpacked(raw: IO[bytes]) -> Iterator[io.BufferedReader]:
    head = raw.read(len(_GZIP))
    raw.seek(-len(head), os.SEEK_CUR)
    if head != _GZIP:
        yield cast(io.BufferedReader, raw)
        return
    with gzip.GzipFile(fileobj=raw) as unpacked, io.BufferedReader(unpacked) as buffered:
        yield cast(io.BufferedReader, buffered)
