"""Pages in a process of their own: what the process that started them hears of it."""

from __future__ import annotations

import logging
import threading
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path

import pytest

from search.study.workspace import Workspace
from search.web.address import Address
from search.web.beside import pages_beside
from search.web.listening import listen
from search.web.pages import make_pages
from tests.support.clusters import wait_for
from tests.support.pages import failing_pages


def test_what_fails_there_is_logged_here(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    listener, ready, said = listen(port=0), threading.Event(), list[str]()
    url = listener.url
    with pages_beside(failing_pages, listener, Workspace(tmp_path), ready.set, said.append) as process:
        assert ready.wait(60)
        with pytest.raises(urllib.error.HTTPError, match="500"):
            urllib.request.urlopen(url)
        wait_for(lambda: "no such figure" in caplog.text, "the traceback")
    assert caplog.records[-1].levelno == logging.ERROR
    assert caplog.records[-1].name == "search.web.container"
    assert (process.exitcode, said) == (0, [])  # what is wanted needs no word


def test_pages_that_cannot_begin_are_told_in_a_line(tmp_path: Path) -> None:
    workspace, said, ready = Workspace(tmp_path), list[str](), threading.Event()
    make = partial(make_pages, workspace, Address())
    with pages_beside(make, listen(port=0), workspace, ready.set, said.append):
        wait_for(lambda: bool(said), "a line")
    assert said[0].startswith(f"the pages have ended ({tmp_path}")
    assert said[0].count("\n") == 0
    assert not ready.is_set()
