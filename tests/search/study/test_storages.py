"""The life of a study on each kind of database that can hold it."""

from __future__ import annotations

import threading
from pathlib import Path

import optuna
import pytest

from data_io.errors import StudyError
from search.service.notices import EpochEnded, Notice, TrialFinished
from search.service.observers import Everyone
from search.service.session import Workers, drive, drive_or_follow
from search.strategy.space_files import parse_space
from search.strategy.strategy import Strategy
from search.study.creation import queue_studies
from search.study.lock import DatabaseLockedError, LockedError, driver_lock
from search.study.record import open_study
from search.study.requests import ask_for_trials, ask_to_resume, ask_to_stop
from search.study.spec import Spec
from search.study.states import INTERRUPTED, Request, State
from search.study.status import read_status
from search.study.storage import open_storage
from search.study.workspace import Workspace

SPACE = parse_space(
    {
        "architecture": "cnn",
        "fixed": {"epochs": 2, "filters": 8, "hidden": 8},
        "seed": {"motif_length": 8},
        "parameters": {
            "motif_length": {"type": "int", "low": 4, "high": 12},
            "learning_rate": {"type": "float", "low": 1e-3, "high": 1e-2, "log": True},
        },
    }
)


def spec(experiment: str = "RNCMPT90001", **changes: object) -> Spec:
    values = {"seed": 1, "split": "grouped", "strategy": Strategy(finalists=1, members=1)} | changes
    return Spec("SIMFOX", experiment, "Homo_sapiens", SPACE.to_dict(), **values)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> Workspace:
    """An empty workspace on a database of each kind."""
    if request.param == "sqlite":
        return Workspace(tmp_path / "studies")
    return Workspace(tmp_path / "studies", request.getfixturevalue("postgresql"))


class StopAfter:
    """Asks for something once a kind of notice was seen a number of times."""

    def __init__(self, kind: type[Notice], times: int, action: object) -> None:
        self.kind, self.left, self.action = kind, times, action

    def notice(self, notice: Notice) -> None:
        self.left -= isinstance(notice, self.kind)
        if self.left == 0:
            self.left = -1
            self.action()


def queue(workspace: Workspace, data: Path, trials: int = 3, **changes: object) -> str:
    (name,) = queue_studies(open_storage(workspace), [spec(**changes)], trials, data)
    return name


def row(workspace: Workspace) -> dict[str, object]:
    (found,) = read_status(workspace)
    return found


def trial_states(workspace: Workspace, name: str) -> list[str]:
    study = optuna.load_study(study_name=name, storage=open_storage(workspace))
    return [trial.state.name for trial in study.get_trials()]


def test_a_study_runs_from_queued_to_done(workspace: Workspace, simulated: Path) -> None:
    name = queue(workspace, simulated)
    assert row(workspace)["state"] == "queued"
    assert (row(workspace)["trials_done"], row(workspace)["trials_total"]) == (0, 3)
    outcome = drive(workspace, Workers(0), Everyone(), [name])
    assert (outcome.stopped, outcome.failed) == (None, {})
    done = row(workspace)
    assert done["state"] == "done"
    assert done["trials_done"] == 3
    assert done["trials_running"] == done["trials_failed"] == 0
    record = open_study(open_storage(workspace), name)
    assert record.attribute("result")["test_spearman"] == done["test_spearman"]
    assert record.attribute("test_opened")["trial"] == done["best_trial"]


def test_both_kinds_of_database_give_the_same_trials(
    workspace: Workspace, simulated: Path, tmp_path: Path
) -> None:
    other = Workspace(tmp_path / "other")
    values = []
    for place in (workspace, other):
        name = queue(place, simulated)
        drive(place, Workers(0), Everyone(), [name])
        study = optuna.load_study(study_name=name, storage=open_storage(place))
        values.append([(t.params, t.value, t.intermediate_values) for t in study.get_trials()])
    assert values[0] == values[1]


def test_a_trial_cut_off_goes_on_under_its_number(workspace: Workspace, simulated: Path) -> None:
    name = queue(workspace, simulated)

    class PulledPlugError(BaseException):
        pass

    def pull_the_plug() -> None:
        raise PulledPlugError

    with pytest.raises(PulledPlugError):
        drive(workspace, Workers(0), StopAfter(EpochEnded, 3, pull_the_plug), [name])
    assert "RUNNING" in trial_states(workspace, name)
    queue(workspace, simulated)
    drive(workspace, Workers(0), Everyone(), [name])
    assert trial_states(workspace, name) == ["COMPLETE"] * 3


def test_another_specification_is_refused(workspace: Workspace, simulated: Path) -> None:
    queue(workspace, simulated)
    with pytest.raises(StudyError, match=r"seed was 1, now 2"):
        queue(workspace, simulated, seed=2)


def test_a_study_cut_off_while_it_was_made_is_made_again(workspace: Workspace, simulated: Path) -> None:
    optuna.create_study(study_name=spec().study, storage=open_storage(workspace), direction="maximize")
    assert read_status(workspace) == []
    queue(workspace, simulated)
    assert row(workspace)["state"] == "queued"


