"""Tell somebody when a study or the fleet ends or fails: by a command of theirs, or by a webhook."""

from __future__ import annotations

import json
import logging
import os
import shlex
import shutil
import subprocess
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from queue import SimpleQueue
from typing import Any
from urllib.parse import urlsplit

from data_io.errors import ConfigError
from search.service.notices import FleetEnded, Notice, StudyDone, StudyFailed, StudyNotice
from search.study.workspace import Workspace

_log = logging.getLogger(__name__)

POST_SECONDS = 10
COMMAND_SECONDS = 60
CLOSE_SECONDS = 15  # how long the end of a run waits for what is still to be told

Message = Mapping[str, Any]


class Notifier:
    """An observer that passes on how studies and the fleet end; a context manager.

    It works in a thread of its own and never makes a study wait or fail: what cannot be told is said in the
    log, once.

    Parameters
    ----------
    target : str
        An address that begins with http:// or https://, to which the message is posted as JSON; or a command
        with its arguments, which gets the message as JSON on its standard input and in variables of its
        environment, such as ``RBPTUNE_STUDY``, ``RBPTUNE_STATE`` and ``RBPTUNE_VAL_SPEARMAN``.
    workspace : Workspace

    Raises
    ------
    ConfigError
        When the target is neither.
    """

    def __init__(self, target: str, workspace: Workspace) -> None:
        self._send, self._name = make_sender(target)
        self._workspace = workspace
        self._messages: SimpleQueue[Message | None] = SimpleQueue()
        self._failed = False
        self._thread = threading.Thread(target=self._work, name="rbptune-notify", daemon=True)

    def __enter__(self) -> Notifier:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._messages.put(None)
        self._thread.join(CLOSE_SECONDS)

    def notice(self, notice: Notice) -> None:
        """See `Observer.notice`."""
        message = make_message(notice)
        if message is not None:
            self._messages.put({**message, "workspace": str(self._workspace.root.resolve())})

    def _work(self) -> None:
        while (message := self._messages.get()) is not None:
            try:
                self._send(message)
            except Exception as error:  # whatever a network or a stranger's command can do
                if not self._failed:
                    _log.warning("--notify %s: %s; studies go on", self._name, _reason(error))
                self._failed = True


def make_message(notice: Notice) -> Message | None:
    """Put a notice into the values that are told, or None where it is of no such kind.

    Returns
    -------
    dict
        event ("study" or "fleet"), state ("done", "failed" or "stopped") and text, one line for people; of a
        study its name and figures or reason; of the fleet counts.
    """
    match notice:
        case StudyDone():
            names = ("trial", "val_spearman", "test_spearman", "test_pearson")
            text = f"done: validation {notice.val_spearman:.3f}, test {notice.test_spearman:.3f}"
            return _of_study(notice, "done", text, {name: getattr(notice, name) for name in names})
        case StudyFailed():
            return _of_study(notice, "failed", f"failed: {notice.reason}", {"reason": notice.reason})
        case FleetEnded():
            return _of_fleet(notice)
    return None


def _of_study(notice: StudyNotice, state: str, text: str, facts: Message) -> Message:
    return {
        "event": "study",
        "study": notice.study,
        "state": state,
        "text": f"{notice.study}: {text}",
        **facts,
    }


def _of_fleet(notice: FleetEnded) -> Message:
    state = "stopped" if notice.left else "failed" if notice.failed else "done"
    return {"event": "fleet", "state": state, "text": notice.text, **asdict(notice)}


def make_sender(target: str) -> tuple[Callable[[Message], None], str]:
    """Give the function that tells a message, and the target's name without what may be a secret.

    Raises
    ------
    ConfigError
        When the target is no address and no command.
    """
    if target.startswith(("http://", "https://")):
        return partial(post, target), _without_secrets(target)
    try:
        command = shlex.split(target)
    except ValueError as error:
        raise ConfigError(f"--notify {target!r}: not a command ({error}); close its quotes") from error
    if not command or shutil.which(command[0]) is None:
        name = command[0] if command else target
        raise ConfigError(f"--notify {name!r}: no such command; give a program's path, or a web address")
    return partial(run_command, command), command[0]


def _without_secrets(address: str) -> str:
    try:
        parts = urlsplit(address)
        place = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
    except ValueError as error:
        raise ConfigError(f"--notify {address!r}: not an address ({error}); correct it") from error
    if not parts.hostname or any(c.isspace() for c in address):
        raise ConfigError(
            f"--notify {address!r}: not an address; write it such as https://chat.example.org/x"
        )
    return place


def post(address: str, message: Message) -> None:
    """Post a message as JSON.

    Raises
    ------
    OSError
        When nobody takes it within `POST_SECONDS`.
    """
    body = json.dumps(message).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "rbptune"}
    request = urllib.request.Request(address, body, headers, method="POST")
    with urllib.request.urlopen(request, timeout=POST_SECONDS) as answer:
        answer.read(1000)


def run_command(command: list[str], message: Message) -> None:
    """Run a command with a message in its environment and on its standard input.

    Raises
    ------
    OSError, subprocess.SubprocessError
        When it cannot be run, takes longer than `COMMAND_SECONDS` or ends with another code than 0.
    """
    told = {f"RBPTUNE_{key.upper()}": str(value) for key, value in message.items() if value is not None}
    # A file, since a pipe would be waited for until all that the command leaves behind has closed it.
    with tempfile.TemporaryFile() as given:
        given.write(json.dumps(message).encode() + b"\n")
        given.seek(0)
        subprocess.run(
            command,
            stdin=given,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **told},
            timeout=COMMAND_SECONDS,
            check=True,
            start_new_session=True,  # Ctrl-C is for the driver
        )


def _reason(error: Exception) -> str:
    match error:
        case urllib.error.HTTPError():
            return f"answered {error.code} {error.reason}"
        case urllib.error.URLError():
            return f"cannot be reached ({error.reason})"
        case subprocess.CalledProcessError():
            return f"ended with code {error.returncode}"
        case subprocess.TimeoutExpired():
            return f"was ended after {COMMAND_SECONDS} seconds"
    return f"{type(error).__name__}: {error}"
