"""The sealed test set: the one way to Set B, to be taken once a study, after all choices are made."""

from pathlib import Path

from data_io.errors import DataError
from data_io.experiments import Experiment
from data_io.folder import find_matrix
from data_io.rnacompete import read_probes
from data_io.targets import TargetScaling
from data_io.training_set import FEWEST_SCORED, Examples, check_measured


def open_test_set(
    data: str | Path, experiment: Experiment, scaling: TargetScaling, cache: str | Path | None = None
) -> Examples:
    """Load Set B of an experiment.

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
    matrix = find_matrix(data)
    probes = read_probes(matrix, experiment.motif_id, "SetB", None if cache is None else Path(cache))
    name = f"{matrix}: {experiment.motif_id} ({experiment.protein}), test probes"
    if not len(probes):
        raise DataError(f"{matrix}: holds no probe of SetB, so nothing can be tested; get the file again")
    check_measured(name, probes.intensity, FEWEST_SCORED)
    return Examples(probes.codes, scaling.apply(probes.intensity))