def test_a_study_whose_making_is_not_through_is_seen_by_nobody(workspace: Workspace, simulated: Path) -> None:
    study = optuna.create_study(
        study_name=spec().study, storage=open_storage(workspace), direction="maximize"
    )
    study.set_user_attr("spec", spec().to_dict())
    assert read_status(workspace) == []
    other = queue(workspace, simulated, experiment="RNCMPT90002", trials=1)
    drive(workspace, Workers(0), Everyone(), [other])
    assert row(workspace)["study"] == other
    assert row(workspace)["state"] == "done"
    queue(workspace, simulated)
    assert {found["state"] for found in read_status(workspace)} == {"done", "queued"}


def test_a_foreign_study_of_the_name_is_refused(workspace: Workspace, simulated: Path) -> None:
    study = optuna.create_study(study_name=spec().study, storage=open_storage(workspace))
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    with pytest.raises(StudyError, match="not made by rbptune"):
        queue(workspace, simulated)


def test_stop_and_resume(workspace: Workspace, simulated: Path) -> None:
    name = queue(workspace, simulated, trials=500)

    def stop() -> None:
        assert ask_to_stop(workspace, "simfox") == [name]

    drive(workspace, Workers(0), StopAfter(TrialFinished, 1, stop), [name])
    assert row(workspace)["state"] == "stopped"
    done = row(workspace)["trials_done"]
    assert 0 < done < 500
    assert ask_to_resume(workspace, "RNCMPT90001", "cnn") == [name]
    assert row(workspace)["state"] == "queued"
    queue(workspace, simulated, trials=done + 2)
    drive(workspace, Workers(0), Everyone(), [name])
    assert (row(workspace)["state"], row(workspace)["trials_done"]) == ("done", done + 2)


def test_stop_of_a_queued_study_and_of_one_that_is_not_there(workspace: Workspace, simulated: Path) -> None:
    name = queue(workspace, simulated)
    assert ask_to_stop(workspace, name) == [name]
    assert row(workspace)["state"] == "stopped"
    with pytest.raises(StudyError, match="nothing is queued"):
        ask_to_stop(workspace, name)
    with pytest.raises(StudyError, match="no rnn study of 'SIMFOX'"):
        ask_to_resume(workspace, "SIMFOX", "rnn")


def test_the_budget_can_grow_while_the_driver_works(workspace: Workspace, simulated: Path) -> None:
    name = queue(workspace, simulated, trials=2)
    grow = StopAfter(TrialFinished, 1, lambda: queue(workspace, simulated, trials=60))
    stop = StopAfter(TrialFinished, 4, lambda: ask_to_stop(workspace, name))
    drive(workspace, Workers(0), Everyone(grow, stop), [name])
    assert row(workspace)["trials_total"] == 60
    assert row(workspace)["trials_done"] > 2


def test_what_is_queued_meanwhile_is_run_and_what_was_open_before_is_left(
    workspace: Workspace, simulated: Path
) -> None:
    before = queue(workspace, simulated, experiment="RNCMPT90002", trials=1)
    name = queue(workspace, simulated, trials=1)
    meanwhile = StopAfter(
        TrialFinished, 1, lambda: queue(workspace, simulated, experiment="RNCMPT90004", trials=1)
    )
    drive(workspace, Workers(0), meanwhile, [name])
    states = {found["study"]: found["state"] for found in read_status(workspace)}
    assert states == {before: "queued", name: "done", "SIMFOX/RNCMPT90004/cnn": "done"}


def test_what_was_left_alone_is_run_once_it_is_asked_for_again(workspace: Workspace, simulated: Path) -> None:
    before = queue(workspace, simulated, experiment="RNCMPT90002", trials=1)
    name = queue(workspace, simulated, trials=1)
    again = StopAfter(
        TrialFinished, 1, lambda: queue(workspace, simulated, experiment="RNCMPT90002", trials=1)
    )
    drive(workspace, Workers(0), again, [name])
    states = {found["study"]: found["state"] for found in read_status(workspace)}
    assert states == {before: "done", name: "done"}


def test_what_a_killed_driver_left_is_stopped_by_the_next(workspace: Workspace, simulated: Path) -> None:
    left = queue(workspace, simulated, experiment="RNCMPT90002", trials=1)
    open_study(open_storage(workspace), left).move_to(State.SEARCHING)
    name = queue(workspace, simulated, trials=1)
    drive(workspace, Workers(0), Everyone(), [name])
    found = {found["study"]: (found["state"], found["reason"]) for found in read_status(workspace)}
    assert found == {left: ("stopped", "its driver was killed"), name: ("done", None)}
    assert ask_to_resume(workspace, "RNCMPT90002") == [left]


