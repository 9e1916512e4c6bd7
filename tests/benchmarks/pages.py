"""What the pages cost: the overview of a fleet, its refresh, a large study, and the driver beside readers."""

from __future__ import annotations

import gzip
import http.client
import json
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data_io.simulate import simulate
from search.service.launching import launch_studies
from search.study.workspace import Workspace
from search.web.address import Address
from search.web.board import FRESH_SECONDS
from search.web.pages import make_pages
from search.web.server import PageServer
from tests.benchmarks.fleet import EXPERIMENTS, TRIALS, ask_and_tell, fill, order

LARGE = 2_000  # trials of the one large study
READERS = 10
FASTEST = 2.0  # seconds between two refreshes of a browser
WATCHED_SECONDS = 30
ROUNDS = 7


def pages() -> list[dict[str, object]]:
    """Measure the pages of a fleet and of one large study."""
    with tempfile.TemporaryDirectory() as folder:
        data, many = Path(folder) / "data", Workspace(Path(folder) / "many")
        simulate(data, probes=1000, experiments=EXPERIMENTS)
        launch_studies(order(data, ("cnn", "rnn"), everything=True), many)
        fill(many)
        large = Workspace(Path(folder) / "large")
        launch_studies(order(data, ("cnn",), names=("SIMFOX",)), large)
        for _ in range(LARGE // TRIALS):
            fill(large)
        return [*overview(many), *large_study(large), *readers_share(many), *beside_readers(many)]


def overview(workspace: Workspace) -> list[dict[str, object]]:
    """Time the overview, and what a browser is sent when a trial has ended."""
    with served(workspace) as server:
        cold, page, _ = ask(server, "/")
        first = statistics.median(ask_anew(server, "/")[0] for _ in range(ROUNDS))
        since = re.search(r'data-version="([^"]+)"', page.decode())
        assert since is not None
        version, took, sizes, busy = since[1], [], [], []
        for trial in range(ROUNDS):
            end_a_trial(workspace, trial)
            seconds, body, size = ask_anew(server, f"/changes?since={version}")
            news = json.loads(body)
            assert len(news["rows"]) == 1
            version = news["version"]
            took.append(seconds)
            busy.append(news["took"])
            sizes.append(size)
    return [
        {"name": "overview_after_start", "value": cold, "unit": "s, right after the server began"},
        {"name": "overview_first_byte", "value": first, "unit": "s, 488 studies of 100 trials"},
        {"name": "overview_size", "value": len(gzip.compress(page, 6)) / 1e3, "unit": "kB, packed"},
        {"name": "refresh_server", "value": 1e3 * statistics.median(busy), "unit": "ms of the server"},
        {"name": "refresh", "value": 1e3 * statistics.median(took), "unit": "ms until its first byte"},
        {"name": "refresh_size", "value": max(sizes) / 1e3, "unit": "kB, after a trial ended"},
    ]


def large_study(workspace: Workspace) -> list[dict[str, object]]:
    """Time the page of a study of 2,000 trials of 30 epochs: its first time, and again."""
    with served(workspace) as server:
        name = re.search(r'href="(/study/[^"]+)"', ask(server, "/")[1].decode())
        assert name is not None
        first = ask(server, name[1])
        again = statistics.median(ask(server, name[1])[0] for _ in range(ROUNDS))
    return [
        {"name": "large_study", "value": first[0], "unit": f"s, {LARGE} trials of 30 epochs"},
        {"name": "large_study_again", "value": again, "unit": "s"},
    ]


def beside_readers(workspace: Workspace) -> list[dict[str, object]]:
    """Time a driver's work on the database alone and beside ten browsers, in turns."""
    alone, beside = [], []
    with served(workspace) as server:
        for _ in range(ROUNDS):
            alone.append(ask_and_tell(workspace))
            with readers(server):
                beside.append(ask_and_tell(workspace))
    ratio = statistics.median(other / one for one, other in zip(alone, beside, strict=True))
    return [
        {"name": "driver_alone", "value": statistics.median(alone), "unit": "s a trial of 30 epochs"},
        {
            "name": "driver_beside_readers",
            "value": statistics.median(beside),
            "unit": f"s, {READERS} browsers",
        },
        {"name": "driver_slowed", "value": 100 * (ratio - 1), "unit": "%"},
    ]


def readers_share(workspace: Workspace) -> list[dict[str, object]]:
    """Give the share of one core that ten browsers take of the server, a trial ending every second."""
    with served(workspace) as server, readers(server):
        begin, used = time.perf_counter(), time.process_time()
        for trial in range(WATCHED_SECONDS):
            end_a_trial(workspace, ROUNDS + trial)
            time.sleep(1)
        share = (time.process_time() - used) / (time.perf_counter() - begin)
    return [{"name": "readers_share", "value": 100 * share, "unit": f"% of a core, {READERS} browsers"}]


def end_a_trial(workspace: Workspace, number: int) -> None:
    """Write a finished trial of one study."""
    with sqlite3.connect(workspace.database) as connection:
        values = ("COMPLETE", f"2026-01-02 00:{number:02d}:00.000000")
        trial = connection.execute(
            "INSERT INTO trials (number, study_id, state, datetime_start, datetime_complete)"
            " VALUES (?, ?, ?, ?, ?)",
            (TRIALS + number, 1 + number, values[0], values[1], values[1]),
        ).lastrowid
        connection.execute(
            "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?, 0, 0.9, 'FINITE')",
            (trial,),
        )


@contextmanager
def served(workspace: Workspace) -> Iterator[PageServer]:
    """Serve the pages of a workspace from a thread."""
    server = PageServer(make_pages(workspace, Address("127.0.0.1")), "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()


@contextmanager
def readers(server: PageServer) -> Iterator[None]:
    """Let ten browsers, in another process, watch the overview as often as theirs do."""
    code = (
        "import sys, threading; from tests.benchmarks.pages import watch;"
        "[threading.Thread(target=watch, args=(sys.argv[1],)).start() for _ in range(int(sys.argv[2]))]"
    )
    command = [sys.executable, "-c", code, f"127.0.0.1:{server.port}", str(READERS)]
    with subprocess.Popen(command) as process:
        time.sleep(FRESH_SECONDS)  # they have their first page by then
        try:
            yield
        finally:
            process.kill()


def watch(address: str) -> None:
    """Do as the script of the overview does, for ever."""
    page = ask(address, "/")[1].decode()
    version = page.split('data-version="')[1].split('"')[0]
    while True:
        time.sleep(FASTEST)
        version = json.loads(ask(address, f"/changes?since={version}")[1])["version"]


def ask_anew(server: PageServer, path: str) -> tuple[float, bytes, int]:
    """Ask when what was looked up last is no longer fresh."""
    time.sleep(FRESH_SECONDS + 0.1)
    return ask(server, path)


def ask(server: PageServer | str, path: str) -> tuple[float, bytes, int]:
    """Give the seconds until the first byte of an answer, its body, and its size as it was sent."""
    address = server if isinstance(server, str) else f"127.0.0.1:{server.port}"
    connection = http.client.HTTPConnection(address, timeout=60)
    begin = time.perf_counter()
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    seconds = time.perf_counter() - begin
    body = answer.read()
    connection.close()
    assert answer.status == 200, (path, answer.status)
    return (
        seconds,
        gzip.decompress(body) if answer.getheader("Content-Encoding") == "gzip" else body,
        len(body),
    )


if __name__ == "__main__":
    for row in pages():
        sys.stdout.write(f"{row['name']:24} {row['value']:10.3f} {row['unit']}\n")
