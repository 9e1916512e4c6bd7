"""Probes of one experiment, of one set, from the matrix or from the cache."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import numpy as np
import numpy.typing as npt

from data_io.alphabet import PAD, WIDTH
from data_io.cache import ArrayCache, Source
from data_io.errors import DataError, StorageError
from data_io.matrix import measured_experiments, read_matrix
from data_io.rows import Rows

__all__ = ["ProbeSet", "Probes", "measured_experiments", "read_probes", "read_sequences"]

ProbeSet = Literal["SetA", "SetB"]
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
    both: dict[ProbeSet, Probes] = {
        "SetA": _choose(rows, rows.in_set_a),
        "SetB": _choose(rows, ~rows.in_set_a),
    }
    if arrays is not None:
        _store(arrays, motif_id, both)
    return both[probe_set]


def read_sequences(
    matrix: Path, motif_id: str, probe_set: ProbeSet, cache: Path | None = None
) -> npt.NDArray[np.uint8]:
    """Read the sequences of one set alone, as codes of shape (n, 41); see `read_probes`."""
    if cache is not None and matrix.exists():
        codes = _load_sequences(ArrayCache(cache, Source.of(matrix)), probe_set)
        if codes is not None:
            return codes
    return read_probes(matrix, motif_id, probe_set, cache).codes


def _choose(rows: Rows, chosen: npt.NDArray[np.bool_]) -> Probes:
    return Probes(rows.codes[chosen], rows.intensity[chosen])


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


def _store(arrays: ArrayCache, motif_id: str, both: dict[ProbeSet, Probes]) -> None:
    """Cache both sets; where that fails, say so and go on, since the matrix can be read again each time."""
    try:
        for probe_set, probes in both.items():
            arrays.store(f"{probe_set}.{motif_id}", probes.intensity)
            if _load_sequences(arrays, probe_set) is None:  # the same for all experiments of a matrix
                arrays.store(f"{probe_set}.sequences", probes.codes)
    except StorageError as error:
        _log.warning("measurements are not cached: %s", error)
