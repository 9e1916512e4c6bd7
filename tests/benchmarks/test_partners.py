"""What partners gain is told of the ensembles that are compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from search.study.workspace import Workspace
from tests.benchmarks import partners
from tests.benchmarks.selection import finished_studies
from tests.support.commands import STUDY, launch, rbptune

TARGETS = np.arange(50.0)


def group(name: str, score: float, *offsets: float) -> partners.Group:
    noise = np.random.default_rng(1).normal(size=(len(offsets), 50))
    return partners.Group(name, score, TARGETS + np.array(offsets)[:, None] * noise)


def test_the_better_by_its_own_score_is_what_the_others_are_compared_with() -> None:
    other, better = group("1", 0.4, 9, 9, 9), group("2", 0.5, 20, 20, 20)
    found = partners.gain([other, better], TARGETS)
    assert found.scores == (0.5, 0.4)
    np.testing.assert_array_equal(found.alone, partners.figures(better.predictions, TARGETS))
    together = [*better.predictions, *other.predictions]
    np.testing.assert_array_equal(found.all_of_both, partners.figures(together, TARGETS))
    assert (partners.all_more(found) > 0).all()
    assert partners.row("A/R1/cnn", found).count("|") == 7


def test_two_of_each_are_all_where_there_are_no_more() -> None:
    found = partners.gain([group("1", 0.4, 9, 9), group("2", 0.5, 5, 5)], TARGETS)
    np.testing.assert_allclose(found.two_and_two, found.all_of_both)


def test_the_finalists_of_a_study_are_compared_by_its_validation(
    simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    studies = tmp_path / "studies"
    assert rbptune(*launch(simulated, studies, "--trials", 3, "--finalists", 2, "--members", 2)).code == 0
    monkeypatch.setattr("sys.argv", ["partners", "--within", "1", "studies", str(studies)])
    partners.main()
    out = capsys.readouterr().out
    (record,) = finished_studies(Workspace(studies))
    result = record.attribute("result")
    own = [member for member in result["members"] if member["trial"] == result["best_trial"]]
    scores = [member["val_spearman"] for member in own]
    assert f"| {STUDY} | {np.mean(scores):.4f} | " in out
    assert "1 pairs of partners" in out
    monkeypatch.setattr("sys.argv", ["partners", "--within", "-1", "studies", str(studies)])
    partners.main()
    assert capsys.readouterr().out.endswith("no pair of partners\n")
