"""The door: with the compiled kernels and without, every network trains, goes on and predicts the same."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from models import kernels
from models.kernels import kernels_for
from tests.support import networks

REPOSITORY = Path(__file__).resolve().parents[2]


def run(tree, *given, **environment):
    """Train every network by the packages of a folder, in a process of its own."""
    command = [sys.executable, networks.__file__, *map(str, given)]
    variables = {**os.environ, "PYTHONPATH": str(tree), **environment}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, cwd=tree, check=False)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """The packages that networks need, without models/fast."""
    folder = tmp_path_factory.mktemp("tree")
    for package in ("data_io", "models"):
        leave_out = shutil.ignore_patterns("__pycache__", "fast")
        shutil.copytree(REPOSITORY / package, folder / package, ignore=leave_out)
    assert not list(folder.rglob("fast"))
    return folder


@pytest.fixture(scope="module")
def with_kernels(tmp_path_factory):
    """Results and first checkpoints of networks that were trained here."""
    folder = tmp_path_factory.mktemp("kernels")
    assert kernels.fast is not None
    results = {}
    for name in networks.networks():
        results[name], checkpoint = networks.train(name)
        (folder / f"{name}.checkpoint").write_bytes(checkpoint)
    return folder, results


def assert_close(found, expected, name):
    """Same losses and predictions; Adam takes whole steps in biases that a normalisation cancels."""
    spread = expected["prediction"].std()
    assert spread > 5e-4, f"{name} has learned nothing that could differ"
    np.testing.assert_allclose(found["prediction"], expected["prediction"], atol=0.02 * spread, err_msg=name)
    np.testing.assert_allclose(found["curve"], expected["curve"], atol=5e-3, err_msg=name)


def assert_all_close(folder, expected):
    for name, values in expected.items():
        assert_close(np.load(folder / f"{name}.npz"), values, name)


def test_without_the_folder_every_network_trains_and_predicts_the_same(tree, with_kernels, tmp_path):
    done = run(tree, tmp_path / "out")
    assert done.stdout == "None False\n"
    assert done.stderr.startswith("no compiled kernels, networks run slower: ")
    assert_all_close(tmp_path / "out", with_kernels[1])


def test_without_the_folder_a_run_that_began_with_it_goes_on(tree, with_kernels, tmp_path):
    folder, expected = with_kernels
    run(tree, tmp_path / "out", folder)
    assert_all_close(tmp_path / "out", expected)


def test_a_run_that_began_without_the_folder_goes_on_with_it(tree, with_kernels, tmp_path):
    run(tree, tmp_path / "out")
    for name, wanted in with_kernels[1].items():
        found, _ = networks.train(name, (tmp_path / "out" / f"{name}.checkpoint").read_bytes())
        assert_close(found, wanted, name)


def test_where_numba_may_not_compile_plain_torch_runs(with_kernels, tmp_path):
    done = run(REPOSITORY, tmp_path / "out", NUMBA_DISABLE_JIT="1")
    assert done.stdout == "None True\n"
    assert done.stderr == "no compiled kernels, networks run slower: NUMBA_DISABLE_JIT is set\n"
    assert_all_close(tmp_path / "out", with_kernels[1])


def test_kernels_take_float32_and_codes_on_the_cpu(without_kernels):
    codes, weight = torch.zeros(2, 3, dtype=torch.uint8), torch.zeros(2, 3)
    assert kernels_for(codes, weight) is kernels.fast
    assert kernels_for(codes, weight.double()) is None
    assert kernels_for(codes, weight.bfloat16()) is None
    assert kernels_for(codes, weight.to("meta")) is None
    assert without_kernels(kernels_for, codes, weight) is None
