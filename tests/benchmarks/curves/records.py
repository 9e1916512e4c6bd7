"""Recorded learning curves, a JSON line each: appended while recording, packed for the repository."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock

from data_io.files import write_atomically
from models.reports import EpochReport
from search.workers.replay import RecordedRun

HERE = Path(__file__).parent
ARCHITECTURES = "cnn", "rnn"
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
    device : str
        What trained it; on any but "cpu" the seconds are not those of a processor until they are timed.
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
    device: str = "cpu"

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
    """Read what was recorded in a folder, with the seconds of a processor where they were timed apart."""
    timed = read_seconds(folder)
    found = [
        record for path in sorted(folder.glob("*.jsonl")) for record in _whole(path.read_text().splitlines())
    ]
    return [
        replace(record, seconds=(timed[key(record)],) * len(record.spearman))
        if record.device != "cpu" and key(record) in timed
        else record
        for record in found
    ]


def seconds_path(folder: Path) -> Path:
    """Give the file with the seconds an epoch takes, by `key`."""
    return folder / "seconds.json"


def read_seconds(folder: Path) -> dict[str, float]:
    """Read what `timing` measured in a folder."""
    path = seconds_path(folder)
    found: dict[str, float] = json.loads(path.read_text()) if path.exists() else {}
    return found


def write_seconds(folder: Path, seconds: Mapping[str, float]) -> None:
    """Keep what `read_seconds` reads."""
    with write_atomically(seconds_path(folder)) as temporary:
        temporary.write_text(json.dumps(seconds, indent=0, sort_keys=True) + "\n")


def key(record: Record) -> str:
    """Give a config as text, the same for the same config."""
    return f"{record.architecture} {json.dumps(dict(record.params), sort_keys=True)}"


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


def unpack(folder: Path, architecture: str, packed: Path = HERE) -> int:
    """Write an architecture's packed records to a folder that has none, and say how many there are.

    What another device recorded has been timed on a processor before it was packed.

    Raises
    ------
    FileExistsError
        When there are some.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.glob("*.jsonl")):
        raise FileExistsError(f"{folder}: has records; give another folder")
    records = read_packed(architecture, packed)
    for record in records:
        append(folder, record)
    write_seconds(folder, {key(each): each.seconds[0] for each in records if each.device != "cpu"})
    return len(records)


def read_packed(architecture: str, folder: Path = HERE) -> list[Record]:
    """Read the records of an architecture that are in the repository; none where there is no file."""
    path = folder / f"{architecture}.jsonl.gz"
    if not path.exists():
        return []
    return list(_whole(gzip.decompress(path.read_bytes()).decode().splitlines()))
