"""The intensity matrix as a file: the columns of some experiments out of hundreds, with every row checked.

The file is read in blocks, which several threads take apart; numpy, polars and the decompression work without
Python's lock.
"""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import TypeVar

import numpy as np

from data_io.cells import read_rows
from data_io.errors import DataError
from data_io.header import Header
from data_io.lines import Blocks, open_text, read_head
from data_io.numbers import NO_NUMBER
from data_io.rows import Layout, RowError, Rows

_BLOCK = 1 << 22  # read as quickly as in 8 MB, and more quickly than in 2 or 1
_THREADS = min(4, os.cpu_count() or 1)
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


def measured_experiments(path: Path) -> list[str]:
    """Name the experiments that a matrix has a column for, in the order of the columns.

    Raises
    ------
    DataError
        When the file cannot be read or is no matrix.
    """
    with open_text(path) as file:
        return Header.of(path, read_head(path, file)).experiments


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
    parts = _read(path, [experiment], strict=True)
    codes, in_set_a = _join_probes(parts)
    return Rows(codes, in_set_a, np.concatenate([part.intensity[0] for part in parts]))


def read_columns(path: Path, experiments: Sequence[str]) -> Iterator[tuple[str, Rows]]:
    """Read the matrix once for many experiments.

    Parameters
    ----------
    path : Path
    experiments : sequence of str

    Yields
    ------
    (experiment, rows)
        One an experiment, with the same arrays of probes. What cannot be read on its own is left out:
        `read_matrix` says why.

    Raises
    ------
    DataError
        When the file, its header or the probes of one of its rows cannot be used.
    """
    with open_text(path) as file:
        names = Header.of(path, read_head(path, file)).names
    chosen = sorted((name for name in set(experiments) if names.count(name) == 1), key=names.index)
    if not chosen:
        return
    parts = _read(path, chosen, strict=False)
    codes, in_set_a = _join_probes(parts)
    for place, name in enumerate(chosen):
        intensity = np.concatenate([part.intensity[place] for part in parts])
        if not (intensity == NO_NUMBER).any():
            yield name, Rows(codes, in_set_a, intensity)


def _read(path: Path, experiments: Sequence[str], strict: bool) -> list[Rows]:
    """Read all blocks; their intensities have the shape (experiments, rows)."""
    with open_text(path) as file:
        head = read_head(path, file)
        reading = _Reading(
            Blocks(path, file, head, _BLOCK), Header.of(path, head).layout(experiments, strict)
        )
        try:
            parts = reading.run()
        except RowError as fault:
            line = head.number + 1 + reading.rows_before_fault()
            raise DataError(f"{path}: {fault.describe(line)}") from None
    if not parts:
        raise DataError(f"{path}: has a header but no probe; get the file again")
    if not reading.blocks.complete:
        _log.warning("%s: the last line has no end; if the file was cut there, its last value is wrong", path)
    return parts


class _Reading:
    """Blocks on their way to rows.

    Each thread takes a block and reads the rows of it, while the text is in the caches of its processor.
    """

    def __init__(self, blocks: Blocks, layout: Layout) -> None:
        self.blocks, self._layout = blocks, layout
        self._turn, self._taken, self._stopped = Lock(), 0, False
        self._parts: dict[int, Rows] = {}
        self._faults: dict[int, Exception] = {}

    def run(self) -> list[Rows]:
        """Read all, or raise the first fault of the file."""
        with ThreadPoolExecutor(_THREADS) as threads:
            try:
                for running in [threads.submit(self._read_some) for _ in range(_THREADS)]:
                    running.result()
            finally:  # an interrupt ends it, too
                self._stopped = True
        if self._faults:
            raise self._faults[min(self._faults)]
        return [self._parts[number] for number in sorted(self._parts)]

    def rows_before_fault(self) -> int:
        """Count the rows of the blocks before the first that has a fault: all of them have been read."""
        return sum(len(self._parts[number]) for number in range(min(self._faults)))

    def _read_some(self) -> None:
        buffer = self.blocks.buffer()
        while not self._stopped:
            with self._turn:
                number, self._taken = self._taken, self._taken + 1
                block = self._try(number, self.blocks.take, buffer)
            if block is None:
                return
            rows = self._try(number, read_rows, block, self._layout)
            if rows is not None:
                self._parts[number] = rows

    def _try(self, number: int, step: Callable[..., _T], *arguments: object) -> _T | None:
        try:
            return step(*arguments)
        except Exception as fault:
            self._faults[number], self._stopped = fault, True
            return None


def _join_probes(parts: Sequence[Rows]) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([part.codes for part in parts]), np.concatenate([part.in_set_a for part in parts])
