"""The sealed test set: the one way to Set B, to be taken once a study, after all choices are made."""

from dataclasses import dataclass
from pathlib import Path

from data_io.experiments import Experiment
from data_io.folder import find_matrix
from data_io.held_out import read_held_out
from data_io.targets import TargetScaling
from data_io.training_set import Examples


@dataclass(frozen=True)
class HeldOutSet(Examples):
    """The probes of Set B that no training has seen, with their targets.

    Attributes
    ----------
    shared_with_set_a : int
        How many probes of Set B were left out, since Set A has their sequence, too.
    """

    shared_with_set_a: int


def open_test_set(
    data: str | Path, experiment: Experiment, scaling: TargetScaling, cache: str | Path | None = None
) -> HeldOutSet:
    """Load Set B of an experiment, without the probes whose sequence stands in Set A.

    Parameters
    ----------
    data : str or Path
        The folder with the matrix.
    experiment : Experiment
    scaling : TargetScaling
        The one fitted on the training probes.
    cache : str or Path, optional
        The cache folder. Default: no cache.

    Raises
    ------
    DataError
        When the matrix cannot be used, or Set B has too few measured probes or constant values.
    """
    probes, shared = read_held_out(find_matrix(data), experiment, None if cache is None else Path(cache))
    return HeldOutSet(probes.codes, scaling.apply(probes.intensity), shared)
