"""Mistakes about databases, workspaces and the studies in them."""

from __future__ import annotations

import sqlite3

import optuna

from search.study.storage import open_storage
from search.study.workspace import Workspace
from tests.search.cli.mistakes.place import Command, Place, says
from tests.support.commands import STUDY, TINY_SPACE


@says("nonsense: not a database address; write for example sqlite:///rbptune-workspace/studies.db")
def a_storage_that_is_no_address(place: Place) -> Command:
    return place.launch("--storage", "nonsense")


@says("sqlite://: a database in memory is gone with its process; name a file")
def a_storage_in_memory(place: Place) -> Command:
    return place.launch("--storage", "sqlite://")


@says("oracel://scott@localhost/studies: unknown kind of database; use sqlite or postgresql+psycopg")
def a_storage_of_an_unknown_kind(place: Place) -> Command:
    return place.launch("--storage", "oracel://scott@localhost/studies")


@says(
    "postgresql+psycopg://me:***@127.0.0.1:1/studies: ...Connection refused...; check the address "
    "and that its server runs"
)
def a_storage_that_cannot_be_reached(place: Place) -> Command:
    return place.launch("--storage", "postgresql+psycopg://me:secret@127.0.0.1:1/studies")


@says(
    "sqlite:///{root}/rbptune-workspace/studies.db: file is not a database; the file is damaged or of "
    "another kind; give another --workspace"
)
def a_database_that_is_a_text_file(place: Place) -> Command:
    place.workspace.mkdir()
    (place.workspace / "studies.db").write_text("these are my studies\n" * 100)
    return place.launch()


@says(
    "sqlite:///{root}/rbptune-workspace/studies.db: made by another Optuna version (...9.0.0...); use that "
    "version, or another --workspace"
)
def a_database_of_another_optuna(place: Place) -> Command:
    with sqlite3.connect(place.done() / "studies.db") as database:
        database.execute("UPDATE alembic_version SET version_num = 'v9.0.0.a'")
        database.execute("UPDATE version_info SET library_version = '9.0.0'")
    return place.launch()


@says("study SIMFOX/RNCMPT90001/cnn: not made by rbptune; use another --workspace")
def a_foreign_study_of_the_same_name(place: Place) -> Command:
    study = optuna.create_study(storage=open_storage(Workspace(place.workspace)), study_name=STUDY)
    study.add_trial(optuna.trial.create_trial(value=0.5))
    return place.launch()


@says("{root}/rbptune-workspace: the workspace cannot be written (File exists); give another --workspace")
def a_workspace_that_is_a_file(place: Place) -> Command:
    place.workspace.write_text("my notes")
    return place.launch()


@says("{root}/notes/studies: the workspace cannot be written (Not a directory); give another --workspace")
def a_workspace_below_a_file(place: Place) -> Command:
    (place.root / "notes").write_text("my notes")
    return place.launch("--workspace", place.root / "notes" / "studies")


@says(
    "study SIMFOX/RNCMPT90001/cnn: this workspace has it with another specification (seed was 1, now "
    "2); repeat the first command or give another --workspace"
)
def another_seed(place: Place) -> Command:
    return place.again("--seed", 2)


@says(
    "study SIMFOX/RNCMPT90001/cnn: this workspace has it with another specification (split was "
    "'grouped', now 'seeded-shuffle'); repeat the first command or give another --workspace"
)
def another_split(place: Place) -> Command:
    return place.again("--split", "seeded-shuffle")


@says(
    "study SIMFOX/RNCMPT90001/cnn: this workspace has it with another specification "
    "(space.fixed.epochs was 2, now 3); repeat the first command or give another --workspace"
)
def other_epochs(place: Place) -> Command:
    return place.again("--epochs", 3)


@says(
    "study SIMFOX/RNCMPT90001/cnn: this workspace has it with another specification "
    "(space.parameters.motif_length.high was 12, now 14); repeat the first command or give another "
    "--workspace"
)
def another_space(place: Place) -> Command:
    place.again()
    command = place.with_space(TINY_SPACE.replace("high = 12", "high = 14"))
    return [*command, "--trials", 3, "--finalists", 2, "--members", 2, "--seed", 1]


@says(
    "study SIMFOX/RNCMPT90001/cnn: this workspace has it with another specification (seed was 1, now "
    "0; space.fixed.epochs was 2, now 15; space.fixed.filters was 8, now None; ... more); repeat the "
    "first command or give another --workspace"
)
def the_shipped_space_where_ones_own_was(place: Place) -> Command:
    place.again()
    return ["launch", "SIMFOX", "--data", place.simulated, "--jobs", 0]


@says(
    "study SIMFOX/RNCMPT90001/cnn: began with other data (fingerprint ..., now ... in {root}/data); "
    "give the first data or another --workspace"
)
def other_data(place: Place) -> Command:
    """Refused before anything runs, though the study is done and nothing would be trained."""
    place.with_column(lambda row, value: "0.25" if row % 100 == 0 else value)
    return [*place.again(), "--data", place.root / "data"]


@says(
    "study SIMFOX/RNCMPT90001/cnn: its test set was opened after 3 trials; 4 would be chosen knowing "
    "the test; give another --workspace for a larger search"
)
def more_trials_after_the_test(place: Place) -> Command:
    return place.again("--trials", 4)


@says("study SIMFOX/RNCMPT90001/cnn: written by another version of rbptune; use another --workspace")
def a_study_whose_strategy_has_another_form(place: Place) -> Command:
    again = place.again()
    with sqlite3.connect(place.workspace / "studies.db") as database:
        values = "UPDATE study_user_attributes SET value_json = REPLACE(value_json, ?, ?)"
        changed = database.execute(f"{values} WHERE key = 'spec'", ('"patience"', '"endurance"'))
        assert changed.rowcount == 1
    return again


@says("{root}: no studies here (no studies.db); launch some or give --workspace")
def the_status_of_an_empty_folder(place: Place) -> Command:
    return ["status", "--workspace", place.root]


@says("no study of 'SIMPTB' in this workspace; rbptune status lists what there is")
def stopping_what_is_not_there(place: Place) -> Command:
    place.done()
    return ["stop", "SIMPTB"]


@says("SIMFOX: nothing is queued or searching or finalizing or interrupted (SIMFOX/RNCMPT90001/cnn is done)")
def stopping_what_is_done(place: Place) -> Command:
    place.done()
    return ["stop", "SIMFOX"]


@says("SIMFOX: nothing is stopped or failed or interrupted (SIMFOX/RNCMPT90001/cnn is done)")
def resuming_what_is_done(place: Place) -> Command:
    place.done()
    return ["resume", "SIMFOX"]
