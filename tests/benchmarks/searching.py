"""What the service around the training of a whole search costs.

Searches run as a user runs them, as `rbptune launch` in processes of their own; what they did when is read
from their event logs.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.reading import PROTEIN, full_size_data

JOBS = os.cpu_count() or 1
RBPTUNE = [str(Path(sys.executable).with_name("rbptune"))]
SERVICE_EPOCHS = "3"  # of the shipped 30, so that it takes minutes; the service weighs the more for it


def service_cost(trials: int = 40) -> dict:
    """Worker seconds of a full-size search that are no epoch: starting, dispatch, reports, database, waiting.

    The whole of them runs, for each worker, from the command's start to the end of its last trial. What one
    of them idles after that, while another still trains, is given apart: no service could fill it.
    """
    data = full_size_data()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "studies"
        options = ("--arch", "cnn", "--epochs", SERVICE_EPOCHS, "--finalists", "1", "--members", "1")
        run = launch(data, PROTEIN, workspace, trials, *options)
        status = median_seconds([*RBPTUNE, "status", "--workspace", str(workspace)])
    whole, trained = sum(run["worker_seconds"]), run["trained_seconds"]
    ratio = whole / (whole - trained)
    return {
        "name": "service_cost",
        "ours": whole - trained,
        "reference": whole,
        "ratio": ratio,
        "unit": "s",
        "spread": [ratio, ratio],
        "share_percent": 100 / ratio,
        "idle_at_the_end_seconds": max(run["worker_seconds"]) * JOBS - whole,
        "help_seconds": median_seconds([*RBPTUNE, "--help"]),
        "status_seconds": status,
    }


def launch(
    data: Path, protein: str, workspace: Path, trials: int, *options: str, jobs: int = JOBS
) -> dict[str, Any]:
    """Run a search: seconds until its trials began and ended, epochs, seconds that workers trained."""
    place = ["--data", str(data), "--workspace", str(workspace), "--trials", str(trials)]
    started = time.time()
    command = [*RBPTUNE, "launch", protein, *place, "--jobs", str(jobs), *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    lines = (workspace / "logs" / "events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    ends = [event for event in events if event["event"] in {"trial_finished", "trial_pruned"}]
    worker_of = {event["trial"]: event["worker"] for event in events if event["event"] == "trial_started"}
    last = {worker_of[event["trial"]]: _moment(event) - started for event in ends}
    return {
        "start_seconds": min(_moment(event) for event in events if event["event"] == "trial_started")
        - started,
        "search_seconds": max(last.values()),
        "epochs": sum(event["event"] == "epoch_ended" for event in events),
        "worker_seconds": list(last.values()),
        "trained_seconds": sum(event["seconds"] for event in events if event["event"] == "epoch_ended"),
    }


def _moment(event: dict[str, Any]) -> float:
    return datetime.fromisoformat(event["time"]).timestamp()


def median_seconds(command: list[str], runs: int = 5) -> float:
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)
