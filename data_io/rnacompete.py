"""Probes of one experiment, of one set, from the matrix or from the cache."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

import numpy as np
import numpy.typing as npt

from data_io.alphabet import PAD, WIDTH
from data_io.cache import ArrayCache, Source
from data_io.errors import DataError, StorageError
from data_io.folder import find_matrix
from data_io.matrix import measured_experiments, read_columns, read_matrix
from data_io.rows import Rows

__all__ = ["ProbeSet", "Probes", "measured_experiments", "prepare_matrix", "read_probes", "read_sequences"]

ProbeSet = Literal["SetA", "SetB"]
SETS: tuple[ProbeSet, ...] = get_args(ProbeSet)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Probes:
    """Probes of one set in the order of the file.

    Attributes
    ----------
    codes : uint8 array, shape (n, 41)
    intensity : float32 array, shape (n,)
        NaN where nothing was measured.
    """

    codes: npt.NDArray[np.uint8]
    intensity: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def lengths(self) -> npt.NDArray[np.uint8]:
        """Letters of each probe, shape (n,)."""
        lengths: npt.NDArray[np.uint8] = (self.codes != PAD).sum(axis=1, dtype=np.uint8)
        return lengths


def read_probes(matrix: Path, motif_id: str, probe_set: ProbeSet, cache: Path | None = None) -> Probes:
    """Read the probes of one set with one experiment's intensities.

    The first call for an experiment reads the matrix and caches both sets in separate files; later calls open
    the files of the asked set alone.

    Parameters
    ----------
    matrix : Path
    motif_id : str
        The experiment's column.
    probe_set : "SetA" or "SetB"
    cache : Path, optional
        The cache folder. Default: read the matrix each time.

    Raises
    ------
    DataError
        When the matrix cannot be used.
    """
    if not matrix.exists():
        raise DataError(f"{matrix}: no such file; check --data")
    arrays = None if cache is None else ArrayCache(cache, Source.of(matrix))
    if arrays is not None and (cached := _load(arrays, motif_id, probe_set)) is not None:
        return cached
    rows = read_matrix(matrix, motif_id)
    if arrays is not None:
        _try_to_store(arrays, [(motif_id, rows)])
    chosen = _rows_of(rows, probe_set)
    return Probes(rows.codes[chosen], rows.intensity[chosen])


def prepare_matrix(data: str | Path, experiments: Iterable[str], cache: str | Path) -> None:
    """Read the matrix once for all experiments that the cache lacks, so that each is loaded from there.

    To be called before any study begins. An experiment whose column is not there, or holds what is no number,
    is passed over: whoever loads it gets the error. Two processes may do this at once; both do all of it.

    Parameters
    ----------
    data : str or Path
        The folder with the matrix.
    experiments : iterable of str
        Their ids.
    cache : str or Path
        The cache folder.

    Raises
    ------
    DataError
        When the matrix cannot be used for any experiment.
    """
    matrix = find_matrix(data)
    arrays = ArrayCache(Path(cache), Source.of(matrix))
    held = all(arrays.holds(f"{probe_set}.sequences") for probe_set in SETS)
    missing = [
        motif_id
        for motif_id in experiments
        if not (held and all(arrays.holds(f"{probe_set}.{motif_id}") for probe_set in SETS))
    ]
    if missing:
        _try_to_store(arrays, read_columns(matrix, missing))


def read_sequences(
    matrix: Path, motif_id: str, probe_set: ProbeSet, cache: Path | None = None
) -> npt.NDArray[np.uint8]:
    """Read the sequences of one set alone, as codes of shape (n, 41); see `read_probes`."""
    if cache is not None and matrix.exists():
        codes = _load_sequences(ArrayCache(cache, Source.of(matrix)), probe_set)
        if codes is not None:
            return codes
    return read_probes(matrix, motif_id, probe_set, cache).codes


def _rows_of(rows: Rows, probe_set: ProbeSet) -> npt.NDArray[np.int64]:
    chosen: npt.NDArray[np.int64] = np.flatnonzero(rows.in_set_a == (probe_set == "SetA"))
    return chosen


def _load(arrays: ArrayCache, motif_id: str, probe_set: ProbeSet) -> Probes | None:
    codes, intensity = _load_sequences(arrays, probe_set), arrays.load(f"{probe_set}.{motif_id}")
    if (
        codes is None
        or intensity is None
        or intensity.dtype != np.float32
        or intensity.shape != codes.shape[:1]
    ):
        return None
    return Probes(codes, cast(npt.NDArray[np.float32], intensity))


def _load_sequences(arrays: ArrayCache, probe_set: ProbeSet) -> npt.NDArray[np.uint8] | None:
    codes = arrays.load(f"{probe_set}.sequences")
    if codes is None or codes.dtype != np.uint8 or codes.ndim != 2 or codes.shape[1] != WIDTH:
        return None
    return cast(npt.NDArray[np.uint8], codes)


def _try_to_store(arrays: ArrayCache, columns: Iterable[tuple[str, Rows]]) -> None:
    """Cache both sets; where that fails, say so and go on, since the matrix can be read again each time."""
    chosen: dict[ProbeSet, npt.NDArray[np.int64]] = {}
    try:
        for motif_id, rows in columns:
            if not chosen:  # the same for all experiments
                chosen = {probe_set: _rows_of(rows, probe_set) for probe_set in SETS}
                _store_sequences(arrays, rows, chosen)
            for probe_set, places in chosen.items():
                arrays.store(f"{probe_set}.{motif_id}", rows.intensity[places])
    except StorageError as error:
        _log.warning("measurements are not cached: %s", error)


def _store_sequences(arrays: ArrayCache, rows: Rows, chosen: dict[ProbeSet, npt.NDArray[np.int64]]) -> None:
    for probe_set, places in chosen.items():
        if _load_sequences(arrays, probe_set) is None:
            arrays.store(f"{probe_set}.sequences", rows.codes[places])
