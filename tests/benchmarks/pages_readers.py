"""Ten browsers that watch the pages, and what they cost the driver beside whose process these are served."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, fields

import psutil

from search.study.workspace import Workspace
from tests.benchmarks.fleet import EPOCHS, drive_trials
from tests.benchmarks.pages_served import VERSION, ask, end_a_trial, served_beside, study_pages

READERS = 10
PAIRS, TURN = 12, 10  # turns alone and beside, and the trials of each
WATCHED_SECONDS = 30
OVERVIEW_SECONDS, PAGE_SECONDS, SLOWEST, SHARE = 2.0, 5.0, 60.0, 30  # as in pages.js


def beside_readers(workspace: Workspace) -> list[dict[str, object]]:
    """Time a driver that works without a pause, alone and beside ten browsers of its pages, in turns."""
    alone: list[Turn] = []
    beside: list[Turn] = []
    with served_beside(workspace) as (address, _):
        drive_trials(workspace, 3)
        for pair in range(PAIRS):
            for found in (alone, beside) if pair % 2 else (beside, alone):
                with readers(address) if found is beside else nullcontext():
                    found.append(take_turn(workspace))
    return [
        row
        for figure in fields(Turn)
        for row in compared(figure.name, figures_of(alone, figure.name), figures_of(beside, figure.name))
    ]


@dataclass(frozen=True)
class Turn:
    """Milliseconds an epoch: of the processor, and by the clock."""

    processor: float
    wall: float


def take_turn(workspace: Workspace) -> Turn:
    """Let the driver make some trials."""
    times = drive_trials(workspace, TURN)
    wall, processor = (statistics.median(trial[place] for trial in times) for place in (0, 1))
    return Turn(1e3 * processor / EPOCHS, 1e3 * wall / EPOCHS)


def figures_of(turns: list[Turn], name: str) -> list[float]:
    """Give one figure of all turns."""
    return [getattr(turn, name) for turn in turns]


def compared(name: str, alone: list[float], beside: list[float]) -> list[dict[str, object]]:
    """Give the medians of both, and by how much the second of each pair is above the first."""
    slowed = sorted(100 * (other / one - 1) for one, other in zip(alone, beside, strict=True))
    spread = f"%, {PAIRS} pairs of {slowed[0]:.1f} .. {slowed[-1]:.1f}"
    return [
        {"name": f"driver_{name}_alone", "value": statistics.median(alone), "unit": "ms an epoch"},
        {
            "name": f"driver_{name}_beside",
            "value": statistics.median(beside),
            "unit": f"ms, {READERS} browsers",
        },
        {"name": f"driver_{name}_slowed", "value": statistics.median(slowed), "unit": spread},
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
def readers(address: str) -> Iterator[None]:
    """Let ten browsers, in another process, watch as often as theirs do: the overview, and a study's page."""
    code = "import sys; from tests.benchmarks.pages_readers import watch_all; watch_all(sys.argv[1])"
    with subprocess.Popen([sys.executable, "-c", code, address], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # they have their first page
        try:
            yield
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
