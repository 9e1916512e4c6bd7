"""Whether an experiment can be tested at all, to be asked before its search begins."""

import logging
from functools import cache
from pathlib import Path

from data_io.experiments import Experiment
from data_io.folder import find_matrix
from data_io.held_out import read_held_out

_log = logging.getLogger(__name__)


def require_test_set(data: str | Path, experiment: Experiment, cache: str | Path | None = None) -> None:
    """Raise what `open_test_set` would raise, and give nothing of Set B away.

    Probes of Set B whose sequence stands in Set A are warned of; the test leaves them out.

    Parameters
    ----------
    data : str or Path
        The folder with the matrix.
    experiment : Experiment
    cache : str or Path, optional
        The cache folder. Default: no cache.

    Raises
    ------
    DataError
        When the matrix cannot be used, or Set B has too few measured probes or constant values.
    """
    matrix = find_matrix(data)
    _, shared = read_held_out(matrix, experiment, None if cache is None else Path(cache))
    if shared:
        _warn_of_shared(matrix, shared)


@cache
def _warn_of_shared(matrix: Path, shared: int) -> None:
    """Say it once a file: launch asks before its driver does, and all experiments have the same probes."""
    _log.warning(
        "%s: %s of SetB stand in SetA, too, with the same sequence; the test leaves them out",
        matrix,
        f"{shared:,} probe{'s' * (shared != 1)}",
    )
