"""What the pages know of work under way, from the log of events."""

from __future__ import annotations

from pathlib import Path

from search.service.notices import FinalistRetrained, MemberRefitted, StudyDone
from search.service.observers import EventLog
from search.web.log_tail import LogTail

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
