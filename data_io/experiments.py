"""The master sheet: which experiment measured which protein of which species."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from data_io.errors import DataError, UnknownProteinError
from data_io.inputs import read_text
from data_io.sheets import clean, read_table

SHEET = "Master List--Plasmid Info"
COLUMNS = ("Motif_ID", "Protein_name", "Species")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Experiment:
    """One RNAcompete measurement of one protein; `motif_id` names its column of the matrix."""

    motif_id: str
    protein: str
    species: str


def read_master_sheet(path: str | Path) -> list[Experiment]:
    """Read the experiments out of the master sheet.

    Parameters
    ----------
    path : str or Path
        An .xlsx file with the sheet "Master List--Plasmid Info" (in any case), or a .csv or .tsv file; with
        at least the columns Motif_ID, Protein_name and Species.

    Returns
    -------
    list of Experiment
        In the order of the file. Rows without a Motif_ID are left out, with a warning; an experiment without
        a protein name goes by its id.

    Raises
    ------
    DataError
        When the file cannot be read for certain (`data_io.sheets.read_table`), or has an id twice.
    """
    path = Path(path)
    rows = read_table(path, COLUMNS, SHEET)
    experiments = [
        Experiment(motif_id, protein or motif_id, species or "unknown")
        for _, (motif_id, protein, species) in rows
        if motif_id
    ]
    _check_ids(path, experiments)
    if without := [row for row in rows if not row.cells[0]]:
        count = "1 row has" if len(without) == 1 else f"{len(without)} rows have"
        first = next((cell for cell in without[0].cells if cell), "other columns only")
        _log.warning("%s: %s no Motif_ID, left out (%s: %s)", path, count, without[0].place, first)
    return experiments


@dataclass(frozen=True)
class Matched:
    """The experiments of a master sheet beside the columns of a matrix.

    Parameters
    ----------
    experiments : list of Experiment
        Those that have a column, with their id spelt as the column's name.
    without_column : list of Experiment
        Those of the sheet that have none.
    without_row : list of str
        Columns that the sheet does not know.
    """

    experiments: list[Experiment]
    without_column: list[Experiment]
    without_row: list[str]

    def require_some(self, sheet: Path, matrix: Path) -> list[Experiment]:
        """Give the experiments, and log how many of the sheet or the matrix are left out.

        Raises
        ------
        DataError
            When nothing is left.
        """
        ids = [experiment.motif_id for experiment in self.without_column]
        if not self.experiments:
            raise DataError(
                f"{sheet}: its ids ({_examples(ids)}) are no columns of {matrix.name} "
                f"({_examples(self.without_row)}); make them agree"
            )
        if ids:
            total = len(ids) + len(self.experiments)
            _log.warning(
                "%s: %d of %d experiments have no column (%s)", sheet, len(ids), total, _examples(ids)
            )
        if self.without_row:
            total = len(self.without_row) + len(self.experiments)
            count, examples = len(self.without_row), _examples(self.without_row)
            _log.warning(
                "%s: %d of %d columns are not in the master sheet (%s)", matrix, count, total, examples
            )
        return self.experiments


def match_experiments(sheet: Sequence[Experiment], columns: Sequence[str]) -> Matched:
    """Find the column of each experiment: that of its id, or else the one that differs in case alone.

    Parameters
    ----------
    sheet : sequence of Experiment
        As `read_master_sheet` gives them.
    columns : sequence of str
        The experiments' columns of the matrix.
    """
    by_name = {name.casefold(): name for name in columns} | {name: name for name in columns}
    names = [by_name.get(e.motif_id) or by_name.get(e.motif_id.casefold()) for e in sheet]
    matched = [replace(e, motif_id=name) for e, name in zip(sheet, names, strict=True) if name]
    taken = {experiment.motif_id for experiment in matched}
    return Matched(
        matched,
        [experiment for experiment, name in zip(sheet, names, strict=True) if name is None],
        [name for name in columns if name not in taken],
    )


def read_names(path: Path) -> list[str]:
    """Read a list of proteins and ids, one a line; blank lines and those that begin with # are passed over.

    Raises
    ------
    DataError
        When the file cannot be read as text.
    """
    try:
        lines = [clean(line) for line in read_text(path).splitlines()]
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror}); give a text file, one protein a line"
        ) from None
    return [line for line in lines if line and not line.startswith("#")]


def resolve(name: str, experiments: Sequence[Experiment]) -> Experiment:
    """Find the one experiment that a protein name or an experiment id means.

    Parameters
    ----------
    name : str
        An id ("RNCMPT00168") or a protein ("RBFOX1"), in any case.
    experiments : sequence of Experiment

    Raises
    ------
    UnknownProteinError
        When nothing is called so (with the nearest names), or several experiments are (with their ids and
        species, since which one is meant is for the user to say).
    """
    wanted = name.strip().casefold()
    for experiment in experiments:
        if experiment.motif_id.casefold() == wanted:
            return experiment
    found = [experiment for experiment in experiments if experiment.protein.casefold() == wanted]
    if len(found) == 1:
        return found[0]
    if found:
        choices = ", ".join(f"{one.motif_id} ({one.species})" for one in found)
        raise UnknownProteinError(f"{name!r} has {len(found)} experiments; give one of their ids: {choices}")
    near = _near(wanted, experiments)
    remedy = f"did you mean {' or '.join(near)}?" if near else "`rbptune proteins` lists what there is"
    raise UnknownProteinError(f"no experiment is called {name!r}; {remedy}")


def _near(wanted: str, experiments: Sequence[Experiment], most: int = 3) -> list[str]:
    """Names that begin with what was asked for, ids of that number, and names that are spelt alike."""
    ids = {experiment.motif_id.casefold(): experiment.motif_id for experiment in experiments}
    proteins = {experiment.protein.casefold(): experiment.protein for experiment in experiments}
    longer = sorted((name for name in proteins if wanted and name.startswith(wanted)), key=len)
    numbered = [key for key in ids if _number(wanted) and _number(key) == _number(wanted)]
    alike = get_close_matches(wanted, list(proteins), n=most, cutoff=0.7)
    names = ids | proteins
    return [names[key] for key in dict.fromkeys([*longer, *numbered, *alike])][:most]


def _number(motif_id: str) -> str:
    """The number of an id without its zeros: "rncmpt00002" and "rncmpt2" mean the same; else nothing."""
    return motif_id.removeprefix("rncmpt").lstrip("0") if motif_id.startswith("rncmpt") else ""


def _examples(names: Sequence[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _check_ids(path: Path, experiments: Sequence[Experiment]) -> None:
    if not experiments:
        raise DataError(f"{path}: lists no experiment; fill the column Motif_ID")
    seen: set[str] = set()
    for experiment in experiments:
        if experiment.motif_id.casefold() in seen:
            raise DataError(f"{path}: lists {experiment.motif_id} twice; keep one row an experiment")
        seen.add(experiment.motif_id.casefold())
