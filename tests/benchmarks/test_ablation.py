"""The comparison of networks, on simulated data, with no more than the device machine has."""

import json
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from data_io.experiments import read_master_sheet, resolve
from data_io.folder import find_sheet
from data_io.training_set import load_training_set
from models.config import split_params
from search.strategy.space_files import shipped_space
from tests.benchmarks import ablation
from tests.benchmarks.changes import AUGMENTATIONS, apply
from tests.benchmarks.prepared import train
from tests.benchmarks.test_gpu import ABSENT, REPOSITORY
from tests.benchmarks.variants import ARCHITECTURES, GROUPS, MOTIFS, NETWORKS, RATE, TRAINING, WINNERS

COMMAND = """
import runpy, sys
sys.modules.update(dict.fromkeys({absent}))
sys.argv[1:] = {arguments}
runpy.run_module("tests.benchmarks.ablation", run_name="__main__")
"""


@pytest.fixture(scope="module")
def names(simulated):
    return [each.motif_id for each in read_master_sheet(find_sheet(simulated))][:2]


@pytest.fixture(scope="module")
def prepared(simulated, names, tmp_path_factory):
    out = tmp_path_factory.mktemp("ablation") / "probes.npz"
    options = "--train", "200", "--validation", "80", "--out", str(out)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "sys.argv", ["", "prepare", "--data", str(simulated), "--experiments", *names, *options]
        )
        ablation.main()
    return out


def run(*arguments, status=0):
    command = COMMAND.format(absent=ABSENT, arguments=["run", *map(str, arguments)])
    done = subprocess.run(
        [sys.executable, "-c", command], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_probes_are_of_set_a_and_on_their_side_of_the_split(simulated, names, prepared):
    data = load_training_set(simulated, resolve(names[0], read_master_sheet(find_sheet(simulated))))
    sides = {part: {row.tobytes() for row in getattr(data, part).codes} for part in ablation.PARTS}
    with np.load(prepared) as arrays:
        for part, count in (("train", 200), ("validation", 80)):
            codes, targets = (arrays[f"{names[0]}/{part}/{kind}"] for kind in ("codes", "targets"))
            assert codes.shape == (count, 41)
            assert (codes.dtype, targets.dtype) == (np.uint8, np.float32)
            assert np.isfinite(targets).all()
            assert {row.tobytes() for row in codes} <= sides[part]


def test_runs_are_kept_and_taken_up_again(prepared, tmp_path):
    out = tmp_path / "out.json"
    options = prepared, "--device", "cpu", "--seeds", "1", "--epochs", "1", "--out", out
    assert "10 runs left out" in run(*options, "--budget", "-1")
    shown = run(*options)
    found = json.loads(out.read_text())["runs"]
    assert len(found) == 2 * len(NETWORKS)
    assert "2 runs of each config" in shown
    assert run(*options) == shown  # nothing is trained twice: the seconds are the same
    assert "give another --out" in run(*options, "--epochs", "2", status=1)


def test_differences_are_taken_within_an_experiment_and_a_seed():
    scores = {"three layers": (0.5, 0.6, 0.2, 0.3), "residual": (0.52, 0.62, 0.24, 0.34)}
    runs = {
        ablation.key(config, experiment, seed): {"spearman": score, "pearson": score, "seconds": 2.0}
        for config in NETWORKS
        for (experiment, seed), score in zip(
            [("A", 0), ("A", 1), ("B", 0), ("B", 1)],
            scores.get(config, scores["three layers"]),
            strict=True,
        )
    }
    line = ablation.table(runs, ["A", "B"], 2, list(NETWORKS)).splitlines()[2]
    # The means of the experiments are apart by 0.02 and 0.04; within each, the seeds agree.
    assert line.startswith("residual ")
    assert "spearman 0.4300 (+0.0300, 0.0141 / 0.0000)" in line
    del runs[ablation.key("residual", "B", 1)]
    assert "3 runs of each config" in ablation.table(runs, ["A", "B"], 2, list(NETWORKS))


@pytest.mark.parametrize("group", GROUPS)
def test_every_config_is_one_of_the_architecture(group):
    for config in GROUPS[group].values():
        assert config.get("change") in {None, "parallel", *AUGMENTATIONS}
        own = {name: value for name, value in config.items() if name != "change"}
        split_params(ARCHITECTURES[group], {**TRAINING, "epochs": 15, **own})


@pytest.mark.parametrize("change", [*AUGMENTATIONS, "parallel"])
def test_a_change_changes_what_is_trained(prepared, names, change):
    params = {**TRAINING, "epochs": 1, **MOTIFS["motif length 11"]}
    plain, changed = (
        train(str(prepared), "", "cpu", "cnn", {**params, **more}, 0, names[0])
        for more in ({}, {"change": change})
    )
    assert np.isfinite(list(changed.values())).all()
    assert changed["pearson"] != plain["pearson"]


def test_what_has_graphs_is_not_changed():
    with pytest.raises(ValueError, match="--device cpu"):
        apply("mask", SimpleNamespace(_graphed=object()))


@pytest.mark.parametrize(
    ("number", "config"), [(2, RATE["learning rate 0.002"]), (3, WINNERS["motif length 5"])]
)
def test_what_is_said_to_be_a_start_of_the_shipped_space_is_one(number, config):
    space = shipped_space("cnn")
    shipped = split_params("cnn", dict(space.prescribed[number]))
    assert split_params("cnn", {**TRAINING, "epochs": 15, **config}) == shipped
