"""Requests about studies that a driver may be working on: it reads them from the database within a second."""

from __future__ import annotations

from search.study.creation import check_budget, give_budget
from search.study.database import database_errors
from search.study.lock import is_driven
from search.study.record import open_study
from search.study.states import INTERRUPTED, OPEN_STATES, Request, State
from search.study.status import matching_studies, read_status
from search.study.storage import open_storage
from search.study.workspace import Workspace

STOPPABLE = (*(state.value for state in OPEN_STATES), INTERRUPTED)
RESUMABLE = (State.STOPPED.value, State.FAILED.value, INTERRUPTED)


def ask_to_stop(workspace: Workspace, name: str, architecture: str | None = None) -> list[str]:
    """Stop the open studies of a protein, and give their names.

    Raises
    ------
    StudyError
        When there is none.
    """
    studies = _matching(workspace, name, architecture, STOPPABLE)
    driven = is_driven(workspace)
    storage = open_storage(workspace)
    with database_errors(workspace.storage_url):
        for study in studies:
            record = open_study(storage, study)
            record.ask_to(Request.STOP)
            if record.state is State.QUEUED or not driven:
                record.move_to(State.STOPPED, "asked to stop")
    return studies


def ask_to_resume(workspace: Workspace, name: str, architecture: str | None = None) -> list[str]:
    """Queue the stopped, failed and interrupted studies of a protein, and give their names.

    Raises
    ------
    StudyError
        When there is none.
    """
    studies = _matching(workspace, name, architecture, RESUMABLE)
    storage = open_storage(workspace)
    with database_errors(workspace.storage_url):
        for study in studies:
            record = open_study(storage, study)
            record.drop_hours_that_are_over()
            record.ask_for()
            if record.state is not State.QUEUED and not is_driven(workspace):  # interrupted
                record.move_to(State.QUEUED)
    return studies


def ask_for_trials(
    workspace: Workspace, name: str, trials: int, architecture: str | None = None
) -> list[str]:
    """Give the studies of a protein that are not done another budget, as a launch does, and give their names.

    Those that were stopped or have failed are queued again.

    Raises
    ------
    StudyError
        When there is none, or the test set of one was opened and `trials` are more than it has had.
    """
    studies = _matching(workspace, name, architecture, (*STOPPABLE, *RESUMABLE))
    storage = open_storage(workspace)
    with database_errors(workspace.storage_url):
        records = [open_study(storage, study) for study in studies]
        for record in records:
            check_budget(record, trials)
        for record in records:
            give_budget(record, trials)
            record.drop_hours_that_are_over()
            record.ask_for()
    return studies


def _matching(
    workspace: Workspace, name: str, architecture: str | None, states: tuple[str, ...]
) -> list[str]:
    return [row["study"] for row in matching_studies(read_status(workspace), name, architecture, states)]
