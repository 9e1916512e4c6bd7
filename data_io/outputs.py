"""What a command writes where its user says: a file, standard output, a device or a pipe."""

import gzip
import io
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from data_io.errors import StorageError
from data_io.files import is_about, storage_error, write_atomically

STANDARD_OUTPUT = Path("-")

_DESCRIPTOR = re.compile(r"/(?:dev|proc/self)/fd/(\d+)")
_OTHER_COMPRESSIONS = {".bz2", ".xz", ".zst", ".zip", ".7z", ".lz4", ".bgz"}


def check_output(path: Path, inputs: Iterable[Path] = ()) -> None:
    """Refuse an output before anything is read for it.

    Parameters
    ----------
    path : Path
        "-" is standard output.
    inputs : iterable of Path
        What the output is made of. It must not be one of them by any name: path, link or descriptor.

    Raises
    ------
    StorageError
        When the output is an input, is a folder, ends in a compression other than .gz, or is standard output
        and that is closed.
    """
    descriptor = _descriptor(path)
    if descriptor == 1 and not sys.stdout.writable():
        raise StorageError("standard output: is closed; open it, or write to a file with --out")
    if path.suffix.lower() in _OTHER_COMPRESSIONS:
        raise StorageError(
            f"{path}: {path.suffix} cannot be written; end the name in .gz, or compress it later"
        )
    try:
        place = path.stat() if descriptor is None else os.fstat(descriptor)
    except OSError:
        return  # there is none yet; what else may be wrong is said when it is opened
    if stat.S_ISDIR(place.st_mode):
        raise StorageError(f"{path}: is a folder; give the name of a file")
    if stat.S_ISCHR(place.st_mode) or stat.S_ISSOCK(place.st_mode):
        return  # a terminal or a connection may well be both
    for source in inputs:
        if _is_same(source, place):
            name = "standard output" if descriptor == 1 else path
            read = "standard input" if source == Path("-") else source
            raise StorageError(f"{name}: is the input {read} itself; write to another file")


@contextmanager
def open_output(path: Path, inputs: Iterable[Path] = ()) -> Iterator[IO[bytes]]:
    """Open an output for bytes.

    A regular file appears when it is complete, and not at all if the block fails; links, owner and mode are
    kept (`write_atomically`). Anything else, a device, a pipe or a descriptor, is written to as it is. What
    ends in .gz is compressed, without name and time, so that the same content gives the same bytes.

    Parameters
    ----------
    path, inputs
        As in `check_output`.

    Raises
    ------
    StorageError
        As in `check_output`, and when the output cannot be written.
    BrokenPipeError
        When its reader has gone.
    """
    check_output(path, inputs)
    if is_stream(path):
        with _errors_about(path), _open_stream(path) as raw, _packed(raw, path) as file:
            yield file
    else:
        with write_atomically(path) as temporary, temporary.open("wb") as raw, _packed(raw, path) as file:
            yield file


@contextmanager
def open_text_output(path: Path, inputs: Iterable[Path] = ()) -> Iterator[IO[str]]:
    r"""Open an output for UTF-8 text with "\n" as line end; see `open_output`."""
    if _descriptor(path) == 1 and path.suffix.lower() != ".gz":
        check_output(path, inputs)
        with _errors_about(Path("standard output")):
            yield sys.stdout
            sys.stdout.flush()
        return
    with (
        open_output(path, inputs) as raw,
        io.TextIOWrapper(raw, encoding="utf-8", newline="\n") as text,
    ):
        yield text


def is_descriptor(path: Path) -> bool:
    """Whether a path names what is open already, as "-" and /dev/stdout do."""
    return _descriptor(path) is not None


def is_stream(path: Path) -> bool:
    """Whether a path is written to as it is: standard output, another descriptor, a device or a pipe."""
    if is_descriptor(path):
        return True
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


@contextmanager
def _packed(raw: IO[bytes], path: Path) -> Iterator[IO[bytes]]:
    if path.suffix.lower() != ".gz":
        yield raw
        return
    with gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0) as packed:
        yield cast(IO[bytes], packed)


def _open_stream(path: Path) -> IO[bytes]:
    descriptor = _descriptor(path)
    if descriptor is None:
        return path.open("wb")
    if descriptor == 1:
        sys.stdout.flush()
    return os.fdopen(os.dup(descriptor), "wb")


@contextmanager
def _errors_about(path: Path) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if is_about(error, path):
            raise storage_error(path, error) from error
        raise


def _descriptor(path: Path) -> int | None:
    """The number of the open descriptor that a path names, as /dev/stdout and links to it do."""
    if path == STANDARD_OUTPUT:
        return 1
    for _ in range(40):  # links of links, as many as the system follows
        if found := _DESCRIPTOR.fullmatch(os.path.abspath(path)):  # noqa: PTH100 - without following links
            return int(found.group(1))
        if not path.is_symlink():
            return None
        path = path.parent / path.readlink()
    return None


def _is_same(path: Path, place: os.stat_result) -> bool:
    """Whether an input, "-" being standard input, is the file of that place."""
    try:
        return os.path.samestat(os.fstat(0) if path == Path("-") else path.stat(), place)
    except OSError:
        return False
