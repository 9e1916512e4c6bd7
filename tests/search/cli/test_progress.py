"""What people see while studies run."""

import io
import logging
import re
import sys

import pytest
from rich.console import Console

from search.cli.progress import ProgressDisplay, TerminalLog
from search.service.notices import (
    EpochEnded,
    FinalistRetrained,
    Notice,
    StudyDone,
    StudyFailed,
    StudyStarted,
    StudyStopped,
    TrialFinished,
    TrialPruned,
    TrialStarted,
)
from tests.support.curves import report

STUDY = "ANKHD1/RNCMPT00002/cnn"


class Screen:
    """A display that writes to memory, as to a terminal or to a file."""

    def __init__(self, terminal: bool, width: int = 80):
        self.stream = io.StringIO()
        self.console = Console(
            file=self.stream,
            force_terminal=terminal,
            width=width,
            highlight=False,
            soft_wrap=True,
            color_system=None,
        )
        self.display = ProgressDisplay(self.console)

    def lines(self):
        """What stood on the screen at any time, without the terminal's control sequences."""
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.stream.getvalue())
        return [line.rstrip() for line in re.split(r"[\r\n]+", text) if line.strip()]


def start(display, study=STUDY, budget=30, done=0, best=None):
    display.notice(StudyStarted(study, budget, done, best))


def epoch(trial, number):
    return EpochEnded(STUDY, trial=trial, **report(number, 0.1).to_dict())


def run_two_trials(display):
    start(display)
    for trial in (10, 11):
        display.notice(TrialStarted(STUDY, trial, "w", {}))
        display.notice(epoch(trial, 2))
    display.notice(TrialFinished(STUDY, 10, 0.51234, 2, None))
    display.notice(TrialPruned(STUDY, 11, 6, 0.1, None))
    display.notice(TrialStarted(STUDY, 12, "w", {}))


def finish(display):
    for member in (0, 1):
        display.notice(FinalistRetrained(STUDY, 10, member, 0.5, member + 1, 2))
    display.notice(StudyDone(STUDY, 10, val_spearman=0.52, test_spearman=0.53, test_pearson=0.6))


def test_a_file_gets_a_line_for_every_trial():
    screen = Screen(terminal=False)
    with screen.display as display:
        run_two_trials(display)
        display.notice(TrialFinished(STUDY, 12, 0.0, 1, "constant"))
        finish(display)
    assert screen.lines() == [
        f"{STUDY}: trial 10 validation 0.512, best 0.512",
        f"{STUDY}: trial 11 pruned at epoch 6 with 0.100",
        f"{STUDY}: trial 12 validation 0.000 (constant), best 0.512",
        f"{STUDY}: retrained trial 10 (seed 1), validation 0.500",
        f"{STUDY}: retrained trial 10 (seed 2), validation 0.500",
        f"{STUDY}: done, trial 10 won: validation 0.520, test 0.530",
    ]


def test_a_terminal_gets_a_bar_with_the_best_so_far():
    screen = Screen(terminal=True)
    with screen.display as display:
        run_two_trials(display)
        screen.display._progress.refresh()
    assert re.fullmatch(
        rf"{STUDY} \S* +2/30 best 0\.512  pruned 1 0:00:\d\d 12: starting", screen.lines()[-1]
    )


def test_retraining_is_counted():
    screen = Screen(terminal=True)
    with screen.display as display:
        run_two_trials(display)
        display.notice(FinalistRetrained(STUDY, 10, 0, 0.5, 1, 9))
        display._progress.refresh()
    assert "best 0.512  retrained 1/9 " in screen.lines()[-1]


def test_nothing_but_the_running_trials_is_cut_in_80_columns():
    screen = Screen(terminal=True)
    with screen.display as display:
        start(display, best=0.512, done=12)
        for trial in range(16):
            display.notice(epoch(trial, 20))
        display._progress.refresh()
    last = screen.lines()[-1]
    assert len(last) <= 80
    assert re.search(r" 12/30 best 0\.512  pruned 0 0:00:\d\d 0: epoch 20", last)


@pytest.mark.parametrize("end", ["done", "failed", "stopped"])
def test_a_study_that_ended_has_no_bar(end):
    screen = Screen(terminal=True)
    with screen.display as display:
        run_two_trials(display)
        if end == "done":
            finish(display)
        elif end == "failed":
            display.notice(StudyFailed(STUDY, "no room"))
        else:
            display.notice(StudyStopped(STUDY, "asked to stop"))
        assert not display._progress.tasks
    said = {"done": f"{STUDY}: done, trial 10 won", "failed": f"{STUDY}: failed: no room", "stopped": ""}
    assert any(line.startswith(said[end]) for line in screen.lines())


def kinds(notice=Notice):
    """All kinds of notice: those that have no kinds of their own."""
    below = notice.__subclasses__()
    return [kind for each in below for kind in kinds(each)] if below else [notice]


def test_every_kind_of_notice_is_shown():
    shown = vars(ProgressDisplay)["_take_in"].dispatcher
    assert kinds()
    assert [kind for kind in kinds() if shown.dispatch(kind) is shown.dispatch(Notice)] == []


def test_a_study_taken_up_again_has_one_bar():
    screen = Screen(terminal=True)
    with screen.display as display:
        start(display)
        display.notice(StudyStopped(STUDY, "asked to stop"))
        start(display, done=3, best=0.4)
        assert [task.completed for task in display._progress.tasks] == [3]


def test_brackets_in_a_name_are_no_markup():
    screen = Screen(terminal=True)
    with screen.display as display:
        start(display, study="[red]X/RNCMPT1/cnn")
        display._progress.refresh()
    assert screen.lines()[-1].startswith("[red]X/RNCMPT1/cnn")


def test_log_records_are_written_above_the_bars(monkeypatch):
    """The console takes the place of standard error while bars are shown; a handler must not pass it by."""
    screen = Screen(terminal=True)
    monkeypatch.setattr(sys, "stderr", screen.stream)
    handler = TerminalLog()
    with screen.display as display:
        start(display)
        before = sys.stderr
        handler.emit(logging.makeLogRecord({"msg": "a worker was lost"}))
    assert before is not screen.stream
    assert "a worker was lost" in screen.lines()
