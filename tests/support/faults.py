"""Runs of the real command that are killed at random moments, and the check of what is left."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from search.study.status import read_status
from search.study.workspace import Workspace

SPACE = """
architecture = "cnn"
[fixed]
epochs = 6
[parameters]
motif_length = { type = "int", low = 5, high = 12 }
filters = { type = "categorical", choices = [16, 32] }
pooling = { type = "categorical", choices = ["max", "max+average"] }
batch_norm = { type = "categorical", choices = [false, true] }
dropout = { type = "float", low = 0.0, high = 0.5 }
learning_rate = { type = "float", low = 1e-3, high = 5e-3, log = true }
schedule = { type = "categorical", choices = ["constant", "cosine"] }
"""
LONGEST = 240  # seconds that one launch may take
LATEST = 24  # epochs that a launch of six trials surely has before its retraining


@dataclass(frozen=True)
class Launch:
    """A launch that can be started again and again in one workspace."""

    data: Path
    workspace: Path
    trials: int = 6
    jobs: int = 1
    extra: tuple[str, ...] = ()

    @property
    def command(self) -> list[str]:
        space = self.workspace.parent / "space.toml"
        if not space.exists():
            space.write_text(SPACE)
        options = [
            "--space",
            space,
            "--trials",
            self.trials,
            "--jobs",
            self.jobs,
            "--workspace",
            self.workspace,
        ]
        fixed = ["--seed", 3, "--finalists", 1, "--members", 1]
        command = ["launch", "SIMFOX", "--data", self.data, *options, *fixed, *self.extra]
        return [sys.executable, "-m", "search", *map(str, command)]

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )

    def finish(self) -> str:
        """Run to the end, and give what it printed."""
        done = subprocess.run(self.command, capture_output=True, text=True, timeout=LONGEST, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stderr


def workers_of(driver: subprocess.Popen[str]) -> list[psutil.Process]:
    """The worker processes of a driver."""
    try:
        children = psutil.Process(driver.pid).children(recursive=True)
        return [child for child in children if "spawn_main" in " ".join(child.cmdline())]
    except psutil.Error:
        return []


def wait_until_training(workspace: Path, driver: subprocess.Popen[str], epochs: int = 1) -> None:
    """Wait until a driver has recorded so many epochs."""
    before = count_epochs(workspace)
    start = time.monotonic()
    while driver.poll() is None and count_epochs(workspace) < before + epochs:
        assert time.monotonic() - start < LONGEST, "no epoch was recorded"
        time.sleep(0.02)


def count_epochs(workspace: Path) -> int:
    path = workspace / "studies.db"
    if not path.exists():
        return 0
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10) as connection:
            return connection.execute("SELECT COUNT(*) FROM trial_intermediate_values").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def disturb(
    launch: Launch, chance: random.Random, kill_worker: bool, kill_driver: bool, latest: int = LATEST
) -> None:
    """Launch, and kill at a random moment after training began; whoever is to be killed surely is.

    The moment is a number of epochs and a short while, so that a fast machine is not through before it.
    """
    driver = launch.start()
    wait_until_training(launch.workspace, driver, chance.randint(1, latest))
    time.sleep(chance.uniform(0.0, 0.2))
    if kill_worker:
        kill_a_worker(driver, chance)
        time.sleep(chance.uniform(0.0, 0.5))
    if kill_driver:
        assert driver.poll() is None, "the run was over before its driver could be killed"
        os.kill(driver.pid, signal.SIGKILL)
    driver.communicate(timeout=LONGEST)


def kill_a_worker(driver: subprocess.Popen[str], chance: random.Random) -> None:
    """Kill one of the worker processes; where none is there just now, the next one."""
    start = time.monotonic()
    while not (victims := workers_of(driver)):
        assert driver.poll() is None, "the run was over before a worker could be killed"
        assert time.monotonic() - start < LONGEST, "no worker came"
        time.sleep(0.02)
    victim = chance.choice(victims)
    victim.kill()
    victim.wait(timeout=LONGEST)


def outcome(workspace: Path) -> dict[str, object]:
    """All that must not depend on what was killed: every trial, and the study's figures."""
    with sqlite3.connect(workspace / "studies.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        trials = connection.execute("SELECT trial_id, number, state FROM trials ORDER BY number").fetchall()
        shown = {
            number: {
                "state": state,
                "params": sorted(_rows(connection, "param_name, param_value", "trial_params", trial)),
                "epochs": sorted(
                    _rows(connection, "step, intermediate_value", "trial_intermediate_values", trial)
                ),
                "value": _rows(connection, "value", "trial_values", trial),
            }
            for trial, number, state in trials
        }
        assert len(shown) == len(trials), "two trials of one number"
    (row,) = read_status(Workspace(workspace))
    result = json.loads((Workspace(workspace).artifacts(row["study"]) / "result.json").read_text())
    for key in ("tested_at", "provenance"):
        result.pop(key)
    return {"state": row["state"], "trials": shown, "result": result}


def _rows(connection: sqlite3.Connection, columns: str, table: str, trial: int) -> list[tuple[object, ...]]:
    return connection.execute(f"SELECT {columns} FROM {table} WHERE trial_id = ?", (trial,)).fetchall()


def check_exact(workspace: Path, trials: int) -> None:
    """Exactly the asked number of trials, each counted once, and nothing left open."""
    found = outcome(workspace)
    assert found["state"] == "done"
    states = [trial["state"] for trial in found["trials"].values()]
    assert states.count("COMPLETE") + states.count("PRUNED") == trials == len(states), states
    assert not list((workspace / "checkpoints").rglob("*.safetensors"))
