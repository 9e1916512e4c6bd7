"""What the pages know of work under way, from the log of events."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from search.cli.progress import ProgressDisplay
from search.service.notices import FinalistRetrained, MemberRefitted, StudyDone, StudyStarted
from search.service.observers import EventLog
from search.web.log_tail import LogTail, study_events

STUDY = "SIMFOX/RNCMPT90001/cnn"


def test_retrainings_are_counted_with_those_on_all_of_set_a(tmp_path: Path) -> None:
    log, tail = EventLog(tmp_path / "events.jsonl"), LogTail(tmp_path / "events.jsonl")
    for notice, expected in (
        (FinalistRetrained(STUDY, 3, 1, 0.5, 2, 3), {STUDY: (2, 3)}),
        (MemberRefitted(STUDY, 3, 0, epochs=4, through=3, total=3), {STUDY: (3, 3)}),
        (StudyDone(STUDY, 3, 0.5, 0.5, 0.6), {}),
    ):
        log.notice(notice)
        tail.look()
        assert tail.retrained == expected
    log.close()


def test_seeds_are_counted_from_one_as_in_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    log, screen = EventLog(path), io.StringIO()
    with ProgressDisplay(Console(file=screen)) as display:
        for notice in (StudyStarted(STUDY, 5, 0, None, 3), FinalistRetrained(STUDY, 3, 0, 0.5, 1, 3)):
            log.notice(notice)
            display.notice(notice)
    log.close()
    assert "(seed 1)" in screen.getvalue()
    told = study_events(path, STUDY)[0]
    assert (told["what"], told["facts"]) == (
        "finalist retrained",
        "trial 3, seed 1, spearman 0.500, retrained 1, total 3",
    )
