"""Whole searches against a naive one, at equal time, on measured experiments.

`python -m tests.benchmarks.against_naive` runs `rbptune launch` on one half of the cores and the naive search
on the other, both at once, so that whatever else the machine does slows both. The naive one is interrupted
when ours has ended: with finalists, the final model and its test. Both see a subset of the array, in a folder
laid out like the whole one. What was measured is kept, and gone on from.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
from scipy.stats import wilcoxon

from data_io.files import write_atomically
from tests.benchmarks.reading import REPOSITORY, bench_folder

EXPERIMENTS = "RBP08", "RBP13", "RBP18", "RBP22", "RBP23", "RBP29"  # on which nothing was chosen
SOURCES = "tests/benchmarks/naive.py", "tests/benchmarks/reference.py", "studies/cnn.toml", "constraints.txt"
SHEET = "metadata.csv"
HEADS = (
    "experiment",
    "time",
    "trials",
    "best validation",
    "test Spearman",
    "test Pearson",
    "test Spearman of our first member",
    "until the naive search's best validation",
)
LAUNCHED = "--trials 8 --finalists 1 --members 2"
LAUNCH = [str(Path(sys.executable).with_name("rbptune")), "launch"]


def measured() -> Path:
    """Where the measurements of whole arrays lie."""
    return (
        Path(os.environ.get("RBPTUNE_REAL_DATA") or REPOSITORY.parent / "shared" / "data") / "rnacompete_16"
    )


def subset(data: Path, names: list[str], probes: int) -> Path:
    """A folder with so many probes of each set of these experiments, drawn at random, the same every time."""
    folder = bench_folder() / "subsets" / f"{'-'.join(names)}-{probes}"
    if not (folder / SHEET).exists():
        folder.mkdir(parents=True, exist_ok=True)
        sheet = pl.read_csv(data / SHEET).filter(pl.col("Protein_name").is_in(names))
        columns = ["Probe_ID", "Probe_Set", "RNA_Seq", *sheet["Motif_ID"]]
        matrix = pl.read_csv(data / "norm_data.txt.gz", separator="\t", columns=columns, infer_schema=False)
        parts = matrix.partition_by("Probe_Set", maintain_order=True)
        chosen = pl.concat([part.sample(min(probes, len(part)), seed=0) for part in parts])
        chosen.write_csv(folder / "norm_data.txt", separator="\t")
        sheet.write_csv(folder / SHEET)  # last: where it is, all is there
    return folder


def compare(data: Path, name: str, options: argparse.Namespace) -> dict[str, Any]:
    """The figures of both searches of an experiment, from the file where they are kept or newly measured."""
    numbers = options.probes, options.seed, len(os.sched_getaffinity(0))
    arguments = [name, *map(str, numbers), *options.launch]
    digest = hashlib.sha256(" ".join(arguments).encode())
    for source in SOURCES:
        digest.update((REPOSITORY / source).read_bytes())
    kept = bench_folder() / "naive" / f"{name}-{options.seed}-{digest.hexdigest()[:12]}.json"
    if not kept.exists():
        figures = race(data, name, kept.with_suffix(""), options)
        with write_atomically(kept) as temporary:
            temporary.write_text(json.dumps(figures, indent=1) + "\n")
    found: dict[str, Any] = json.loads(kept.read_text())
    return found


def race(data: Path, name: str, workspace: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Run both searches at once, each on half of the cores; the workspace of ours is kept."""
    shutil.rmtree(workspace, ignore_errors=True)  # of one that was ended halfway, which took another time
    cores = sorted(os.sched_getaffinity(0))
    half = len(cores) // 2
    naive = [sys.executable, "-m", "tests.benchmarks.naive", str(data), name, str(options.seed)]
    place = "--data", str(data), "--workspace", str(workspace), f"--jobs={half}", f"--seed={options.seed}"
    launch = [*LAUNCH, name, *place, *options.launch]
    started = time.time()
    with begun(naive, cores[half : 2 * half], subprocess.PIPE) as theirs:
        with begun(launch, cores[:half], subprocess.DEVNULL) as ours:
            failed = ours.wait()
        theirs.send_signal(signal.SIGINT)
        seconds = time.time() - started
        output, _ = theirs.communicate()
    if failed or theirs.returncode:
        sys.exit(f"{name}: a search failed; run `{' '.join(launch)}` to see why")
    return {"seconds": seconds, "ours": finished(workspace, started), "naive": json.loads(output)}


