"""The intensity matrix as a file: one experiment's column out of hundreds, with every row checked.

The file is read in blocks. In each block all tabs and line ends are counted, and since every row has as many
cells as the header they form a table: no cell but those asked for is ever looked at, and a row that is cut or
broken anywhere shows by its count. Blocks are handled by several threads, which look for the cells without
Python's lock.
"""

import gzip
import logging
import os
import zlib
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import IO, cast

from data_io.errors import DataError
from data_io.rows import Layout, RowError, Rows

SET_COLUMN, SEQUENCE_COLUMN, ID_COLUMN = "Probe_Set", "RNA_Seq", "Probe_ID"

_BLOCK = 1 << 22  # long enough that the threads rarely wait for each other, short enough for the caches
_LONGEST_LINE = 1 << 18
_MOST_BLANKS = 4096
_THREADS = min(4, os.cpu_count() or 1)
_log = logging.getLogger(__name__)


def measured_experiments(path: Path) -> list[str]:
    """Name the experiments that a matrix has a column for, in the order of the columns.

    Raises
    ------
    DataError
        When the file cannot be read or is no matrix.
    """
    with _open(path) as file:
        return _experiments(_read_header(path, file))


def read_matrix(path: Path, experiment: str) -> Rows:
    """Read the probes and one experiment's intensities.

    Parameters
    ----------
    path : Path
        norm_data.txt or norm_data.txt.gz.
    experiment : str
        The name of a column.

    Returns
    -------
    Rows
        All rows of the file.

    Raises
    ------
    DataError
        When the file, its header or one of its rows cannot be used.
    """
    from data_io.cells import read_rows  # brings numba, which whatever is read from the cache has no need of

    with _open(path) as file, ThreadPoolExecutor(_THREADS) as threads:
        layout = _layout(path, _read_header(path, file), experiment)
        parts: list[Rows] = []
        doubts: list[str] = []  # to be said where no error says more
        pending: deque[Future[Rows]] = deque()
        try:
            for block in _blocks(path, file, doubts):
                pending.append(threads.submit(read_rows, block, layout))
                if len(pending) > _THREADS:
                    parts.append(pending.popleft().result())
            parts.extend(future.result() for future in pending)
        except RowError as fault:
            line = 2 + sum(map(len, parts))
            raise DataError(f"{path}: {fault.describe(line)}") from None
    if not parts:
        raise DataError(f"{path}: has a header but no probe; get the file again")
    for doubt in doubts:
        _log.warning("%s: %s", path, doubt)
    return Rows.join(parts)


@contextmanager
def _open(path: Path) -> Iterator[IO[bytes]]:
    """Open a plain or compressed file; whatever goes wrong while it is open becomes one line."""
    try:
        with path.open("rb") as raw:
            if path.suffix != ".gz":
                yield raw
            else:
                with gzip.GzipFile(fileobj=raw) as unpacked:
                    yield cast(IO[bytes], unpacked)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; check --data") from None
    except gzip.BadGzipFile:
        raise DataError(f"{path}: is not compressed by gzip, or damaged; get it again") from None
    except EOFError:
        raise DataError(f"{path}: ends in the middle of the compressed data; get it again") from None
    except zlib.error:
        raise DataError(f"{path}: the compressed data are damaged; get it again") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check the file and its rights") from None


def _read_header(path: Path, file: IO[bytes]) -> list[str]:
    line = file.readline(_LONGEST_LINE)
    if not line.strip():
        raise DataError(f"{path}: is empty; get it again")
    if line.startswith(b"\x1f\x8b"):
        raise DataError(f"{path}: is compressed; rename it to norm_data.txt.gz")
    names = [name.strip() for name in line.decode("utf-8-sig", "replace").split("\t")]
    for needed in (SET_COLUMN, SEQUENCE_COLUMN):
        if needed not in names:
            raise DataError(f"{path}: has no column {needed}; it must be tab separated, with a header")
    return names


def _experiments(names: list[str]) -> list[str]:
    return [name for name in names if name and name not in {SET_COLUMN, SEQUENCE_COLUMN, ID_COLUMN}]


def _layout(path: Path, names: list[str], experiment: str) -> Layout:
    for name in (SET_COLUMN, SEQUENCE_COLUMN, experiment):
        if names.count(name) > 1:
            raise DataError(f"{path}: has {names.count(name)} columns {name}; keep one")
    if experiment not in _experiments(names):
        held = _experiments(names)
        there = ", ".join(held) if len(held) <= 6 else f"{len(held)} others"
        raise DataError(
            f"{path}: has no column {experiment}, only {there or 'no experiment'}; choose another"
        )
    return Layout(
        width=len(names),
        probe_set=names.index(SET_COLUMN),
        sequence=names.index(SEQUENCE_COLUMN),
        intensity=names.index(experiment),
        probe_id=names.index(ID_COLUMN) if ID_COLUMN in names else None,
        experiment=experiment,
    )


def _blocks(path: Path, file: IO[bytes], doubts: list[str]) -> Iterator[memoryview]:
    """Cut the rest of the file into blocks of whole lines; blank lines at its end are left out.

    The blocks lie in a ring of buffers, since fresh memory for each would take longer than all the rest: a
    block is valid until as many more as there are threads have been taken.
    """
    ring = _ring_of_buffers(_THREADS + 2)
    buffer, rest = next(ring), b""
    while True:
        view = memoryview(buffer)
        view[: len(rest)] = rest
        filled = len(rest) + file.readinto(view[len(rest) : len(rest) + _BLOCK])  # type: ignore[attr-defined]
        if filled == len(rest):
            break
        end = _end_of_lines(buffer, filled)
        rest = bytes(view[end:filled])
        if len(rest) > _LONGEST_LINE:
            raise DataError(f"{path}: has a line of more than {_LONGEST_LINE:,} bytes; get it again")
        if end:
            yield view[:end]
            buffer = next(ring)
    if rest.strip():
        doubts.append("the last line has no end; if the file was cut there, its last value is wrong")
        yield memoryview(rest + b"\n")


def _ring_of_buffers(count: int) -> Iterator[bytearray]:
    buffers: list[bytearray] = []
    while len(buffers) < count:
        buffers.append(bytearray(_BLOCK + _LONGEST_LINE))
        yield buffers[-1]
    yield from cycle(buffers)


def _end_of_lines(buffer: bytearray, filled: int) -> int:
    """Where the last whole line ends; blank lines behind it may be the end of the file and have to wait."""
    end = buffer.rfind(b"\n", 0, filled) + 1
    start = max(0, end - _MOST_BLANKS)
    text = start + len(buffer[start:end].rstrip(b"\r\n"))
    return buffer.find(b"\n", text) + 1 if text > start else end
