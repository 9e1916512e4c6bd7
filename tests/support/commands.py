"""The real command line, run within the tests' own process."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from search.cli import main

TINY_SPACE = """
architecture = "cnn"
[fixed]
epochs = 2
filters = 8
hidden = 8
[seed]
motif_length = 8
[parameters]
motif_length = { type = "int", low = 4, high = 12 }
batch_norm = { type = "categorical", choices = [false, true] }
learning_rate = { type = "float", low = 1e-3, high = 2e-2, log = true }
"""
STUDY = "SIMFOX/RNCMPT90001/cnn"


@dataclass(frozen=True)
class Said:
    """What a command left: its exit code, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> Any:
        """What it wrote with --json."""
        return json.loads(self.out)


def rbptune(*arguments: object) -> Said:
    """Run a command as ``rbptune ARGUMENTS`` would; what the libraries log is on its standard error too."""
    out, err = io.StringIO(), io.StringIO()
    written = contextlib.redirect_stdout(out), contextlib.redirect_stderr(err)
    with _command_line(*arguments), written[0], written[1], _logged_to(err), pytest.raises(SystemExit) as end:
        main()
    assert isinstance(end.value.code, int)
    return Said(end.value.code, out.getvalue(), err.getvalue())


def run_alone(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    command = [sys.executable, "-m", "search", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=200, check=False)


def launch(data: Path, workspace: Path, *options: object, name: str = "SIMFOX") -> list[object]:
    """Give the arguments of a launch in this process that ends in a second: two trials of two epochs.

    Options given here come last and therefore count.
    """
    space = workspace.parent / "tiny.toml"
    space.write_text(TINY_SPACE)
    tiny = ["--space", space, "--trials", 2, "--jobs", 0, "--finalists", 1, "--members", 1]
    return ["launch", name, "--data", data, "--workspace", workspace, *tiny, *options]


def status(workspace: Path) -> Any:
    """Give the rows of ``rbptune status --json``."""
    said = rbptune("status", "--workspace", workspace, "--json")
    assert (said.code, said.err) == (0, "")
    return said.rows


@contextlib.contextmanager
def _command_line(*arguments: object) -> Iterator[None]:
    with patch.object(sys, "argv", ["rbptune", *map(str, arguments)]):
        yield


@contextlib.contextmanager
def _logged_to(stream: io.StringIO) -> Iterator[None]:
    """Write warnings where they would go without pytest's own handlers."""
    handler = logging.StreamHandler(stream)
    handler.setLevel(logging.WARNING)
    level = logging.getLogger("rbptune").level
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        logging.getLogger("rbptune").setLevel(level)
