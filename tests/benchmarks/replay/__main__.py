"""Strategies compared on recorded curves, by the real driver in virtual time.

`python -m tests.benchmarks.replay` plays the curves in the repository, with a folder those recorded there.
Each search has the worker-seconds that today's strategy takes for 30 trials; scores are validation Spearman.
"""

from __future__ import annotations

import argparse
import os
import statistics
from collections import Counter
from pathlib import Path

from tests.benchmarks.curves.records import Record, read_folder, read_packed
from tests.benchmarks.replay.comparing import compare
from tests.benchmarks.replay.table import left_out, table

ENOUGH = {"cnn": 60, "rnn": 25}  # curves of an experiment by which strategies can be chosen
FEWEST = 10  # below that nothing is worth playing


def of_enough(records: list[Record]) -> list[Record]:
    """Leave out experiments of which next to nothing was recorded."""
    counts = Counter(record.experiment for record in records)
    return [record for record in records if counts[record.experiment] >= FEWEST]


def describe(architecture: str, records: list[Record], seeds: int) -> str:
    """Say what is played, and whether it is enough to choose by."""
    counts = Counter(record.experiment for record in records).values()
    seconds = statistics.mean(sum(record.seconds) for record in records)
    text = (
        f"{architecture}: {len(counts)} experiments, {min(counts)} to {max(counts)} curves of each "
        f"({seconds:.0f} s a curve), {seeds} seeds"
    )
    if min(counts) < ENOUGH[architecture]:
        text += f"\nnot enough to choose a strategy by: {ENOUGH[architecture]} curves of each are wanted"
    return text


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.replay", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, help="default: the curves in the repository")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--slow", action="store_true", help="the Gaussian process, too: half an hour more")
    parser.add_argument("--only", nargs="+", default=(), help="strategies to play beside today's")
    options = parser.parse_args()
    recorded = None if options.folder is None else read_folder(options.folder)
    for architecture in ENOUGH:
        found = read_packed(architecture) if recorded is None else recorded
        records = of_enough([record for record in found if record.architecture == architecture])
        if not records:
            print(
                f"{architecture}: no experiment has {FEWEST} curves; python -m tests.benchmarks.curves record"
            )
            continue
        print(describe(architecture, records, options.seeds), flush=True)
        results = compare(records, options.seeds, options.processes, options.slow, options.only)
        print(f"{table(results)}\n{left_out(results)}\n", flush=True)


if __name__ == "__main__":
    main()
