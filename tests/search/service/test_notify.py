"""Telling of ends by a command or a webhook: what arrives, and that nothing that goes wrong is a study's."""

from __future__ import annotations

import json
import logging
import shlex
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from data_io.errors import ConfigError
from search.service.notices import FleetEnded, StudyDone, StudyFailed, TrialFailed
from search.service.notify import Notifier
from search.study.workspace import Workspace
from tests.support.commands import STUDY, launch, rbptune

DONE = StudyDone(STUDY, 7, val_spearman=0.5812, test_spearman=0.577, test_pearson=0.769)
FAILED = StudyFailed(STUDY, "no room; $(touch here) <b>")
ENDED = FleetEnded(done=1, failed=1, left=0, reason=None)
RECORDER = """
import json, os, sys
from pathlib import Path
told = {key: value for key, value in os.environ.items() if key.startswith("RBPTUNE_")}
with Path(sys.argv[1]).open("a") as file:
    file.write(json.dumps([json.load(sys.stdin), told]) + "\\n")
"""


class Hook(BaseHTTPRequestHandler):
    """Takes what is posted; answers as the server is told to."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, self.headers["Content-Type"], json.loads(body)))
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hook() -> Iterator[HTTPServer]:
    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        server.got, server.answer = [], 200
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "studies")


def tell(target: str, workspace: Workspace, *notices: object) -> None:
    with Notifier(target, workspace) as notifier:
        for notice in notices:
            notifier.notice(notice)


def test_a_webhook_gets_each_end_as_json(hook: HTTPServer, workspace: Workspace) -> None:
    tell(f"{hook.url}/a/hook", workspace, TrialFailed(STUDY, 1, "oops"), DONE, FAILED, ENDED)
    assert [(path, kind) for path, kind, _ in hook.got] == [("/a/hook", "application/json")] * 3
    root = str(workspace.root.resolve())
    assert [message for _, _, message in hook.got] == [
        {
            "event": "study",
            "study": STUDY,
            "state": "done",
            "text": f"{STUDY}: done: validation 0.581, test 0.577",
            "trial": 7,
            "val_spearman": 0.5812,
            "test_spearman": 0.577,
            "test_pearson": 0.769,
            "workspace": root,
        },
        {
            "event": "study",
            "study": STUDY,
            "state": "failed",
            "text": f"{STUDY}: failed: {FAILED.reason}",
            "reason": FAILED.reason,
            "workspace": root,
        },
        {
            "event": "fleet",
            "state": "failed",
            "text": "nothing runs any more: 1 done, 1 failed, 0 left before the end",
            "done": 1,
            "failed": 1,
            "left": 0,
            "reason": None,
            "workspace": root,
        },
    ]


def test_a_command_gets_it_on_standard_input_and_in_its_environment(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    program, out = tmp_path / "record it.py", tmp_path / "out"
    program.write_text(RECORDER)
    tell(shlex.join([sys.executable, str(program), str(out)]), workspace, DONE, FAILED)
    (done, environment), (failed, _) = map(json.loads, out.read_text().splitlines())
    assert (done["study"], done["test_spearman"]) == (STUDY, 0.577)
    assert (
        environment.items()
        >= {
            "RBPTUNE_STUDY": STUDY,
            "RBPTUNE_STATE": "done",
            "RBPTUNE_VAL_SPEARMAN": "0.5812",
        }.items()
    )
    assert failed["reason"] == FAILED.reason
    assert not (tmp_path / "here").exists()  # no shell has seen it


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("http://127.0.0.1:1/secret", "http://127.0.0.1:1: cannot be reached ("),
        ("false", "false: ended with code 1"),
        ("{hook}/secret", ": answered 500 "),
    ],
)
def test_what_goes_wrong_is_said_once(
    target: str, said: str, hook: HTTPServer, workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    hook.answer = 500
    with caplog.at_level(logging.WARNING):
        tell(target.format(hook=hook.url), workspace, DONE, FAILED, ENDED)
    (message,) = [record.getMessage() for record in caplog.records]
    assert said in message
    assert "secret" not in message


@pytest.mark.parametrize("target", ["no-such-program x", "'open", "", "http://", "http://[x", "http://a b/c"])
def test_what_cannot_be_told_to_is_refused_before_anything_begins(
    target: str, workspace: Workspace, simulated: Path
) -> None:
    with pytest.raises(ConfigError, match="--notify"):
        Notifier(target, workspace)
    said = rbptune(*launch(simulated, workspace.root, "--notify", target))
    assert (said.code, said.err.count("\n"), workspace.root.exists()) == (2, 1, False)


def test_a_launch_tells_of_its_end(hook: HTTPServer, workspace: Workspace, simulated: Path) -> None:
    assert rbptune(*launch(simulated, workspace.root, "--notify", hook.url)).code == 0
    messages = [message for *_, message in hook.got]
    assert [(each["event"], each["state"]) for each in messages] == [("study", "done"), ("fleet", "done")]
    assert messages[1]["done"] == 1


def test_a_launch_that_failed_says_so(
    hook: HTTPServer, workspace: Workspace, simulated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the dog ate it")

    monkeypatch.setattr("search.service.driver.StudyRun.next_task", fail)
    assert rbptune(*launch(simulated, workspace.root, "--notify", hook.url)).code == 1
    messages = [message for *_, message in hook.got]
    assert [(each["event"], each["state"]) for each in messages] == [("study", "failed"), ("fleet", "failed")]
    assert "the dog ate it" in messages[0]["text"]