def begun(command: list[str], cores: list[int], output: int) -> subprocess.Popen[bytes]:
    """Start a process on these cores alone."""
    pinned = ["taskset", "--cpu-list", ",".join(map(str, cores)), *command]
    return subprocess.Popen(pinned, stdout=output, stderr=subprocess.DEVNULL, cwd=REPOSITORY)


def finished(workspace: Path, started: float) -> dict[str, Any]:
    """What our search found, and when: seconds and validation Spearman whenever a trial had a higher one."""
    events = map(json.loads, (workspace / "logs" / "events.jsonl").read_text().splitlines())
    found: list[tuple[float, float]] = []
    for event in events:
        if event["event"] == "epoch_ended" and (not found or event["spearman"] > found[-1][1]):
            found.append((datetime.fromisoformat(event["time"]).timestamp() - started, event["spearman"]))
    (path,) = workspace.rglob("result.json")
    result = json.loads(path.read_text())
    test = {metric: result[f"test_{metric}"] for metric in ("spearman", "pearson")}
    member = {metric: result["members"][0][f"test_{metric}"] for metric in ("spearman", "pearson")}
    return {"trials": result["trials"], "found": found, "test": test, "member": member}


def row(name: str, figures: dict[str, Any]) -> str:
    """Scores of both, and when each had the best that the naive search validated."""
    ours, naive = figures["ours"], figures["naive"]
    when, goal = naive["found"][-1]
    reached = next((seconds for seconds, value in ours["found"] if value >= goal), None)
    sooner = "never" if reached is None else f"{reached:.0f} s"
    cells = (
        name,
        f"{figures['seconds']:.0f} s",
        f"{naive['trials']} / {ours['trials']}",
        f"{goal:.3f} / {ours['found'][-1][1]:.3f}",
        *(f"{naive['test'][key]:.3f} / {ours['test'][key]:.3f}" for key in ("spearman", "pearson")),
        f"{ours['member']['spearman']:.3f}",
        f"{when:.0f} s / {sooner}",
    )
    return f"| {' | '.join(cells)} |"


def summary(results: list[dict[str, Any]]) -> str:
    """The paired difference over experiments, and how sure it is."""
    gains = [each["ours"]["test"]["spearman"] - each["naive"]["test"]["spearman"] for each in results]
    if len(gains) < 2:
        return ""
    higher, of = sum(gain > 0 for gain in gains), len(gains)
    return (
        f"Test Spearman higher by {statistics.mean(gains):.3f} (deviation {statistics.stdev(gains):.3f}, "
        f"lowest {min(gains):+.3f}), on {higher} of {of} experiments; "
        f"Wilcoxon's signed ranks: p = {wilcoxon(gains).pvalue:.2g}."
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("experiments", nargs="*", default=EXPERIMENTS)
    parser.add_argument("--data", type=Path, default=measured())
    parser.add_argument("--probes", type=int, default=30_000, help="of each set (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--launch", default=LAUNCHED, help="options of our search (default '%(default)s')")
    options = parser.parse_args()
    options.launch = ["--arch", "cnn", *options.launch.split()]
    if not (options.data / SHEET).exists():
        sys.exit(
            f"{options.data}: no {SHEET}; set RBPTUNE_REAL_DATA to the folder of the measured experiments"
        )
    data = subset(options.data, sorted({*EXPERIMENTS, *options.experiments}), options.probes)
    print(f"Naive / ours:\n\n| {' | '.join(HEADS)} |\n|{' --- |' * len(HEADS)}")
    results = []
    for name in options.experiments:
        results.append(compare(data, name, options))
        print(row(name, results[-1]), flush=True)
    print(f"\n{summary(results)}")


if __name__ == "__main__":
    main()
