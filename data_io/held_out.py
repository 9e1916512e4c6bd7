"""Set B as `sealed` opens it and `testable` judges it; an import contract keeps everything else away."""

from contextlib import suppress
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

from data_io.cache import ArrayCache, Source
from data_io.errors import DataError, StorageError
from data_io.experiments import Experiment
from data_io.rnacompete import Probes, read_probes, read_sequences
from data_io.splits import hash_sequences
from data_io.training_set import FEWEST_SCORED, check_measured

_SHARED = "SetB.shared"


def read_held_out(matrix: Path, experiment: Experiment, cache: Path | None) -> tuple[Probes, int]:
    """Read the probes of Set B whose sequence does not stand in Set A, which training has seen.

    Returns
    -------
    probes : Probes
    shared : int
        How many were left out since their sequence stands in Set A, too.

    Raises
    ------
    DataError
        When the matrix cannot be used, or too few probes are measured or left, or all are alike.
    """
    probes = read_probes(matrix, experiment.motif_id, "SetB", cache)
    if not len(probes):
        raise DataError(f"{matrix}: holds no probe of SetB, so nothing can be tested; get the file again")
    own = ~_find_shared(matrix, experiment, probes, cache)
    shared = len(own) - int(own.sum())
    if not own.any():
        raise DataError(
            f"{matrix}: each of the {shared:,} probes of SetB stands in SetA, too, so nothing can be tested; "
            "give each sequence to one set"
        )
    name = f"{matrix}: {experiment.motif_id} ({experiment.protein}), test probes"
    without = f" without the {shared:,} that stand in SetA, too" if shared else ""
    check_measured(f"{name}{without}", probes.intensity[own], FEWEST_SCORED)
    return (Probes(probes.codes[own], probes.intensity[own]) if shared else probes), shared


def _find_shared(
    matrix: Path, experiment: Experiment, probes: Probes, cache: Path | None
) -> npt.NDArray[np.bool_]:
    """Which probes of Set B have a sequence of Set A: the same for all experiments, and so kept."""
    arrays = None if cache is None else ArrayCache(cache, Source.of(matrix))
    if arrays is not None:
        kept = arrays.load(_SHARED)
        if kept is not None and kept.dtype == np.bool_ and kept.shape == (len(probes),):
            return cast(npt.NDArray[np.bool_], kept)
    trained = read_sequences(matrix, experiment.motif_id, "SetA", cache)
    shared = _stand_in(hash_sequences(probes.codes), hash_sequences(trained))
    if arrays is not None:
        with suppress(StorageError):  # which was told when the probes were to be kept
            arrays.store(_SHARED, shared)
    return shared


def _stand_in(hashes: npt.NDArray[np.uint64], known: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """Which of some hashes are known: np.isin in a third of the time, as both are looked through in order."""
    found = np.zeros(len(hashes), np.bool_)
    if len(known):
        order, ordered = np.argsort(hashes), np.sort(known)
        nearest = np.searchsorted(ordered, hashes[order]).clip(max=len(ordered) - 1)
        found[order] = ordered[nearest] == hashes[order]
    return found
