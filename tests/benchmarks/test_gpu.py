"""The script for a GPU runs on a CPU, too, and with no more than the device machine has."""

import json
import subprocess
import sys
import threading

import pytest

from tests.benchmarks.gpu.rates import all_in_threads
from tests.benchmarks.reading import REPOSITORY

ABSENT = "polars", "optuna", "distributed", "pydantic", "openpyxl"
COMMAND = """
import runpy, sys
sys.modules.update(dict.fromkeys({absent}))
sys.argv[1:] = {arguments}
runpy.run_module("tests.benchmarks.gpu", run_name="__main__")
"""


def run(*arguments, status=0):
    command = COMMAND.format(absent=ABSENT, arguments=list(arguments))
    done = subprocess.run(
        [sys.executable, "-c", command], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def test_checks_and_rates_on_the_cpu(tmp_path):
    out = tmp_path / "gpu.json"
    shown = run("--device", "cpu", "--quick", "--networks", "cnn", "--out", str(out))
    found = json.loads(out.read_text())
    assert max(found["agreement"]["cnn"]["float32"]) < 1e-4
    assert found["repeats"]["cnn"] == {"again": 0.0, "resumed": 0.0, "plain": 0.0}
    assert found["alone"]["cnn"]["rate"] > 0
    assert {"cnn 2 threads", "cnn 2 processes"} == found["together"].keys()
    assert found["warnings"] == []
    assert "0 checks failed" in shown


def test_a_reference_that_learned_something_else_fails(tmp_path):
    reference = tmp_path / "reference.json"
    reference.write_text(json.dumps({"learned": {"cnn": [0.91, 0.92, 0.93, 0.92]}}))
    options = "--device", "cpu", "--quick", "--checks", "--networks", "cnn", "--reference", str(reference)
    assert "FAILED" in run(*options, "--out", str(tmp_path / "out.json"), status=1)


def test_a_thread_that_fails_fails_the_measurement_and_holds_up_nothing():
    barrier = threading.Barrier(3)

    def work(number):
        if number == 1:
            raise RuntimeError("cuDNN error")
        barrier.wait()
        return 1.0

    with pytest.raises(RuntimeError, match="cuDNN error"):
        all_in_threads(work, 3, barrier)


def test_a_thread_that_hangs_is_left_behind():
    barrier, never = threading.Barrier(2), threading.Event()
    with pytest.raises(TimeoutError, match=r"after 0\.2 seconds"):
        all_in_threads(lambda number: never.wait() if number else 1.0, 2, barrier, patience=0.2)
    never.set()
    assert all_in_threads(float, 3, threading.Barrier(3)) == [0.0, 1.0, 2.0]
