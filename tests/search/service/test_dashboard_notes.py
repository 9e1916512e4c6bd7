"""What Optuna's dashboard shows of a study that ended."""

from __future__ import annotations

import json
from pathlib import Path

import optuna
import pytest
from optuna.artifacts import get_all_artifact_meta
from optuna_dashboard import get_note

from search.service.dashboard_notes import DashboardNotes
from search.service.notices import StudyDone, StudyFailed, TrialFailed
from search.study.record import StudyRecord, open_study
from search.study.states import State
from search.study.storage import open_storage
from search.study.workspace import Workspace
from tests.search.study.test_storages import queue, spec
from tests.support.pages import serving
from tests.support.visitor import Visitor

RESULT = {
    "study": "SIMFOX/RNCMPT90001/cnn",
    "best_trial": 7,
    "members": [{}, {}],
    "val_spearman": 0.581,
    "test_spearman": 0.577,
    "test_pearson": 0.769,
    "params": {"motif_length": 8, "pooling": "max+average"},
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "studies")


@pytest.fixture
def record(workspace: Workspace, simulated: Path) -> StudyRecord:
    """A study that has just been tested."""
    record = open_study(open_storage(workspace), queue(workspace, simulated))
    record.set(result=RESULT)
    record.move_to(State.DONE)
    folder = workspace.artifacts(record.name)
    folder.mkdir(parents=True)
    (folder / "motif_1.png").write_bytes(b"\x89PNG a logo")
    (folder / "report.html").write_text("<style>p {}</style><p>a report card</p>")
    return record


def note_of(workspace: Workspace, record: StudyRecord, notice: object) -> str:
    DashboardNotes(workspace, open_storage(workspace)).notice(notice)
    return get_note(optuna.load_study(study_name=record.name, storage=open_storage(workspace)))


def done(record: StudyRecord) -> StudyDone:
    return StudyDone(record.name, 7, 0.581, 0.577, 0.769)


def test_a_finished_study_has_a_note_with_its_motif_and_its_report(
    workspace: Workspace, record: StudyRecord
) -> None:
    text = note_of(workspace, record, done(record))
    assert text.startswith(
        "**SIMFOX**, Homo sapiens, RNCMPT90001, cnn: done.\n\n"
        "Trial 7 won: validation Spearman 0.581, test 0.577 (Pearson 0.769).\n\n"
    )
    assert r"| pooling | max\+average |" in text
    assert text.endswith(
        "\n\n[Its page](/study/SIMFOX/RNCMPT90001/cnn), [its report card](/report/SIMFOX/RNCMPT90001/cnn)"
    )
    links = {
        meta.filename: f"/artifacts/1/{meta.artifact_id}" for meta in get_all_artifact_meta(record.study)
    }
    assert f"![the strongest motif]({links['motif_1.png']})" in text
    assert note_of(workspace, record, done(record)) == text  # by a driver that ended in between
    with serving(f"sqlite:///{workspace.database}") as server:
        visitor = Visitor(server.port)
        logo = visitor.ask(links["motif_1.png"])
        assert (logo.status, logo.headers["content-type"]) == (200, "image/png")
        report = visitor.ask(links["report.html"])
        assert (report.status, "a report card" in report.text) == (200, True)
        assert report.headers["content-security-policy"].endswith("; sandbox")
        assert report.headers["x-content-type-options"] == "nosniff"
        assert "SIMFOX" in json.loads(visitor.ask("/api/studies/1").text)["note"]["body"]
        for path in ("../studies.db", "..%2Fstudies.db", "%2e%2e/studies.db", "/etc/passwd", "0" * 8):
            assert visitor.ask(f"/artifacts/1/{path}").status in (400, 403, 404), path


def test_a_note_has_the_configs_of_all_members(workspace: Workspace, record: StudyRecord) -> None:
    partner = {"trial": 3, "params": {"motif_length": 6}, "value": 0.5, "members": 1, "refit": None}
    record.set(result={**RESULT, "partners": [partner]})
    text = note_of(workspace, record, done(record))
    assert "members are 1 of the config of trial 7 and 1 of the config of trial 3" in text
    rows = [
        *("| Configs | trial 7 | trial 3 |", "| --- | --- | --- |"),
        *(r"| motif\_length | 8 | 6 |", r"| pooling | max\+average | \- |"),
    ]
    assert "\n".join(["", *rows, ""]) in text


def test_a_report_that_is_written_again_is_shown_anew(workspace: Workspace, record: StudyRecord) -> None:
    note_of(workspace, record, done(record))
    report = workspace.artifacts(record.name) / "report.html"
    report.unlink()
    report.write_text("a second one")
    assert "a second one" in {
        path.read_bytes().decode(errors="replace") for path in workspace.shelf.iterdir()
    }


def test_a_failed_study_says_why_and_its_words_are_no_markup(workspace: Workspace, simulated: Path) -> None:
    record = open_study(open_storage(workspace), queue(workspace, simulated))
    record.move_to(State.FAILED, "no *room* <b onload=x> [a](javascript:x)")
    text = note_of(workspace, record, StudyFailed(record.name, "no room"))
    assert text == (
        r"**SIMFOX**, Homo sapiens, RNCMPT90001, cnn: failed "
        r"(no \*room\* \<b onload=x\> \[a\]\(javascript:x\))."
        "\n\n[Its page](/study/SIMFOX/RNCMPT90001/cnn)"
    )


def test_what_goes_wrong_is_logged_and_no_more(
    workspace: Workspace, record: StudyRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace.artifacts(record.name) / "evidence.json").write_text("{")
    assert note_of(workspace, record, done(record)) == ""
    assert "no note for the dashboard" in workspace.errors.read_text()
    assert note_of(workspace, record, TrialFailed(record.name, 1, "no end")) == ""
    assert spec().study == record.name
