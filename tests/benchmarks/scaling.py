"""How far one driver goes: epochs a second of one and more workers, and what an epoch costs the driver."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from search.service.observers import EventLog
from search.service.trials import Trials
from search.strategy.space_files import shipped_space
from search.strategy.strategy import Strategy
from search.study.creation import queue_studies
from search.study.record import open_study
from search.study.spec import Spec
from search.study.storage import open_storage
from search.study.workspace import Workspace
from search.workers.events import Reported, Trained
from tests.benchmarks.reading import PROTEIN, full_size_data
from tests.benchmarks.searching import launch
from tests.support.curves import curve

# Networks that train fast, so that dispatch and reports weigh most.
SPACE = """
architecture = "cnn"
[fixed]
epochs = 10
[seed]
motif_length = 24
[parameters]
motif_length = { type = "int", low = 8, high = 24 }
hidden = { type = "categorical", choices = [32, 64] }
learning_rate = { type = "float", low = 5e-4, high = 2e-3, log = true }
"""
TRIALS, EPOCHS = 12, 10
STATE = bytes(1_000_000)  # a checkpoint of the shipped space's larger networks


def throughput(jobs: int) -> float:
    """Epochs a second that so many workers train, from the first trial's start to the last one's end."""
    with tempfile.TemporaryDirectory() as folder:
        space = Path(folder) / "space.toml"
        space.write_text(SPACE)
        options = ("--space", str(space), "--finalists", "1", "--members", "1")
        run = launch(full_size_data(), PROTEIN, Path(folder) / "studies", TRIALS, *options, jobs=jobs)
        return run["epochs"] / (run["search_seconds"] - run["start_seconds"])


def driver_cost() -> dict[str, float]:
    """Seconds of the driver for an epoch's report, and for a trial's draw and end; medians.

    A report is recorded, logged, checked for pruning, and its checkpoint is on the disk.
    """
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        storage = open_storage(workspace)
        space = shipped_space("cnn")
        rule = Strategy(starts=space.starts)
        spec = Spec("P", "RNCMPT00001", "", space.without_starts().to_dict(), rule, 0, "grouped")
        (name,) = queue_studies(storage, [spec], 100, Path(folder))
        log = EventLog(workspace.log)
        search = Trials(open_study(storage, name), None, workspace, log)
        reports, trials = [], []
        for _ in range(30):
            begin = time.perf_counter()
            task = search.next_task()
            drawn = time.perf_counter()
            whole = curve([0.5 + 0.01 * epoch for epoch in range(EPOCHS)])
            for epoch in range(1, EPOCHS + 1):
                search.handle(Reported(task.key, whole[:epoch], STATE))
            reported = time.perf_counter()
            search.handle(Trained(task.key, b"", whole))
            reports.append((reported - drawn) / EPOCHS)
            trials.append(drawn - begin + time.perf_counter() - reported)
        log.close()
        return {"report": statistics.median(reports[10:]), "trial": statistics.median(trials[10:])}


def main() -> None:
    """Print both, and how many workers one driver can feed by them."""
    alone = None
    for jobs in range(1, (os.cpu_count() or 1) + 1):
        rate = throughput(jobs)
        alone = alone or rate
        sys.stdout.write(
            f"{jobs} workers: {rate:5.2f} epochs a second, {rate / alone:.2f} times one worker\n"
        )
    cost = driver_cost()
    sys.stdout.write(
        f"driver: {1e3 * cost['report']:.1f} ms a report, {1e3 * cost['trial']:.0f} ms a trial\n"
    )
    for seconds in (1.0, 10.0):
        each = (EPOCHS * cost["report"] + cost["trial"]) / (EPOCHS * seconds)
        sys.stdout.write(f"workers one driver feeds, trials of 10 epochs of {seconds:g} s: {1 / each:.0f}\n")


if __name__ == "__main__":
    main()
