"""All that a search may see of an experiment: Set A, split and scaled."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from data_io.errors import DataError
from data_io.experiments import Experiment
from data_io.folder import find_matrix
from data_io.rnacompete import Probes, read_probes
from data_io.splits import Split, split_set_a
from data_io.targets import TargetScaling, fit_scaling

FEWEST_TRAINING = 100
FEWEST_SCORED = 10

_last_split: dict[tuple[bytes, str], Split] = {}


@dataclass(frozen=True)
class Examples:
    """Probes with their targets.

    Attributes
    ----------
    codes : uint8 array, shape (n, 41)
    targets : float32 array, shape (n,)
        NaN where nothing was measured.
    """

    codes: npt.NDArray[np.uint8]
    targets: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.codes)


@dataclass(frozen=True)
class TrainingSet:
    """Training and validation probes of one experiment.

    Attributes
    ----------
    scaling : TargetScaling
        Fitted on the training probes alone.
    fingerprint : str
        SHA-256 of the sequences and intensities of Set A, in hexadecimal digits.
    """

    train: Examples
    validation: Examples
    scaling: TargetScaling
    fingerprint: str

    @property
    def whole(self) -> Examples:
        """All probes of Set A: those of the training, then those of the validation."""
        parts = self.train, self.validation
        return Examples(
            np.concatenate([part.codes for part in parts]), np.concatenate([part.targets for part in parts])
        )


def load_training_set(
    data: str | Path, experiment: Experiment, protocol: str = "grouped", cache: str | Path | None = None
) -> TrainingSet:
    """Load Set A of an experiment; whether Set B is there, or holds anything, makes no difference.

    Parameters
    ----------
    data : str or Path
        The folder with the matrix.
    experiment : Experiment
    protocol : str
        How Set A is split, see `split_set_a`. Default: "grouped".
    cache : str or Path, optional
        The cache folder. Default: no cache.

    Raises
    ------
    DataError
        When the matrix cannot be used, or the experiment has too few measured probes or constant values.
    """
    matrix = find_matrix(data)
    probes = read_probes(matrix, experiment.motif_id, "SetA", None if cache is None else Path(cache))
    if not len(probes):
        raise DataError(f"{matrix}: holds no probe of SetA; get the file again")
    sequences = hashlib.sha256(np.ascontiguousarray(probes.codes).data)
    try:
        split = _split(probes.codes, sequences.digest(), protocol)
    except DataError as error:  # which knows the probes, not the file
        raise DataError(f"{matrix}: {error}") from error
    _check(matrix, experiment, probes, split)
    scaling = fit_scaling(probes.intensity[split.train])
    targets = scaling.apply(probes.intensity)
    train, validation = (
        Examples(probes.codes[rows], targets[rows]) for rows in (split.train, split.validation)
    )
    fingerprint = sequences.copy()
    fingerprint.update(np.ascontiguousarray(probes.intensity, "<f4").data)
    return TrainingSet(train, validation, scaling, fingerprint.hexdigest())


def check_measured(where: str, intensity: npt.NDArray[np.float32], fewest: int) -> None:
    """Raise a DataError that begins with `where` when too few probes are measured, or all are alike."""
    measured = intensity[~np.isnan(intensity)]
    if len(measured) < fewest:
        raise DataError(
            f"{where}: {len(measured)} measured, at least {fewest} needed; choose another experiment"
        )
    if measured.min() == measured.max():
        raise DataError(f"{where}: all measured {measured[0]:g}; choose another experiment")


def _check(matrix: Path, experiment: Experiment, probes: Probes, split: Split) -> None:
    name = f"{matrix}: {experiment.motif_id} ({experiment.protein})"
    check_measured(f"{name}, training probes", probes.intensity[split.train], FEWEST_TRAINING)
    check_measured(f"{name}, validation probes", probes.intensity[split.validation], FEWEST_SCORED)


def _split(codes: npt.NDArray[np.uint8], digest: bytes, protocol: str) -> Split:
    """Split Set A as the last time, if it has the same sequences, as all experiments of a matrix have."""
    asked = (digest, protocol)
    split = _last_split.get(asked)
    if split is None:
        split = split_set_a(codes, protocol)
        _last_split.clear()
        _last_split[asked] = split
    return split
