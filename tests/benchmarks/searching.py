"""What a whole search costs: the service around the training, and the wall time against a naive search.

Searches run as a user runs them, as `rbptune launch` in processes of their own; what they did when is read
from their event logs.
"""

import hashlib
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

from data_io.files import write_atomically
from tests.benchmarks.reading import PROTEIN, REPOSITORY, bench_folder, full_size_data

JOBS = os.cpu_count() or 1
RBPTUNE = [str(Path(sys.executable).with_name("rbptune"))]
NAIVE_SOURCES = (
    "tests/benchmarks/naive.py",
    "tests/benchmarks/reference.py",
    "studies/cnn.toml",
    "constraints.txt",
)
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


def search_wall(seeds: int = 3, trials: int = 30, epochs: int = 15) -> dict:
    """Trials of the shipped CNN space on measured data, against Optuna around the reference loop."""
    measured = Path(os.environ.get("RBPTUNE_REAL_DATA") or REPOSITORY.parent / "shared" / "data")
    data, pairs = measured / "rnacompete_real", []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as folder:
            options = ("--epochs", str(epochs), "--seed", str(seed))
            ours = launch(data, "ANKHD1", Path(folder) / "studies", trials, *options)
        pairs.append((ours, naive_search(data, trials, epochs, seed)))
    ratios = [theirs["seconds"] / ours["search_seconds"] for ours, theirs in pairs]
    return {
        "name": "search_wall",
        "ours": statistics.median(ours["search_seconds"] for ours, _ in pairs),
        "reference": statistics.median(theirs["seconds"] for _, theirs in pairs),
        "ratio": statistics.median(ratios),
        "unit": "s",
        "spread": [min(ratios), max(ratios)],
        "with_retraining_and_test": [ours["seconds"] for ours, _ in pairs],
        "spearman": [ours["spearman"] for ours, _ in pairs],
        "reference_spearman": [theirs["spearman"] for _, theirs in pairs],
    }


def naive_search(data: Path, trials: int, epochs: int, seed: int) -> dict[str, float]:
    """Seconds and best score of a naive search.

    It takes about an hour. So its figures are kept with the benchmark's data, and hold for as long as what
    it runs stays the same.
    """
    arguments = [str(data), "ANKHD1", str(trials), str(epochs), str(seed)]
    digest = hashlib.sha256(" ".join([*arguments, str(os.cpu_count())]).encode())
    for source in NAIVE_SOURCES:
        digest.update((REPOSITORY / source).read_bytes())
    kept = bench_folder() / "naive" / f"seed-{seed}-{digest.hexdigest()[:12]}.json"
    if not kept.exists():
        command = [sys.executable, "-m", "tests.benchmarks.naive", *arguments]
        done = subprocess.run(command, check=True, capture_output=True, cwd=REPOSITORY)
        with write_atomically(kept) as temporary:
            temporary.write_bytes(done.stdout)
    figures: dict[str, float] = json.loads(kept.read_text())
    return figures


def launch(
    data: Path, protein: str, workspace: Path, trials: int, *options: str, jobs: int = JOBS
) -> dict[str, Any]:
    """Run a search: its seconds, those until its trials began and ended, what was trained, its best score."""
    place = ["--data", str(data), "--workspace", str(workspace), "--trials", str(trials)]
    started, clock = time.time(), time.perf_counter()
    command = [*RBPTUNE, "launch", protein, *place, "--jobs", str(jobs), *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seconds = time.perf_counter() - clock
    lines = (workspace / "logs" / "events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    ends = [event for event in events if event["event"] in {"trial_finished", "trial_pruned"}]
    worker_of = {event["trial"]: event["worker"] for event in events if event["event"] == "trial_started"}
    last = {worker_of[event["trial"]]: _moment(event) - started for event in ends}
    return {
        "seconds": seconds,
        "start_seconds": min(_moment(event) for event in events if event["event"] == "trial_started")
        - started,
        "search_seconds": max(last.values()),
        "epochs": sum(event["event"] == "epoch_ended" for event in events),
        "worker_seconds": list(last.values()),
        "trained_seconds": sum(event["seconds"] for event in events if event["event"] == "epoch_ended"),
        "spearman": max(event["spearman"] for event in ends if event["event"] == "trial_finished"),
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
