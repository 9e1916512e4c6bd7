"""Ten browsers that watch the pages, and what they cost the driver beside whose process these are served."""

from __future__ import annotations

import json
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from search.study.workspace import Workspace
from tests.benchmarks.fleet import EPOCHS, drive_trials
from tests.benchmarks.pages_served import VERSION, ask, end_a_trial, served_beside, study_pages

READERS = 10
PAIRS, TURN = 60, 5  # turns alone and beside, and the trials of each
LOW, HIGH = 21, 38  # places of sorted pairs between which the median lies with 95 % confidence
WATCHED_SECONDS = 30
OVERVIEW_SECONDS, PAGE_SECONDS, SLOWEST, SHARE = 2.0, 5.0, 60.0, 30  # as in pages.js


def beside_readers(workspace: Workspace) -> list[dict[str, object]]:
    """Give the processor time of a driver that works without a pause, in turns alone and beside ten browsers.

    Turns are short, since whatever else a machine does changes what a turn takes by more than readers could.
    """
    alone: list[float] = []
    beside: list[float] = []
    with served_beside(workspace) as (address, _), readers(address) as browsers:
        drive_trials(workspace, TURN)
        for pair in range(PAIRS):
            for turns in (alone, beside) if pair % 2 else (beside, alone):
                browsers.send_signal(signal.SIGCONT if turns is beside else signal.SIGSTOP)
                turns.append(statistics.median(used for _, used in drive_trials(workspace, TURN)) / EPOCHS)
    slowed = sorted(100 * (other / one - 1) for one, other in zip(alone, beside, strict=True))
    middle = f"%, {slowed[LOW]:.1f} .. {slowed[HIGH]:.1f} with 95 % confidence, {PAIRS} pairs of turns"
    return [
        {"name": "driver_alone", "value": 1e3 * statistics.median(alone), "unit": "ms an epoch"},
        {
            "name": "driver_beside",
            "value": 1e3 * statistics.median(beside),
            "unit": f"ms, {READERS} browsers",
        },
        {"name": "driver_slowed", "value": statistics.median(slowed), "unit": middle},
    ]


def readers_share(workspace: Workspace) -> list[dict[str, object]]:
    """Give the share of a core that the pages take of ten browsers, a trial ending every second."""
    with served_beside(workspace) as (address, process), readers(address):
        begin, used = time.perf_counter(), processor_seconds(process)
        for trial in range(WATCHED_SECONDS):
            end_a_trial(workspace, trial)
            time.sleep(1)
        share = (processor_seconds(process) - used) / (time.perf_counter() - begin)
    return [{"name": "readers_share", "value": 100 * share, "unit": f"% of a core, {READERS} browsers"}]


def processor_seconds(process: psutil.Process) -> float:
    """Give what a process has used of the processor."""
    used = process.cpu_times()
    return float(used.user + used.system)


@contextmanager
def readers(address: str) -> Iterator[subprocess.Popen[bytes]]:
    """Let ten browsers, in another process, watch as often as theirs do: the overview, and a study's page."""
    code = "import sys; from tests.benchmarks.pages_readers import watch_all; watch_all(sys.argv[1])"
    with subprocess.Popen([sys.executable, "-c", code, address], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # they have their first page
        try:
            yield process
        finally:
            process.kill()


def watch_all(address: str) -> None:
    """Watch with ten readers, half of them a study's page; they came at different times."""
    study = study_pages(address)[0]
    for reader in range(READERS):
        arguments = (address, study if reader % 2 else "/", reader / READERS)
        threading.Thread(target=watch, args=arguments).start()
    sys.stdout.write("begun\n")
    sys.stdout.flush()


def watch(address: str, path: str, share: float) -> None:
    """Do as the script of a page does, for ever."""
    shortest = OVERVIEW_SECONDS if path == "/" else PAGE_SECONDS
    time.sleep(share * shortest)
    version = found[1] if (found := VERSION.search(ask(address, path)[1].decode())) else ""
    while True:
        begin = time.perf_counter()
        if version:
            news = json.loads(ask(address, f"/changes?since={version}")[1])
            version, took = news["version"], news["took"]
        else:
            ask(address, path)
            took = time.perf_counter() - begin
        time.sleep(min(SLOWEST, max(shortest, SHARE * took)))
