"""Records learning curves: any number of recorders on one folder, each of one thread.

Where a GPU trains, what an epoch would take of a processor is measured apart (see `timing`): a card that many
recorders share tells nothing of it.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock, Timeout

from data_io.experiments import read_master_sheet, resolve
from data_io.files import write_atomically
from data_io.folder import find_sheet
from data_io.targets import TargetScaling
from data_io.training_set import Examples, TrainingSet, load_training_set
from models.config import split_params
from models.trainer import Trainer
from search.strategy.seeds import derive_seed
from search.strategy.space_files import shipped_space
from tests.benchmarks.ablation import PARTS, REPOSITORY, some_rows
from tests.benchmarks.curves.drawing import config
from tests.benchmarks.curves.records import Record, append, read_folder

UNSCALED = TargetScaling(1.0, 0.0, 0.0, 0.0, 1.0)  # the targets are scaled when they are read
WARM_UP = 512  # probes of the run before that has the kernels compiled


class Recorder:
    """Records what is missing in a folder.

    Parameters
    ----------
    folder : Path
        Where records, locks and the probes that were taken lie.
    data : Path
        The folder of the measurements; Set A alone is read.
    experiments : sequence of str
    configs : dict
        How many of each architecture.
    sizes : dict
        Probes to take of each part.
    device : str
        See `Trainer`.
    """

    def __init__(
        self,
        folder: Path,
        data: Path,
        experiments: Sequence[str],
        configs: Mapping[str, int],
        sizes: Mapping[str, int],
        device: str = "cpu",
    ) -> None:
        self.folder, self.data, self.sizes, self.device = folder, data, sizes, device
        self.experiments, self.configs = experiments, configs
        self.commit = _commit()
        (folder / "locks").mkdir(parents=True, exist_ok=True)

    def jobs(self) -> Iterator[tuple[str, str, int]]:
        """Yield experiment, architecture and number, so that wherever it ends all have as many."""
        numbers = [(n / count, name, n) for name, count in self.configs.items() for n in range(count)]
        for _, architecture, number in sorted(numbers):
            for experiment in self.experiments:
                yield experiment, architecture, number

    def run(self, seconds: float) -> Iterator[Record]:
        """Record what nobody did or does, beginning none after so many seconds."""
        torch.set_num_threads(1)
        start = time.monotonic()
        for job in self.jobs():
            if time.monotonic() - start > seconds:
                return
            try:
                with FileLock(self.folder / "locks" / "-".join(map(str, job)), timeout=0):
                    record = self._record(*job)
            except Timeout:  # another recorder is at it
                continue
            if record is not None:
                yield record

    def _record(self, experiment: str, architecture: str, number: int) -> Record | None:
        records = [record for record in read_folder(self.folder) if record.architecture == architecture]
        own = [record for record in records if record.experiment == experiment]
        if number in {record.number for record in own}:
            return None
        origin, params = config(number, experiment, shipped_space(architecture), records, self.experiments)
        if params in [record.params for record in own]:
            return None
        seed = derive_seed("curves", architecture, experiment, number)
        seconds, curve = train(architecture, params, self.probes(experiment), seed, self.device)
        spearman, pearson = zip(*((report.spearman, report.pearson) for report in curve), strict=True)
        diverged = curve[-1].diverged
        record = Record(
            experiment,
            architecture,
            number,
            origin,
            params,
            seconds,
            spearman,
            pearson,
            diverged,
            self.commit,
            self.device,
        )
        append(self.folder, record)
        return record

    def probes(self, experiment: str) -> TrainingSet:
        """Give the probes that are taken of an experiment, the same every time."""
        path = self.folder / f"{experiment}.npz"
        if not path.exists():
            sheet = read_master_sheet(find_sheet(self.data))
            data = load_training_set(self.data, resolve(experiment, sheet), cache=self.folder / "cache")
            with write_atomically(path) as temporary:
                np.savez_compressed(temporary, **self._taken(data))
        with np.load(path) as arrays:
            parts = [Examples(arrays[f"{part}/codes"], arrays[f"{part}/targets"]) for part in PARTS]
            return TrainingSet(*parts, UNSCALED, str(arrays["fingerprint"]))

    def _taken(self, data: TrainingSet) -> dict[str, Any]:
        arrays: dict[str, Any] = {"fingerprint": data.fingerprint}
        for part in PARTS:
            examples = getattr(data, part)
            rows = some_rows(examples.targets, self.sizes[part])
            arrays[f"{part}/codes"], arrays[f"{part}/targets"] = examples.codes[rows], examples.targets[rows]
        return arrays


def train(
    architecture: str, params: Mapping[str, Any], data: TrainingSet, seed: int, device: str = "cpu"
) -> tuple[tuple[float, ...], list[Any]]:
    """Train a config to its end; give processor seconds and report of each epoch."""
    network, training = split_params(architecture, dict(params))
    if device == "cpu":
        few = Examples(data.train.codes[:WARM_UP], data.train.targets[:WARM_UP])
        warm = TrainingSet(few, few, data.scaling, data.fingerprint)
        Trainer(architecture, network, training, warm, seed, device=device).run_epoch()
    trainer = Trainer(architecture, network, training, data, seed, device=device)
    seconds = []
    while not trainer.finished:
        start = time.process_time()
        trainer.run_epoch()
        seconds.append(time.process_time() - start)
    return tuple(seconds), trainer.curve


def _commit() -> str:
    done = subprocess.run(
        ["git", "rev-parse", "--short=10", "HEAD"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"
