"""Recorded learning curves, a JSON line each: appended while recording, packed for the repository."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from models.reports import EpochReport
from search.workers.replay import RecordedRun

HERE = Path(__file__).parent
SCORE_DIGITS, SECOND_DIGITS = 4, 3


@dataclass(frozen=True)
class Record:
    """One config trained to its end on one experiment.

    Attributes
    ----------
    number : int
        Of the config in the order of recording; except for searched ones it is the same for all experiments.
    origin : {"prescribed", "random", "searched", "transferred"}
    params : dict
        All hyperparameters, flat.
    seconds, spearman, pearson : tuple of float
        Of each epoch: processor seconds of one thread, and the scores of all validation probes.
    diverged : bool
        Whether the last epoch ended it.
    commit : str
        The code that trained it.
    """

    experiment: str
    architecture: str
    number: int
    origin: str
    params: Mapping[str, Any]
    seconds: tuple[float, ...]
    spearman: tuple[float, ...]
    pearson: tuple[float, ...]
    diverged: bool
    commit: str

    @property
    def best(self) -> float:
        """The highest validation Spearman."""
        return max(self.spearman)

    @property
    def run(self) -> RecordedRun:
        """The same as the replay plays it; losses were not recorded."""
        last = len(self.spearman)
        reports = (
            EpochReport(
                epoch,
                0.0,
                0.0,
                *figures,
                constant=figures[0] == 0.0,
                diverged=self.diverged and epoch == last,
            )
            for epoch, figures in enumerate(
                zip(self.spearman, self.pearson, self.seconds, strict=True), start=1
            )
        )
        return RecordedRun(self.params, tuple(reports))

    def to_line(self) -> str:
        """Give the record as a line of JSON."""
        digits = {"seconds": SECOND_DIGITS, "spearman": SCORE_DIGITS, "pearson": SCORE_DIGITS}
        rounded = {name: [round(value, n) for value in getattr(self, name)] for name, n in digits.items()}
        return json.dumps({**asdict(self), **rounded}, separators=(",", ":")) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Record:
        """Read what `to_line` gave."""
        values = json.loads(line)
        lists = ("seconds", "spearman", "pearson")
        return cls(**{**values, **{name: tuple(values[name]) for name in lists}})


def append(folder: Path, record: Record) -> None:
    """Add a record to the file of its experiment and architecture, whole or not at all."""
    path = folder / f"{record.experiment}-{record.architecture}.jsonl"
    with FileLock(path.with_suffix(".lock")), path.open("ab+") as file:
        # What a power cut left of a line ends here, and is passed over when it is read.
        file.seek(0)
        torn = not file.read().endswith(b"\n") and file.tell() > 0
        file.write(b"\n" * torn + record.to_line().encode())


def read_folder(folder: Path) -> list[Record]:
    """Read what was recorded in a folder."""
    return [
        record for path in sorted(folder.glob("*.jsonl")) for record in _whole(path.read_text().splitlines())
    ]


def _whole(lines: Iterable[str]) -> Iterator[Record]:
    for line in lines:
        try:
            yield Record.from_line(line)
        except json.JSONDecodeError:
            continue


def pack(records: Iterable[Record], folder: Path = HERE) -> list[Path]:
    """Write the records of each architecture to one compressed file, the same bytes for the same records."""
    by_architecture: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda each: (each.experiment, each.number)):
        by_architecture.setdefault(record.architecture, []).append(record)
    paths = []
    for architecture, found in by_architecture.items():
        content = "".join(record.to_line() for record in found).encode()
        paths.append(folder / f"{architecture}.jsonl.gz")
        paths[-1].write_bytes(gzip.compress(content, 9, mtime=0))
    return paths


def read_packed(architecture: str, folder: Path = HERE) -> list[Record]:
    """Read the records of an architecture that are in the repository; none where there is no file."""
    path = folder / f"{architecture}.jsonl.gz"
    if not path.exists():
        return []
    return list(_whole(gzip.decompress(path.read_bytes()).decode().splitlines()))
