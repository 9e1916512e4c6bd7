"""Where every study stands, in three queries however many there are."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from data_io.errors import StudyError
from search.study.database import connect, database_errors
from search.study.lock import is_driven
from search.study.states import INTERRUPTED, State
from search.study.tables import StudyFigures, data_folders, study_figures
from search.study.time_budget import TimeBudget
from search.study.workspace import Workspace

LEFT = "its driver ended without a word; rbptune resume takes it up"


def read_status(workspace: Workspace) -> list[dict[str, Any]]:
    """List all studies, in the order in which they were made.

    Returns
    -------
    list of dict
        study, protein, experiment, species, architecture, state, reason, trials_done, trials_total,
        trials_pruned, trials_failed, trials_running, until, val_spearman, val_pearson, test_spearman,
        test_pearson and best_trial_spearman; figures that are not there yet are None. `until` is when the
        hours of its launch end, if it has such. The validation and
        test figures of a done study are those of its retrained ensemble; before, val_spearman is the
        best trial's. A study that was under way when its driver was killed is "interrupted".

    Raises
    ------
    StorageError
    """
    return with_interrupted(workspace, lambda: _read_rows(workspace))


def with_interrupted(workspace: Workspace, read: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Give the rows that `read` gives; those under way in the hands of no driver are "interrupted"."""
    rows = read()
    if _under_way(rows) and not is_driven(workspace):
        rows = read()  # a driver that ended just then has left them otherwise
        if _under_way(rows) and not is_driven(workspace):
            for row in _under_way(rows):
                row |= {"state": INTERRUPTED, "reason": LEFT}
    return rows


def _under_way(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    states = (State.SEARCHING.value, State.FINALIZING.value)
    return [row for row in rows if row["state"] in states]


def _read_rows(workspace: Workspace) -> list[dict[str, Any]]:
    engine = connect(workspace)
    with database_errors(workspace.storage_url):
        studies = study_figures(engine)
    engine.dispose()
    return [row_of(study) for study in studies if is_ours(study)]


def is_ours(study: StudyFigures) -> bool:
    """Tell whether rbptune made a study, and to its end."""
    return {"spec", "state"} <= study.attributes.keys()


def row_of(study: StudyFigures) -> dict[str, Any]:
    """Give a study as `read_status` does."""
    spec, result = study.attributes["spec"], study.attributes.get("result") or {}
    trials, time = study.trials, TimeBudget.from_dict(study.attributes.get("time_budget"))
    return {
        "study": study.name,
        "protein": spec["protein"],
        "experiment": spec["experiment"],
        "species": spec["species"],
        "architecture": spec["space"]["architecture"],
        "state": study.attributes["state"],
        "reason": study.attributes.get("reason"),
        "trials_done": trials.get("COMPLETE", 0) + trials.get("PRUNED", 0),
        "trials_total": study.attributes.get("budget"),
        "trials_pruned": trials.get("PRUNED", 0),
        "trials_failed": trials.get("FAIL", 0),
        "trials_running": trials.get("RUNNING", 0),
        "until": None if time is None else time.end.isoformat(timespec="seconds"),
        "val_spearman": result.get("val_spearman", study.best),
        "val_pearson": result.get("val_pearson"),
        "test_spearman": result.get("test_spearman"),
        "test_pearson": result.get("test_pearson"),
        "best_trial_spearman": study.best,
        "best_trial": result.get("best_trial"),
    }


def known_data(workspace: Workspace) -> list[Path]:
    """List the folders of measurements that the studies are of, the latest first.

    Raises
    ------
    StorageError
    """
    engine = connect(workspace)
    with database_errors(workspace.storage_url):
        folders = data_folders(engine)
    engine.dispose()
    return [Path(folder) for folder in folders]


def matching_studies(
    rows: list[dict[str, Any]], name: str, architecture: str | None = None, states: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Select the studies of a protein, experiment id or whole study name.

    Parameters
    ----------
    rows : list of dict
        As `read_status` gives them.
    name : str
        Compared without case.
    architecture : str, optional
        Of this one alone.
    states : collection of str
        In one of these states alone; any state where empty.

    Raises
    ------
    StudyError
        When there is none.
    """
    wanted = name.casefold()
    found = [
        row
        for row in rows
        if wanted in (row["study"].casefold(), row["protein"].casefold(), row["experiment"].casefold())
        and architecture in (None, row["architecture"])
    ]
    if not found:
        kind = f"{architecture} study" if architecture else "study"
        raise StudyError(f"no {kind} of '{name}' in this workspace; rbptune status lists what there is")
    chosen = [row for row in found if not states or row["state"] in states]
    if not chosen:
        stand = ", ".join(f"{row['study']} is {row['state']}" for row in found)
        raise StudyError(f"{name}: nothing is {' or '.join(states)} ({stand})")
    return chosen


def find_study(rows: list[dict[str, Any]], name: str, architecture: str) -> dict[str, Any]:
    """Find the one study of a protein (or experiment id, or whole study name) and architecture.

    Raises
    ------
    StudyError
        When there is none, or more than one.
    """
    whole = [row for row in rows if row["study"].casefold() == name.casefold()]
    found = whole or matching_studies(rows, name, architecture)
    if len(found) > 1:
        names = ", ".join(row["study"] for row in found)
        raise StudyError(f"{name}: several studies match ({names}); give the experiment id")
    return found[0]
