"""Tests of tables for people."""

import io

import pytest

from search.results.text_table import as_records, cell, print_table

COLUMNS = {"study": "Study", "state": "State", "val": "Val"}
ROWS = [
    {"study": "ANKHD1/RNCMPT00002/cnn", "state": "searching", "val": 0.58149},
    {"study": "QKI/RNCMPT00047/rnn", "state": "queued", "val": None},
]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def printed(rows, width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    print_table(rows, COLUMNS, stream)
    return stream.getvalue()


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_table_where_it_fits(width, monkeypatch):
    text = printed(ROWS, width, monkeypatch)
    assert "│ ANKHD1/RNCMPT00002/cnn │ searching │ 0.581 │" in text
    assert "│ QKI/RNCMPT00047/rnn    │ queued    │     - │" in text


@pytest.mark.parametrize("width", [10, 20, 30, 40, 45])
def test_no_name_is_broken_where_it_does_not_fit(width, monkeypatch):
    lines = printed(ROWS, width, monkeypatch).splitlines()
    assert "ANKHD1/RNCMPT00002/cnn" in lines
    assert "QKI/RNCMPT00047/rnn" in lines
    assert " ".join(" ".join(lines).split()) == (
        "ANKHD1/RNCMPT00002/cnn State searching, Val 0.581 QKI/RNCMPT00047/rnn State queued, Val -"
    )
    if width >= 40:
        assert "  State searching, Val 0.581" in lines


def test_what_is_no_terminal_has_room_for_everything():
    stream = io.StringIO()
    print_table([{**ROWS[0], "study": "A" * 300}], COLUMNS, stream)
    assert "A" * 300 in stream.getvalue()


def test_brackets_are_no_markup_and_nothing_steers_the_terminal(monkeypatch):
    text = printed([{"study": "[b]x[/b]\x1b[31m :cat:", "state": "[/b]", "val": 1}], 80, monkeypatch)
    assert "[b]x[/b]\N{REPLACEMENT CHARACTER}[31m :cat: │ [/b]" in text


def test_records_keep_a_cell_together():
    assert as_records([["a name", "one two", "3"]], ["Name", "First", "Second"], 18) == (
        "a name\n  First one two,\n  Second 3\n"
    )


def test_cells():
    assert [cell(value) for value in (None, 0.12345, 3, "x\ny")] == [
        "-",
        "0.123",
        "3",
        "x\N{REPLACEMENT CHARACTER}y",
    ]
