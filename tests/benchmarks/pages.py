"""What the pages cost: the overview of a fleet, its refresh, a large study, and the driver beside readers."""

from __future__ import annotations

import gzip
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from data_io.simulate import simulate
from search.service.launching import launch_studies
from search.study.workspace import Workspace
from search.web.board import FRESH_SECONDS
from search.web.server import PageServer
from tests.benchmarks.fleet import EXPERIMENTS, fill, order
from tests.benchmarks.pages_readers import beside_readers, readers_share
from tests.benchmarks.pages_served import VERSION, ask, end_a_trial, served, study_pages

LARGE = 2_000  # trials of the one large study
CHROMIUM = Path("/usr/bin/chromium")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
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
        fill(large, LARGE)
        return [*overview(many), *large_study(large), *readers_share(many), *beside_readers(many)]


def overview(workspace: Workspace) -> list[dict[str, object]]:
    """Time the overview, and what a browser is sent when a trial has ended."""
    with served(workspace) as server:
        cold, page, _ = ask(server, "/")
        first = statistics.median(ask_anew(server, "/")[0] for _ in range(ROUNDS))
        since = VERSION.search(page.decode())
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
        {"name": "refresh_server", "value": 1e3 * statistics.median(busy), "unit": "ms of the processor"},
        {"name": "refresh", "value": 1e3 * statistics.median(took), "unit": "ms until its first byte"},
        {"name": "refresh_size", "value": max(sizes) / 1e3, "unit": "kB, after a trial ended"},
    ]


def large_study(workspace: Workspace) -> list[dict[str, object]]:
    """Time the page of a study of 2,000 trials of 30 epochs: its first byte, and until a browser shows it."""
    bytes_first, used, first, again = [], [], [], []
    with browser() as chromium:
        for turn in range(ROUNDS):
            with served(workspace) as server:
                page = study_pages(server)[0]
                if turn == 0 or chromium is None:
                    before = time.process_time()
                    bytes_first.append(ask(server, page)[0])
                    used.append(time.process_time() - before)
                if chromium is not None:
                    times = [opened(chromium, f"http://127.0.0.1:{server.port}{page}") for _ in range(3)]
                    first += times[:1] if turn else []  # the browser's own first page is not ours to time
                    again += times[1:]
    rows: list[dict[str, object]] = [
        {
            "name": "large_study",
            "value": bytes_first[0],
            "unit": f"s to its first byte, {LARGE} trials of 30 epochs",
        },
        {"name": "large_study_processor", "value": used[0], "unit": "s of the processor until it is sent"},
    ]
    for name, times in (("large_study_opened", first), ("large_study_again", again)):
        if times:
            unit = f"s until Chromium has drawn it, {min(times):.2f} .. {max(times):.2f}"
            rows.append({"name": name, "value": statistics.median(times), "unit": unit})
    return rows


@contextmanager
def browser() -> Iterator[Any]:
    """Start Chromium; None where there is none."""
    if not CHROMIUM.exists():
        yield None
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield chromium
        chromium.close()


def opened(chromium: Any, address: str) -> float:
    """Give the seconds from the call of an address until all is drawn by a browser that kept nothing."""
    with chromium.new_context(viewport={"width": 1400, "height": 900}) as context:
        page = context.new_page()
        page.goto(address)
        drawn = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        return float(page.evaluate(f"{drawn}.then(() => performance.now())")) / 1000


def ask_anew(server: PageServer, path: str) -> tuple[float, bytes, int]:
    """Ask when what was looked up last is no longer fresh."""
    time.sleep(FRESH_SECONDS + 0.1)
    return ask(server, path)


if __name__ == "__main__":
    for row in pages():
        sys.stdout.write(f"{row['name']:24} {row['value']:10.3f} {row['unit']}\n")
