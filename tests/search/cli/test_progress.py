"""What people see while studies run."""

import io
import logging
import re
import sys

import pytest
from rich.console import Console

from search.cli.options import console
from search.cli.progress import ProgressDisplay, TerminalLog
from search.service.notices import (
    BestAtEdge,
    EpochEnded,
    FinalistRetrained,
    FleetEnded,
    MemberRefitted,
    Notice,
    StudiesWaiting,
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
        display.notice(FinalistRetrained(STUDY, 10, member, 0.5, member + 1, 4))
    for member in (0, 1):
        display.notice(MemberRefitted(STUDY, 10, member, 7, member + 3, 4))
    display.notice(
        StudyDone(STUDY, 10, val_spearman=0.52, test_spearman=0.53, test_pearson=0.6, partners=[7])
    )


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
        f"{STUDY}: retrained trial 10 (seed 1), on all of Set A for 7 epochs",
        f"{STUDY}: retrained trial 10 (seed 2), on all of Set A for 7 epochs",
        f"{STUDY}: done, trial 10 won, with trial 7: validation 0.520, test 0.530",
    ]


def test_a_winner_at_the_edge_of_its_space_is_said():
    screen = Screen(terminal=False)
    with screen.display as display:
        start(display)
        edges = {"learning_rate": {"value": 0.004913, "low": 1e-4, "high": 5e-3}}
        display.notice(BestAtEdge(STUDY, edges))
    assert screen.lines() == [
        f"{STUDY}: the best lies at the edge of the space (learning_rate = 0.004913 of 0.0001 to 0.005); "
        "--space can widen it"
    ]


def test_a_terminal_gets_a_bar_with_the_best_so_far():
    screen = Screen(terminal=True)
    with screen.display as display:
        run_two_trials(display)
        screen.display._progress.refresh()
    assert re.fullmatch(rf"{STUDY} \S* +2/30 best 0\.512  pruned 1 +\S*<1m +12: starting", screen.lines()[-1])


def test_retraining_is_counted():
    screen = Screen(terminal=True)
    with screen.display as display:
        run_two_trials(display)
        display.notice(FinalistRetrained(STUDY, 10, 0, 0.5, 1, 9))
        display._progress.refresh()
        assert "best 0.512  retrained 1/9 " in screen.lines()[-1]
        display.notice(MemberRefitted(STUDY, 10, 0, 7, 8, 9))
        display._progress.refresh()
    assert "best 0.512  retrained 8/9 " in screen.lines()[-1]


def test_nothing_but_the_running_trials_is_cut_in_80_columns():
    screen = Screen(terminal=True)
    with screen.display as display:
        start(display, best=0.512, done=12)
        for trial in range(16):
            display.notice(epoch(trial, 20))
        display._progress.refresh()
    last = screen.lines()[-1]
    assert len(last) <= 80
    assert re.search(r" 12/30 best 0\.512  pruned 0 +0: epoch 20", last)


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


OTHER = "HNRNPA2B1/RNCMPT00024/rnn"


def run_a_fleet(monkeypatch, **options):
    """Two studies under way and 486 waiting; a trial took ten minutes."""
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    screen = Screen(**options)
    display = screen.display
    start(display)
    start(display, OTHER, 100)
    display.notice(StudiesWaiting(486))
    for trial in range(3):
        display.notice(TrialStarted(STUDY, trial, "w", {}))
        now[0] += 600
        display.notice(TrialFinished(STUDY, trial, 0.5, 3, None))
    return screen


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_time_left_is_shown_at_every_width(width, monkeypatch):
    screen = run_a_fleet(monkeypatch, terminal=True, width=width)
    bars, in_all = list(screen.display._progress.get_renderables())
    with screen.console.capture() as shown:
        screen.console.print(bars)
        screen.console.print(in_all)
    lines = [line.rstrip() for line in shown.get().splitlines()]
    assert max(map(len, lines)) <= width
    assert len(lines) == 3
    assert re.search(r"(RNCM…002|RNCMPT00002)/cnn.* 3/30.* 0\.500.* 4h30m$", lines[0])
    assert re.search(r"(024|RNCMPT00024)/rnn.* 0/100", lines[1])
    assert re.fullmatch(r"in all: 2 run, 486 wait, \d+d(\d+h)? left", lines[2])


def test_a_file_is_told_of_all_when_a_study_ends(monkeypatch):
    screen = run_a_fleet(monkeypatch, terminal=False)
    screen.display.notice(StudyFailed(STUDY, "no room"))
    assert re.fullmatch(r"in all: 1 run, 486 wait, \d+d(\d+h)? left", screen.lines()[-1])
    screen.display.notice(FleetEnded(486, 1, 1, "interrupted"))
    assert screen.lines()[-1] == (
        "nothing runs any more: 486 done, 1 failed, 1 left before the end (interrupted)"
    )


def test_a_notebook_gets_lines(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm-color")
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    assert console().is_terminal
    monkeypatch.setenv("JPY_PARENT_PID", "7")
    assert not console().is_terminal


def test_no_colour_where_none_is_wanted(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    terminal = console()
    with terminal.capture() as shown:
        display = ProgressDisplay(terminal)
        start(display)
        display.notice(StudyFailed(STUDY, "no room"))
        terminal.print(next(iter(display._progress.get_renderables())))
    assert re.findall(r"\x1b\[[0-9;]*3[0-9][0-9;]*m", shown.get()) == []
