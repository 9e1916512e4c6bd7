"""The importance of hyperparameters as the pages give it: by the rule of the report."""

from __future__ import annotations

import json
from pathlib import Path

import optuna
import pytest
from optuna.trial import FrozenTrial

from search.results.history import read_history
from search.results.importance import FEWEST, TOO_FEW
from search.study.record import open_study
from search.study.storage import open_storage
from search.study.workspace import Workspace
from search.web import board, rendered
from search.web.address import Address
from search.web.importance import Importances
from search.web.pages import make_pages
from tests.search.results.test_importance import finished
from tests.search.web.test_server import get
from tests.support.pages import served
from tests.support.studies import add_trials, make_study


def test_the_page_ranks_them_when_the_report_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (board, rendered):
        monkeypatch.setattr(module, "FRESH_SECONDS", 0.0)
    place = Workspace(tmp_path)
    study = make_study(place, budget=FEWEST)
    name = study.study_name
    with served(make_pages(place, Address())) as server:
        page, shares = f"{server.url}/study/{name}", f"{server.url}/importance/{name}"
        add_trials(study, [0.1 + 0.01 * number for number in range(FEWEST - 1)])
        add_trials(study, [0.1, 0.1], optuna.trial.TrialState.PRUNED)
        assert json.loads(get(shares)[1]) == {"shares": []}
        assert (TOO_FEW in get(page)[1], "data-shares" in get(page)[1]) == (True, False)
        add_trials(study, [0.3])
        assert (TOO_FEW in get(page)[1], "data-shares" in get(page)[1]) == (False, True)
        told = json.loads(get(shares)[1])["shares"]
    report = read_history(open_study(open_storage(place), name)).importance
    assert [name for name, _ in told] == list(report)
    assert dict(told) == pytest.approx(dict(report))


def test_it_is_reckoned_anew_when_enough_trials_have_finished_since() -> None:
    asked = []

    def read(study: int) -> list[FrozenTrial]:
        asked.append(study)
        return finished(100)

    importances = Importances(read)
    for count, looked in ((100, 1), (105, 1), (106, 2), (106, 2)):
        assert importances.of(7, count)
        assert len(asked) == looked
