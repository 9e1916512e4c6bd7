"""A workspace that version 0.1.0 left goes on under its own rule.

It was made with `simulate --probes 2000 --seed 7 --experiments 3` and ``launch ... --finalists 1 --members 1
--jobs 0``: one study is done, the other was stopped after two of four trials.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from data_io.simulate import simulate
from search.strategy.strategy import Strategy
from search.study.record import open_study
from search.study.storage import open_storage
from search.study.workspace import Workspace
from tests.support.commands import rbptune, status

KEPT = Path(__file__).parents[2] / "fixtures" / "workspace_0.1.0.db.gz"
DONE, STOPPED = "SIMFOX/RNCMPT90001/cnn", "SIMPUM/RNCMPT90002/cnn"
SPACE = """
architecture = "cnn"
[fixed]
epochs = 2
filters = 8
hidden = 8
[seed]
motif_length = 8
[parameters]
motif_length = { type = "int", low = 4, high = 12 }
learning_rate = { type = "float", low = 1e-3, high = 2e-2, log = true }
"""
VAL, TEST = 0.07093499426787025, 0.13469463688628938  # what 0.1.0 found with all four trials, undisturbed


@pytest.fixture
def old(tmp_path: Path) -> Path:
    workspace = tmp_path / "studies"
    workspace.mkdir()
    (workspace / "studies.db").write_bytes(gzip.decompress(KEPT.read_bytes()))
    return workspace


def test_its_studies_have_their_rule_and_their_figures(old: Path) -> None:
    rows = {row["study"]: row for row in status(old)}
    assert {name: row["state"] for name, row in rows.items()} == {DONE: "done", STOPPED: "stopped"}
    assert rows[DONE]["test_spearman"] == pytest.approx(-0.02435, abs=1e-4)
    rule = open_study(open_storage(Workspace(old)), STOPPED).strategy
    assert rule == Strategy(
        sampler="tpe",
        startup_trials=10,
        pruner="percentile",
        keep_percent=40,
        pruner_startup_trials=5,
        warmup_epochs=3,
        early_keep_percent=None,
        patience=2,
        min_gain=0.001,
        counted=("finished", "pruned"),
        finalists=1,
        members=1,
        retraining_patience=5,
        partners_within=None,
        refit=False,
    )


def test_what_was_stopped_goes_on_to_the_figures_that_it_would_have_had(old: Path, tmp_path: Path) -> None:
    simulate(tmp_path / "data", probes=2000, seed=7, experiments=3)
    (tmp_path / "space.toml").write_text(SPACE)
    said = rbptune(
        *("launch", "RNCMPT90002", "--data", tmp_path / "data", "--space", tmp_path / "space.toml"),
        *("--trials", 4, "--jobs", 0, "--finalists", 1, "--members", 1, "--workspace", old),
    )
    assert said.code == 0, said.err
    row = next(row for row in status(old) if row["study"] == STOPPED)
    assert (row["state"], row["trials_done"], row["best_trial"]) == ("done", 4, 3)
    kept = {path.name for path in Workspace(old).artifacts(STOPPED).glob("finalists/*")}
    assert kept == {"final-3-0.safetensors"}, "nothing is trained on all of Set A"
    assert row["val_spearman"] == pytest.approx(VAL, abs=1e-3)  # processors round differently
    assert row["test_spearman"] == pytest.approx(TEST, abs=1e-3)
