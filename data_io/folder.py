"""Where the two files of an RNAcompete data set lie."""

import logging
from dataclasses import dataclass
from pathlib import Path

from data_io.errors import DataError

MATRIX_NAMES = ("norm_data.txt", "norm_data.txt.gz")
SHEET_NAMES = (
    "metadata.xlsx",
    "metadata.csv",
    "metadata.tsv",
    "SupplementaryData1_RNAcompete_master_file.xlsx",
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DataFolder:
    """The intensity matrix and the master sheet of a data set."""

    matrix: Path
    sheet: Path


def find_files(folder: str | Path) -> DataFolder:
    """Find both files of a data set; see `find_matrix` and `find_sheet`."""
    return DataFolder(matrix=find_matrix(folder), sheet=find_sheet(folder))


def find_matrix(folder: str | Path) -> Path:
    """Find the intensity matrix; of a plain and a compressed one the plain, which reads faster.

    Raises
    ------
    DataError
        When there is neither.
    """
    return _held(Path(folder), MATRIX_NAMES, "intensity matrix")[0]


def find_sheet(folder: str | Path) -> Path:
    """Find the master sheet, which says what protein each experiment measured.

    Raises
    ------
    DataError
        When there is none.
    """
    chosen, *others = _held(Path(folder), SHEET_NAMES, "master sheet")
    if others:
        _log.warning("%s: is read, and %s is not", chosen, " and ".join(path.name for path in others))
    return chosen


def _held(folder: Path, names: tuple[str, ...], kind: str) -> list[Path]:
    """Give those files that are there, in the order of `names`, which are met in any case."""
    try:
        held = sorted(folder.iterdir(), key=lambda path: (path.name not in names, path.name))
    except NotADirectoryError:
        remedy = f"give the folder that holds {MATRIX_NAMES[0]} and the master sheet"
        raise DataError(f"{folder}: is a file; {remedy}") from None
    except FileNotFoundError:
        remedy = "check --data, or get data by `rbptune fetch` or `rbptune simulate`"
        raise DataError(f"{folder}: no such folder; {remedy}") from None
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror}); check its rights") from None
    found = [path for name in names for path in held if path.name.casefold() == name.casefold()]
    if found:
        return found
    raise DataError(f"{folder}: holds no {kind}; put {', '.join(names[:-1])} or {names[-1]} there")
