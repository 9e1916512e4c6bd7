"""The intensity matrix as a file: the columns of some experiments out of hundreds, with every row checked.

The file is read in blocks, which several threads take apart; numpy, polars and the decompression work without
Python's lock.
"""

import logging
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from data_io.cells import read_rows
from data_io.errors import DataError
from data_io.header import Header
from data_io.lines import Blocks, open_text, read_head
from data_io.numbers import NO_NUMBER
from data_io.rows import RowError, Rows

_BLOCK = 1 << 21  # numpy's passes want it to fit into the processor's caches, and polars many rows
_THREADS = min(4, os.cpu_count() or 1)
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
    with open_text(path) as file, ThreadPoolExecutor(_THREADS) as threads:
        head = read_head(path, file)
        layout = Header.of(path, head).layout(experiments, strict)
        blocks = Blocks(path, file, head, _BLOCK, _THREADS + 1)
        parts: list[Rows] = []
        pending: deque[Future[Rows]] = deque()
        try:
            for block in blocks:
                pending.append(threads.submit(read_rows, block, layout))
                if len(pending) > _THREADS:
                    parts.append(pending.popleft().result())
            parts.extend(future.result() for future in pending)
        except RowError as fault:
            line = head.number + 1 + sum(map(len, parts))
            raise DataError(f"{path}: {fault.describe(line)}") from None
    if not parts:
        raise DataError(f"{path}: has a header but no probe; get the file again")
    if not blocks.complete:
        _log.warning("%s: the last line has no end; if the file was cut there, its last value is wrong", path)
    return parts


def _join_probes(parts: Sequence[Rows]) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([part.codes for part in parts]), np.concatenate([part.in_set_a for part in parts])
