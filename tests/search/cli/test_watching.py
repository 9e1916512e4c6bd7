"""Watching where studies stand, in a terminal and in a pipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from search.cli import watching
from search.cli.pace import Pace, in_words
from search.cli.watching import picture, watch_status
from search.study.workspace import Workspace
from tests.support.commands import STUDY, rbptune


def row(study: str = STUDY, state: str = "searching", done: int = 1, **changes: object) -> dict[str, object]:
    figures = dict.fromkeys(("reason", "val_spearman", "test_spearman", "test_pearson"))
    counts = {"trials_done": done, "trials_total": 4, "trials_pruned": 0}
    return {"study": study, "state": state, **counts, **figures, **changes}


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[list[dict[str, object]]]:
    """What the database has to say, look by look."""
    rows: list[list[dict[str, object]]] = []
    monkeypatch.setattr(watching, "read_rows", lambda _: rows.pop(0))
    return rows


def test_a_pipe_gets_a_line_for_each_change_until_nothing_is_left(
    looks: list[list[dict[str, object]]], capsys: pytest.CaptureFixture[str]
) -> None:
    other = row("B/RNCMPT2/cnn", "stopped", reason="asked to stop")
    looks += [
        [row(state="queued", done=0), other],
        [row(val_spearman=0.51), other],
        [row(val_spearman=0.51), other],
        [row(state="done", done=4, val_spearman=0.6, test_spearman=0.58), other],
    ]
    watch_status(Workspace(Path("nowhere")), seconds=0)
    assert capsys.readouterr().out.splitlines() == [
        f"{STUDY}: queued, trial 0/4",
        "B/RNCMPT2/cnn: stopped, trial 1/4: asked to stop",
        f"{STUDY}: searching, trial 1/4, best 0.510",
        f"{STUDY}: done, trial 4/4, best 0.600, test 0.580",
    ]
    assert not looks


@pytest.mark.parametrize("width", [40, 100])
def test_a_terminal_shows_what_is_under_way_and_no_more_than_it_has_room_for(width: int) -> None:
    rows = [row(f"P{number}/RNCMPT{number:05}/cnn", "done", 4) for number in range(90)]
    lines = picture([*rows, row()], Pace(), width, 20).splitlines()
    assert lines[0] == "1 searching, 90 done"
    assert max(map(len, lines)) <= width
    assert next(text for text in lines if "/RNCMPT" in text).lstrip("│ ").startswith(STUDY)
    assert lines[-1] == "and 77 more; rbptune status lists all"


def test_time_left_follows_from_what_ended_meanwhile() -> None:
    clock = iter([0.0, 60.0, 120.0, 120.0])
    pace = Pace(lambda: next(clock))
    for total in (10, 11, 12):
        pace.note_total(total)
    assert pace.seconds(30) == 1800


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (5, "<1m"), (240, "4m"), (7800, "2h10m"), (3600 * 76, "3d4h"), (86400 * 400, "400d")],
)
def test_times_are_short(seconds: float | None, text: str) -> None:
    assert in_words(seconds) == text


def test_a_finished_workspace_is_not_watched_for_long(finished: Path) -> None:
    said = rbptune("status", "--watch", "--workspace", finished)
    assert said.code == 0
    assert said.out.startswith(f"{STUDY}: done, trial 3/3, best ")


def test_json_is_for_scripts(finished: Path) -> None:
    said = rbptune("status", "--watch", "--json", "--workspace", finished)
    assert (said.code, said.err.count("\n")) == (2, 1)