@pytest.mark.parametrize("left", [State.SEARCHING, State.FINALIZING])
def test_what_a_killed_driver_left_is_seen_and_can_be_resumed_or_stopped(
    left: State, workspace: Workspace, simulated: Path
) -> None:
    name = queue(workspace, simulated, trials=1)
    open_study(open_storage(workspace), name).move_to(left)
    with driver_lock(workspace):
        assert row(workspace)["state"] == left.value
        with pytest.raises(StudyError, match=f"nothing is stopped or failed .* {left.value}"):
            ask_to_resume(workspace, name)
    found = row(workspace)
    assert (found["state"], found["reason"]) == (
        INTERRUPTED,
        "its driver ended without a word; rbptune resume takes it up",
    )
    assert open_study(open_storage(workspace), name).state is left
    assert ask_to_resume(workspace, name) == [name]
    assert (row(workspace)["state"], row(workspace)["reason"]) == ("queued", None)
    open_study(open_storage(workspace), name).move_to(left)
    assert ask_to_stop(workspace, name) == [name]
    assert (row(workspace)["state"], row(workspace)["reason"]) == ("stopped", "asked to stop")


def test_a_driver_that_ends_while_the_status_is_read_left_nothing_interrupted(
    workspace: Workspace, simulated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = queue(workspace, simulated, trials=1)
    record = open_study(open_storage(workspace), name)
    record.move_to(State.SEARCHING)

    def end(_: Workspace) -> bool:
        record.move_to(State.DONE)
        return False

    monkeypatch.setattr("search.study.status.is_driven", end)
    assert row(workspace)["state"] == "done"


def test_a_study_of_another_version_does_not_keep_the_others_from_running(
    workspace: Workspace, simulated: Path
) -> None:
    old = queue(workspace, simulated, experiment="RNCMPT90002", trials=1)
    study = optuna.load_study(study_name=old, storage=open_storage(workspace))
    study.set_user_attr("spec", {**study.user_attrs["spec"], "strategy": {"name": "another"}})
    study.set_user_attr("state", State.SEARCHING.value)
    name = queue(workspace, simulated, trials=1)
    assert drive(workspace, Workers(0), Everyone(), [name]).failed == {}
    queue(workspace, simulated, experiment="RNCMPT90004", trials=1)
    outcome = drive(workspace, Workers(0), Everyone(), None, minutes=0.1)
    assert set(outcome.failed) == {old}
    states = {found["study"]: found["state"] for found in read_status(workspace)}
    assert states == {old: INTERRUPTED, name: "done", "SIMFOX/RNCMPT90004/cnn": "done"}
    study = optuna.load_study(study_name=old, storage=open_storage(workspace))
    assert study.user_attrs["state"] == "searching"


def test_a_request_to_stop_what_nobody_runs_is_met_by_the_next_driver(
    workspace: Workspace, simulated: Path
) -> None:
    name = queue(workspace, simulated, trials=1)
    record = open_study(open_storage(workspace), name)
    record.move_to(State.SEARCHING)
    record.ask_to(Request.STOP)
    drive(workspace, Workers(0), Everyone(), [name])
    assert (row(workspace)["state"], row(workspace)["reason"]) == ("stopped", "asked to stop")


def test_the_end_of_time_leaves_a_study_that_goes_on(workspace: Workspace, simulated: Path) -> None:
    name = queue(workspace, simulated, trials=500)
    outcome = drive(workspace, Workers(0), Everyone(), [name], minutes=0.02)
    assert outcome.stopped == "its time was up"
    assert row(workspace)["state"] == State.STOPPED.value
    assert not row(workspace)["test_spearman"]


def test_a_second_driver_is_refused_and_told_who_works(workspace: Workspace) -> None:
    refused = []

    def second() -> None:
        try:
            with driver_lock(workspace):
                refused.append("let in")
        except LockedError as error:
            refused.append(str(error))

    with driver_lock(workspace):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert len(refused) == 1
    assert "works here since" in refused[0]
    with driver_lock(workspace):
        pass


def test_a_budget_is_changed_until_the_test_set_was_opened(workspace: Workspace, simulated: Path) -> None:
    name = queue(workspace, simulated, trials=3)
    ask_to_stop(workspace, name)
    assert ask_for_trials(workspace, "simfox", 7) == [name]
    assert (row(workspace)["state"], row(workspace)["trials_total"]) == ("queued", 7)
    record = open_study(open_storage(workspace), name)
    record.set(test_opened={"at": "now", "trial": 0, "weights": ""})
    record.move_to(State.FAILED, "no room")
    with pytest.raises(StudyError, match="8 would be chosen knowing the test"):
        ask_for_trials(workspace, name, 8)
    assert (row(workspace)["state"], row(workspace)["trials_total"]) == ("failed", 7)
    record.move_to(State.DONE)
    with pytest.raises(StudyError, match="nothing is"):
        ask_for_trials(workspace, name, 2)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_two_workspaces_cannot_drive_one_database(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, simulated: Path
) -> None:
    own = f"sqlite:///{tmp_path}/shared.db"
    url = own if kind == "sqlite" else request.getfixturevalue("postgresql")
    one, two = Workspace(tmp_path / "one", url), Workspace(tmp_path / "two", url)
    with driver_lock(one):
        with pytest.raises(DatabaseLockedError, match="a driver of another workspace"), driver_lock(two):
            pass
        with pytest.raises(DatabaseLockedError):
            drive_or_follow(two, Workers(0), Everyone(), [])
    with driver_lock(two):
        pass
