"""What an epoch of a config takes of a processor, for curves that another device recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from data_io.training_set import Examples, TrainingSet
from tests.benchmarks.curves.recording import Recorder, train
from tests.benchmarks.curves.records import Record, key, read_folder, read_seconds, write_seconds

SHARE = 4  # of the probes one in so many is trained on, which takes that share of the time


def time_configs(recorder: Recorder) -> Iterator[tuple[Record, float]]:
    """Time an epoch of each config that has no seconds of a processor yet; go on where it stopped.

    Yields
    ------
    Record
        The first with that config.
    float
        Processor seconds of one thread for an epoch with all probes.
    """
    found = read_seconds(recorder.folder)
    for record in read_folder(recorder.folder):
        if record.device == "cpu" or key(record) in found:
            continue
        found[key(record)] = SHARE * _seconds(record, _some(recorder.probes(record.experiment)))
        write_seconds(recorder.folder, found)
        yield record, found[key(record)]


def _seconds(record: Record, data: TrainingSet) -> float:
    seconds, _ = train(record.architecture, {**record.params, "epochs": 1}, data, seed=1)
    return seconds[0]


def _some(data: TrainingSet) -> TrainingSet:
    parts = {
        name: Examples(part.codes[::SHARE], part.targets[::SHARE])
        for name, part in (("train", data.train), ("validation", data.validation))
    }
    return replace(data, **parts)
