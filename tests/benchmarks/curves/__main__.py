"""Learning curves of many configs on many experiments, for the replay of strategies.

`python -m tests.benchmarks.curves record FOLDER` trains and goes on where it stopped; several may run side by
side. `time FOLDER` times on this processor what a GPU recorded, `pack FOLDER` puts what there is into the
repository, `unpack FOLDER --arch rnn` begins a folder with that, from which `record FOLDER --cnn 0` goes on
as long as the search space is the same, and `portfolio` chooses starts. Set B is not read.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from pathlib import Path

import torch

from search.strategy.space_files import shipped_space
from tests.benchmarks.ablation import EXPERIMENTS, REPOSITORY
from tests.benchmarks.curves.portfolio import as_toml, choose_starts
from tests.benchmarks.curves.recording import Recorder
from tests.benchmarks.curves.records import ARCHITECTURES, Record, pack, read_folder, read_packed, unpack
from tests.benchmarks.curves.timing import time_configs


def record(options: argparse.Namespace) -> None:
    """Record what is missing."""
    configs = {name: getattr(options, name) for name in ARCHITECTURES}
    sizes = {"train": options.train, "validation": options.validation}
    recorder = Recorder(options.folder, options.data, options.experiments, configs, sizes, options.device)
    for made in recorder.run(options.budget):
        print(f"{describe(made)}", flush=True)


def time_epochs(options: argparse.Namespace) -> None:
    """Time on this processor what another device recorded."""
    torch.set_num_threads(1)
    recorder = Recorder(options.folder, options.data, (), {}, {})
    for record, seconds in time_configs(recorder):
        print(f"{record.architecture} {record.number}: {seconds:.1f} s an epoch", flush=True)


def describe(made: Record) -> str:
    """Say in a line what was recorded."""
    name = f"{made.experiment} {made.architecture} {made.number} ({made.origin})"
    return f"{name}: best {made.best:.3f} of {len(made.spearman)} epochs, {sum(made.seconds):.0f} s"


def put_into_repository(options: argparse.Namespace) -> None:
    """Pack a folder's records, and say how many there are."""
    records = read_folder(options.folder)
    for path in pack(records):
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")
    counts = Counter((each.architecture, each.experiment) for each in records)
    for (architecture, experiment), count in sorted(counts.items()):
        print(f"{architecture} {experiment}: {count} curves")


def begin_folder(options: argparse.Namespace) -> None:
    """Begin a folder with the records of the repository."""
    print(f"{options.folder}: {unpack(options.folder, options.arch)} curves")


def show_portfolio(options: argparse.Namespace) -> None:
    """Print starts that cover the experiments recorded in the repository, or in a folder."""
    found = read_packed(options.arch) if options.folder is None else read_folder(options.folder)
    records = [record for record in found if record.architecture == options.arch]
    print(as_toml(choose_starts(records, options.size), shipped_space(options.arch).fixed))


def main() -> None:
    measured = Path(os.environ.get("RBPTUNE_REAL_DATA") or REPOSITORY.parent / "shared" / "data")
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.curves", description=__doc__)
    commands = parser.add_subparsers(required=True)
    recording = commands.add_parser("record")
    recording.set_defaults(command=record)
    recording.add_argument("folder", type=Path)
    recording.add_argument("--data", type=Path, default=measured / "rnacompete_16")
    recording.add_argument("--experiments", nargs="+", default=EXPERIMENTS)
    recording.add_argument("--cnn", type=int, default=60, help="configs of the CNN on each experiment")
    recording.add_argument("--rnn", type=int, default=25, help="configs of the CNN+LSTM on each experiment")
    recording.add_argument("--train", type=int, default=24_000, help="training probes of each experiment")
    recording.add_argument("--validation", type=int, default=6_000)
    recording.add_argument("--device", default="cpu")
    recording.add_argument(
        "--budget", type=float, default=float("inf"), help="seconds after which none begins"
    )
    timing = commands.add_parser("time")
    timing.set_defaults(command=time_epochs, data=measured / "rnacompete_16")
    timing.add_argument("folder", type=Path)
    packing = commands.add_parser("pack")
    packing.set_defaults(command=put_into_repository)
    packing.add_argument("folder", type=Path)
    unpacking = commands.add_parser("unpack")
    unpacking.set_defaults(command=begin_folder)
    unpacking.add_argument("folder", type=Path)
    unpacking.add_argument("--arch", choices=ARCHITECTURES, required=True)
    choosing = commands.add_parser("portfolio")
    choosing.set_defaults(command=show_portfolio)
    choosing.add_argument("folder", nargs="?", type=Path, help="default: the curves in the repository")
    choosing.add_argument("--arch", choices=ARCHITECTURES, default="cnn")
    choosing.add_argument("--size", type=int, default=3, help="starts to choose")
    options = parser.parse_args()
    options.command(options)


if __name__ == "__main__":
    main()
