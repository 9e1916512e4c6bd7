"""Starts from a workspace's finished studies: near to all winners, within the space, decided once."""

from __future__ import annotations

import logging
from pathlib import Path

import optuna
import pytest

from data_io.experiments import read_master_sheet
from data_io.folder import find_sheet
from search.service.launching import Launch, launch_studies
from search.service.workspace_starts import Winner, choose_starts, find_winners, starts_within
from search.strategy.strategy import Strategy
from search.study.creation import queue_studies
from search.study.record import open_study
from search.study.states import State
from search.study.storage import open_storage
from search.study.workspace import Workspace
from tests.search.study.test_storages import SPACE, spec

SPACE_FILE = """
architecture = "cnn"
[fixed]
epochs = 2
filters = 8
hidden = 8
[seed]
motif_length = 8
[parameters]
motif_length = { type = "int", low = 4, high = 12 }
learning_rate = { type = "float", low = 1e-3, high = 1e-2, log = true }
"""


def config(motif_length: int, learning_rate: float = 2e-3, **changes: object) -> dict[str, object]:
    return {"motif_length": motif_length, "learning_rate": learning_rate, **SPACE.fixed, **changes}


def finish(storage: optuna.storages.BaseStorage, name: str, params: dict[str, object]) -> None:
    record = open_study(storage, name)
    record.set(result={"params": params})
    record.move_to(State.DONE)


@pytest.fixture
def storage(tmp_path: Path) -> optuna.storages.BaseStorage:
    """Three studies, two of them done."""
    storage = open_storage(Workspace(tmp_path))
    names = queue_studies(storage, [spec(f"RNCMPT9000{n}") for n in (1, 2, 3)], 5, tmp_path)
    finish(storage, names[0], config(5))
    finish(storage, names[2], config(9))
    return storage


def test_winners_are_those_of_finished_studies(storage: optuna.storages.BaseStorage) -> None:
    found = find_winners(storage, "cnn")
    assert [(winner.experiment, winner.params["motif_length"]) for winner in found] == [
        ("RNCMPT90001", 5),
        ("RNCMPT90003", 9),
    ]
    assert find_winners(storage, "rnn") == []


def winners(*params: dict[str, object]) -> list[Winner]:
    return [Winner(f"P/E{n}/cnn", f"E{n}", each) for n, each in enumerate(params)]


def test_what_no_trial_of_the_space_could_have_is_left_out_in_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seed, within = {"motif_length": 8, **SPACE.fixed}, config(6, epochs=30)
    outside = config(13), config(6, learning_rate=0.5), config(6, averaging=0.0), {"motif_length": 6}
    with caplog.at_level(logging.WARNING):
        found = starts_within(SPACE, winners(seed, within, *outside))
    assert [winner.params for winner in found] == [config(6)]  # the epochs are the new study's
    (line,) = caplog.messages
    assert line.startswith("4 of 6 configs")
    assert "P/E2/cnn has motif_length = 13, and others" in line
    assert [SPACE.misfit({**params, **SPACE.fixed}) for params in outside] == [
        "motif_length = 13",
        "learning_rate = 0.5",
        "averaging = 0.0",
        "no learning_rate",
    ]


def test_starts_lie_near_to_all_winners_and_none_is_the_experiments_own() -> None:
    found = winners(config(4), config(5), config(6), config(12), config(11))
    starts = choose_starts(SPACE, found, "E3")
    assert [start["motif_length"] for start in starts] == [5, 11, 4]  # of 5 and 6, as near, the first
    assert choose_starts(SPACE, found[:1], "E0") == ()


def test_they_are_decided_once_and_tried_but_never_told_as_results(
    simulated: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Another study that is done changes nothing for one that is there, and the next one begins with it."""
    (tmp_path / "space.toml").write_text(SPACE_FILE)
    names = [each.motif_id for each in read_master_sheet(find_sheet(simulated))][:2]
    workspace = Workspace(tmp_path / "studies")

    def launch(name: str) -> str:
        asked = Launch(
            simulated, 5, 1, "grouped", (name,), space=tmp_path / "space.toml", starts_from_workspace=True
        )
        return launch_studies(asked, workspace)[0]

    first = launch(names[0])
    assert caplog.messages == ["no finished cnn study in this workspace to take starts from"]
    storage = open_storage(workspace)
    (other,) = queue_studies(storage, [spec("RNCMPT99999", strategy=Strategy())], 5, tmp_path)
    finish(storage, other, config(7))
    assert launch(names[0]) == first
    assert open_study(storage, first).strategy.transferred == ()
    second = open_study(storage, launch(names[1]))
    assert second.strategy.transferred == (config(7),)
    assert second.spec.load_space().prescribed[-1] == config(7)
    assert second.trials() == []
