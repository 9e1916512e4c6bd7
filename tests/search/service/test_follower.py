"""A launch where another process drives the workspace already: it queues there and shows the progress."""

import os
import signal
import time
from pathlib import Path

import pytest

from search.service import session
from search.service.observers import Everyone
from search.service.session import Outcome, Workers
from search.service.signals import signals_heard
from search.study.lock import LockedError, driver_lock
from search.study.record import open_study
from search.study.states import State
from search.study.storage import open_storage
from search.study.workspace import Workspace
from tests.support.commands import STUDY, Said, launch, rbptune


@pytest.fixture
def followed(simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A function: launch beside a driver that moves the study to a state as soon as it is followed."""
    workspace = Workspace(tmp_path / "studies")

    def launch_beside(state: State, reason: str | None = None) -> Said:
        def drive(_: Workspace) -> bool:
            open_study(open_storage(workspace), STUDY).move_to(state, reason)
            return True

        monkeypatch.setattr("search.service.follower.is_driven", drive)
        with driver_lock(workspace):
            return rbptune(*launch(simulated, workspace.root))

    return launch_beside


def test_it_ends_with_the_study(followed) -> None:
    said = followed(State.DONE)
    assert said.code == 0
    assert "works here since" in said.err.splitlines()[0]
    assert "Ctrl-C ends this display alone" in said.err.splitlines()[0]
    assert "│ done" in said.out


def test_a_study_that_failed_elsewhere_is_a_failure(followed) -> None:
    said = followed(State.FAILED, "no room on the moon")
    assert said.code == 1
    assert said.out.endswith(f"{STUDY} failed: no room on the moon\n")


def test_a_study_that_was_stopped_elsewhere_is_not_through(followed) -> None:
    said = followed(State.STOPPED, "interrupted")
    assert said.code == 1
    assert said.out.endswith(f"{STUDY} stopped: interrupted\n")


def test_the_end_of_time_stops_what_is_followed(
    simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.service.follower.is_driven", lambda _: True)
    with driver_lock(Workspace(tmp_path / "studies")):
        said = rbptune(*launch(simulated, tmp_path / "studies", "--timeout", 0))
    assert said.code == 0
    assert said.out.endswith(f"{STUDY} stopped: asked to stop\n")
    assert said.err.endswith("stopped: its time was up; the same command goes on where this one ended\n")


def test_ctrl_c_is_one_line(simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("search.service.session.follow", interrupted)
    with driver_lock(Workspace(tmp_path / "studies")):
        said = rbptune(*launch(simulated, tmp_path / "studies"))
    assert (said.code, said.out, said.err) == (130, "", "rbptune: interrupted\n")


def test_the_time_that_was_spent_following_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[float] = []

    def drive(*arguments: object) -> Outcome:
        given.append(arguments[-1])
        if len(given) == 1:
            raise LockedError("another works here")
        return Outcome(None)

    def follow(*arguments: object) -> bool:
        time.sleep(0.3)
        return False  # the other driver ended before the studies did

    monkeypatch.setattr(session, "drive", drive)
    monkeypatch.setattr(session, "follow", follow)
    session.drive_or_follow(Workspace(tmp_path), Workers(0), Everyone(), ["S"], minutes=1.0)
    assert given[1] <= given[0] - 0.3 / 60


def test_a_signal_that_is_to_be_ignored_stays_ignored() -> None:
    """As nohup wants it of SIGHUP."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals_heard() as signals:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not signals.heard
    finally:
        signal.signal(signal.SIGHUP, before)
