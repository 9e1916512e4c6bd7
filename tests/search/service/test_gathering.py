"""The evidence of a study: gathered after the test, without which the study is done all the same."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from data_io.errors import DataError
from search.evidence.evidence import FORMAT
from search.study.workspace import Workspace
from tests.support.commands import STUDY, launch, rbptune, status
from tests.support.faults import outcome

OPTIONS = ("--trials", 1, "--seed", 1)
KEPT = ("evidence.json", "motifs.meme", "result.json", "test_predictions.tsv.gz")


def artifacts(workspace: Path) -> Path:
    return Workspace(workspace).artifacts(STUDY)


def fail(*arguments: object, **others: object) -> None:
    raise RuntimeError("no motif today")


def refuse(*arguments: object) -> None:
    raise AssertionError("done before")


@pytest.fixture(scope="module")
def without(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A study whose evidence failed, and what was said of it; not to be written to."""
    workspace = tmp_path_factory.mktemp("without") / "studies"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("search.evidence.gather.gather", fail)
        said = rbptune(*launch(simulated, workspace, *OPTIONS))
    assert said.code == 0, said.err
    return workspace, said.err


def test_a_finished_study_has_its_evidence(finished: Path) -> None:
    assert {path.name for path in artifacts(finished).iterdir()} >= set(KEPT)
    evidence = json.loads((artifacts(finished) / "evidence.json").read_text())
    assert evidence["format"] == FORMAT
    assert len(list(artifacts(finished).glob("motif_*.svg"))) == len(evidence["motifs"])


def test_a_study_is_done_without_its_evidence(without: tuple[Path, str]) -> None:
    workspace, said = without
    line = f"{STUDY}: no evidence was gathered: RuntimeError: no motif today; rbptune report tries it again"
    assert line in said.splitlines()
    assert status(workspace)[0]["state"] == "done"
    assert not (artifacts(workspace) / "evidence.json").exists()
    assert "in fail" in Workspace(workspace).errors.read_text()


def test_a_driver_cut_off_after_the_test_goes_on_with_the_evidence(
    simulated: Path, without: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = tmp_path / "studies"

    def cut_off(*arguments: object) -> None:
        raise DataError("the driver was killed")

    with monkeypatch.context() as patch:
        patch.setattr("search.service.gathering.Gathering.__init__", cut_off)
        assert rbptune(*launch(simulated, workspace, *OPTIONS)).code == 1
    assert status(workspace)[0]["state"] == "failed"
    monkeypatch.setattr("search.service.finals.open_test_set", refuse)
    monkeypatch.setattr("models.trainer.Trainer.__init__", refuse)
    said = rbptune(*launch(simulated, workspace, *OPTIONS))
    assert said.code == 0, said.err
    assert (artifacts(workspace) / "evidence.json").is_file()
    assert outcome(workspace) == outcome(without[0])


def test_the_report_gathers_what_is_missing_and_opens_no_test(
    simulated: Path, without: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of a study from before the predictions were kept, and whose measurements were moved."""
    workspace = tmp_path / "studies"
    shutil.copytree(without[0], workspace)
    monkeypatch.setattr("search.service.finals.open_test_set", refuse)
    said = rbptune("report", "SIMFOX", "--workspace", workspace)
    assert (said.code, said.out) == (0, f"written to {artifacts(workspace) / 'report.html'}\n"), said.err
    assert (artifacts(workspace) / "evidence.json").is_file()

    for name in ("evidence.json", "test_predictions.tsv.gz"):
        (artifacts(workspace) / name).unlink()
    out = tmp_path / "card.html"
    with_data = ("--out", out, "--data", simulated)
    assert rbptune("report", "SIMFOX", "--workspace", workspace, *with_data).code == 0
    assert "was made by an earlier version" in out.read_text()
    (artifacts(workspace) / "evidence.json").unlink()
    said = rbptune("report", "SIMFOX", "--workspace", workspace, "--data", tmp_path / "nowhere")
    assert said.code == 2
    assert "nowhere" in said.err
