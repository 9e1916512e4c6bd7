"""The same seed gives the same trials and figures, in another workspace as after any interruption."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.commands import STUDY, launch, rbptune, status
from tests.support.faults import outcome

TRIALS = 12
SPACE = """
architecture = "cnn"
[fixed]
epochs = 8
[seed]
motif_length = 8
[parameters]
motif_length = { type = "int", low = 5, high = 12 }
filters = { type = "categorical", choices = [8, 16] }
pooling = { type = "categorical", choices = ["max", "max+average"] }
batch_norm = { type = "categorical", choices = [false, true] }
dropout = { type = "float", low = 0.0, high = 0.5 }
learning_rate = { type = "float", low = 1e-4, high = 5e-3, log = true }
schedule = { type = "categorical", choices = ["constant", "cosine"] }
"""


def search(data: Path, workspace: Path, seed: int = 5) -> list[object]:
    """A search long enough to be cut off: pruned trials, two finalists with two members each."""
    space = workspace.parent / "space.toml"
    space.write_text(SPACE)
    more = ("--trials", TRIALS, "--space", space, "--finalists", 2, "--members", 2, "--seed", seed)
    return launch(data, workspace, *more)


@pytest.fixture(scope="module")
def undisturbed(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = tmp_path_factory.mktemp("undisturbed") / "studies"
    said = rbptune(*search(simulated, workspace))
    assert said.code == 0, said.err
    return workspace


def test_two_workspaces_get_the_same_trials_and_figures(
    simulated: Path, undisturbed: Path, tmp_path: Path
) -> None:
    assert rbptune(*search(simulated, tmp_path / "studies")).code == 0
    first, second = outcome(undisturbed), outcome(tmp_path / "studies")
    assert first == second
    states = [trial["state"] for trial in first["trials"].values()]
    assert len(states) == TRIALS
    assert {"COMPLETE", "PRUNED"} == set(states), "both kinds of end have to be compared"
    models, tables = "weights-*.safetensors", "test_predictions.tsv.gz"
    kept = [path.relative_to(undisturbed) for name in (models, tables) for path in undisturbed.rglob(name)]
    assert len(kept) == 3
    for path in kept:
        assert (undisturbed / path).read_bytes() == (tmp_path / "studies" / path).read_bytes()


def test_another_seed_gives_other_trials(simulated: Path, undisturbed: Path, tmp_path: Path) -> None:
    assert rbptune(*search(simulated, tmp_path / "studies", seed=6)).code == 0
    first, second = (outcome(workspace)["trials"] for workspace in (undisturbed, tmp_path / "studies"))
    drawn, again = ([trial["params"] for trial in trials.values()] for trials in (first, second))
    assert drawn[0] == again[0], "trial 0 is the seed config"
    assert all(one != other for one, other in zip(drawn[1:], again[1:], strict=True))


def count_ended(workspace: Path) -> int:
    """Trials that a search has ended so far, read beside it."""
    path = workspace / "studies.db"
    if not path.exists():
        return 0
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10) as database:
            counted = database.execute("SELECT COUNT(*) FROM trials WHERE state IN ('COMPLETE', 'PRUNED')")
            return int(counted.fetchone()[0])
    except sqlite3.OperationalError:  # the tables are being made
        return 0


def cut_off(
    command: list[object],
    workspace: Path,
    number: signal.Signals,
    ended: int,
    twice: bool = False,
    checkpoint: str = "",
) -> tuple[int, str, str]:
    """Launch in a process of its own, signal it once `ended` trials have; give code, output, errors.

    Where a `checkpoint` is named, not before there is one.
    """
    process = subprocess.Popen(
        # All signals as they come: nohup has its children ignore one.
        ["env", "--default-signal", sys.executable, "-m", "search", *map(str, command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    patience = time.monotonic() + 120
    while count_ended(workspace) < ended and process.poll() is None:
        assert time.monotonic() < patience, "no trial has ended"
        time.sleep(0.01)
    while checkpoint and not any(workspace.rglob(checkpoint)) and process.poll() is None:
        assert time.monotonic() < patience, "no such checkpoint"
        time.sleep(0.001)
    os.killpg(process.pid, number)  # all processes, as the terminal does with Ctrl-C
    if twice:
        time.sleep(0.05)
        os.killpg(process.pid, number)
    out, err = process.communicate(timeout=8 if twice else 20)  # Dask's own end would take longer
    return process.returncode, out, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_search_that_is_interrupted_goes_on_to_the_same_figures(
    number: signal.Signals, simulated: Path, undisturbed: Path, tmp_path: Path
) -> None:
    workspace = tmp_path / "studies"
    code, out, err = cut_off(search(simulated, workspace), workspace, number, ended=3)
    assert code == 130
    lines = err.splitlines()
    assert lines[-1] == "stopped: interrupted; the same command goes on where this one ended"
    assert "Traceback" not in err
    assert "stopped" in out, "the table of the status"
    (row,) = status(workspace)
    assert (row["state"], row["reason"]) == ("stopped", "interrupted")
    assert 3 <= row["trials_done"] < TRIALS
    said = rbptune(*search(simulated, workspace))
    assert said.code == 0, said.err
    assert f"goes on after {row['trials_done']} of {TRIALS} trials" in said.err
    assert outcome(workspace) == outcome(undisturbed)


@pytest.mark.parametrize("jobs", [0, 1])
def test_a_second_ctrl_c_ends_it_at_once_and_loses_nothing_either(
    simulated: Path, undisturbed: Path, tmp_path: Path, jobs: int
) -> None:
    workspace = tmp_path / "studies"
    command = [*search(simulated, workspace), "--jobs", jobs]
    code, _, err = cut_off(command, workspace, signal.SIGINT, ended=3, twice=True)
    assert code in {130, -signal.SIGINT}, "the latter where the second one met the interpreter's own end"
    assert "Traceback" not in err
    assert rbptune(*search(simulated, workspace)).code == 0
    assert outcome(workspace) == outcome(undisturbed)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_all_processes_is_one_line(
    number: signal.Signals, simulated: Path, tmp_path: Path
) -> None:
    """As batch systems, service managers and terminals that close send it."""
    workspace = tmp_path / "studies"
    command = [*search(simulated, workspace), "--jobs", 2]
    code, _, err = cut_off(command, workspace, number, ended=2)
    assert code == 130
    assert err.splitlines()[-1] == "stopped: interrupted; the same command goes on where this one ended"
    assert "Traceback" not in err


def test_ctrl_c_does_not_show_the_workers_and_the_total_stays_exact(simulated: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "studies"
    command = [*search(simulated, workspace), "--jobs", 2]
    code, out, err = cut_off(command, workspace, signal.SIGINT, ended=2)
    assert code == 130
    assert err.splitlines()[-1] == "stopped: interrupted; the same command goes on where this one ended"
    assert all(line.startswith(f"{STUDY}: trial ") for line in err.splitlines()[:-1]), err
    assert "stopped" in out
    assert rbptune(*search(simulated, workspace)).code == 0
    (row,) = status(workspace)
    assert (row["state"], row["trials_done"], row["trials_running"]) == ("done", TRIALS, 0)
    assert row["trials_failed"] == 0


def test_a_search_that_is_killed_goes_on_to_the_same_figures(
    simulated: Path, undisturbed: Path, tmp_path: Path
) -> None:
    workspace = tmp_path / "studies"
    code, _, _ = cut_off(search(simulated, workspace), workspace, signal.SIGKILL, ended=TRIALS - 2)
    assert code == -signal.SIGKILL
    (row,) = status(workspace)
    assert row["state"] == "interrupted"
    said = rbptune(*search(simulated, workspace))
    assert said.code == 0, said.err
    assert outcome(workspace) == outcome(undisturbed)
    assert not list(workspace.joinpath("checkpoints").rglob("*.safetensors"))


def test_a_refit_that_is_killed_goes_on_to_the_same_figures(
    simulated: Path, undisturbed: Path, tmp_path: Path
) -> None:
    workspace = tmp_path / "studies"
    begun = "checkpoints/**/refit-*.safetensors"
    code, _, _ = cut_off(
        search(simulated, workspace), workspace, signal.SIGKILL, ended=TRIALS, checkpoint=begun
    )
    assert code == -signal.SIGKILL
    (row,) = status(workspace)
    assert (row["state"], row["test_spearman"]) == ("interrupted", None)
    said = rbptune(*search(simulated, workspace))
    assert said.code == 0, said.err
    assert said.err.count("on all of Set A") >= 1
    assert outcome(workspace) == outcome(undisturbed)
    model = Path("model", "weights-0.safetensors")
    artifacts = [next(place.rglob(str(model))) for place in (workspace, undisturbed)]
    assert artifacts[0].read_bytes() == artifacts[1].read_bytes()
