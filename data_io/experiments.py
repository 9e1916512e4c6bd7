"""The master sheet: which experiment measured which protein of which species."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from data_io.errors import DataError, UnknownProteinError
from data_io.sheets import read_table

SHEET = "Master List--Plasmid Info"
COLUMNS = ("Motif_ID", "Protein_name", "Species")


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
        In the order of the file. Rows without a Motif_ID are left out; an experiment without a protein name
        goes by its id.

    Raises
    ------
    DataError
        When the file cannot be read, lacks the sheet or a column, or has an id twice.
    """
    path = Path(path)
    experiments = [
        Experiment(motif_id, protein or motif_id, species or "unknown")
        for motif_id, protein, species in read_table(path, COLUMNS, SHEET)
        if motif_id
    ]
    _check_ids(path, experiments)
    return experiments


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


def _check_ids(path: Path, experiments: Sequence[Experiment]) -> None:
    if not experiments:
        raise DataError(f"{path}: lists no experiment; fill the column Motif_ID")
    seen: set[str] = set()
    for experiment in experiments:
        if experiment.motif_id.casefold() in seen:
            raise DataError(f"{path}: lists {experiment.motif_id} twice; keep one row an experiment")
        seen.add(experiment.motif_id.casefold())
