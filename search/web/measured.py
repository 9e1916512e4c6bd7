"""What was measured, for the form of a launch: read once for each version of the files."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from data_io.experiments import Experiment, match_experiments, read_master_sheet
from data_io.folder import find_files
from data_io.rnacompete import measured_experiments


def experiments_in(folder: Path) -> list[Experiment]:
    """List the experiments of a folder that can be launched, by protein.

    Raises
    ------
    DataError
        When the files cannot be read.
    """
    files = find_files(folder)
    versions = tuple((path, path.stat().st_mtime_ns) for path in (files.sheet, files.matrix))
    return _read(*versions)


@lru_cache(maxsize=4)
def _read(sheet: tuple[Path, int], matrix: tuple[Path, int]) -> list[Experiment]:
    matched = match_experiments(read_master_sheet(sheet[0]), measured_experiments(matrix[0]))
    return sorted(matched.experiments, key=lambda each: (each.protein.casefold(), each.motif_id))
