"""Finalists about as good as the winner: one ensemble, from the test to an export."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from data_io.experiments import Experiment
from data_io.predictions import NAME, read_predictions
from data_io.training_set import load_training_set
from models.predict import predict
from models.weights import load_model
from search.service import launching
from search.service.notices import Notice
from search.service.retraining import Retraining, score
from search.service.trainings import Member
from search.strategy.strategy import Strategy
from search.study.record import StudyRecord, open_study
from search.study.storage import open_storage
from search.study.workspace import Workspace
from tests.support.commands import STUDY, launch, rbptune
from tests.support.curves import curve


class Silent:
    """An observer that hears nothing."""

    def notice(self, notice: Notice) -> None:
        del notice


class Lenient:
    """A study's record, with another rule for partners."""

    def __init__(self, record: StudyRecord, within: float | None) -> None:
        self._record = record
        self.strategy = replace(record.strategy, partners_within=within)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._record, name)


def test_those_within_the_strategy_s_margin_stand_behind_the_winner(simulated: Path, finished: Path) -> None:
    record = open_study(open_storage(Workspace(finished)), STUDY)
    data = load_training_set(simulated, Experiment("RNCMPT90001", "SIMFOX", "Homo_sapiens"))

    def chosen(within: float | None) -> list[tuple[int, float]]:
        retraining = Retraining(Lenient(record, within), data, Workspace(finished), Silent())
        return [
            (one.finalist.trial, float(np.mean([score(member.curve) for member in one.members])))
            for one in retraining.chosen()
        ]

    (winner, best), (partner, mean) = chosen(1.0)
    assert winner != partner
    assert best > mean
    assert chosen(None) == chosen(0.0) == chosen((best - mean) * 0.99) == [(winner, best)]
    assert chosen((best - mean) * 1.01) == [(winner, best), (partner, mean)]


def test_one_whose_member_diverged_is_no_partner(
    simulated: Path, finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = open_study(open_storage(Workspace(finished)), STUDY)
    data = load_training_set(simulated, Experiment("RNCMPT90001", "SIMFOX", "Homo_sapiens"))
    retraining = Retraining(Lenient(record, 1.0), data, Workspace(finished), Silent())
    winner, partner = retraining.chosen()
    broken = Member({}, curve([0.1], diverged=True))
    members = {winner.finalist.trial: winner.members, partner.finalist.trial: [partner.members[0], broken]}
    monkeypatch.setattr(retraining, "_members", lambda finalist: members[finalist.trial])
    assert [one.finalist for one in retraining.chosen()] == [winner.finalist]


@pytest.fixture(scope="module")
def together(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished study whose two finalists are partners, however much one is better."""
    workspace = tmp_path_factory.mktemp("partners") / "studies"
    with patch.object(launching, "Strategy", partial(Strategy, partners_within=1.0)):
        said = rbptune(
            *launch(simulated, workspace, "--trials", 3, "--finalists", 2, "--members", 2, "--seed", 1)
        )
    assert said.code == 0, said.err
    return workspace


@pytest.fixture(scope="module")
def exported(together: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("exported")
    said = rbptune("export", STUDY, "--workspace", together, "--out", out)
    assert said.code == 0, said.err
    return next(path.parent for path in out.rglob("metrics.json"))


def test_the_test_is_of_both_together(together: Path) -> None:
    artifacts = Workspace(together).artifacts(STUDY)
    result = json.loads((artifacts / "result.json").read_text())
    (partner,) = result["partners"]
    trials = [result["best_trial"]] * 2 + [partner["trial"]] * 2
    assert [member["trial"] for member in result["members"]] == trials
    assert result["params"] != partner["params"]
    assert partner["refit"]["epochs"] >= 1
    table, model = read_predictions(artifacts / NAME), load_model(artifacts / "model")
    assert [network.motif_length for network in model.network] == [
        config["motif_length"] for config in (result["params"], partner["params"]) for _ in range(2)
    ]
    expected = [predict(member, table.codes) for member in model.members]
    np.testing.assert_allclose(table.members, expected, atol=0.02)
    np.testing.assert_array_equal(table.predicted, table.members.mean(axis=0))


def test_its_export_says_so_and_is_reproduced_exactly(simulated: Path, exported: Path) -> None:
    metrics = json.loads((exported / "metrics.json").read_text())
    trials = metrics["best_trial"], metrics["partners"][0]["trial"]
    said = "The model's members are 2 of the config of trial {} and 2 of the config of trial {}".format(
        *trials
    )
    assert said in " ".join((exported / "README.txt").read_text().split())
    page = (exported / "report.html").read_text()
    assert all(f">trial {trial}</th>" in page for trial in trials)
    assert f"Member 4, of trial {trials[1]}" in page
    again = rbptune("reproduce", exported, "--data", simulated, "--json")
    assert again.code == 0, again.err


def test_one_that_is_damaged_is_one_line(simulated: Path, exported: Path, tmp_path: Path) -> None:
    metrics = json.loads((exported / "metrics.json").read_text())
    for file in exported.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "metrics.json").write_text(json.dumps({**metrics, "partners": [{"trial": 1}]}))
    said = rbptune("reproduce", tmp_path, "--data", simulated)
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "its figures are damaged" in said.err
