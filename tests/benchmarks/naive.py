"""The search to beat: Optuna as it comes around the reference loop, for what the notebook's CNN leaves open.

Run as a program it searches until it is interrupted, then takes the best network of the best trial as it is
and tests it, as notebooks do; it prints what it found as JSON.
"""

import json
import signal
import sys
import time
from contextlib import suppress
from copy import deepcopy
from pathlib import Path

import optuna
import torch

from data_io.experiments import Experiment, read_master_sheet, resolve
from data_io.folder import find_sheet
from data_io.sealed import open_test_set
from data_io.training_set import Examples, TrainingSet, load_training_set
from models.metrics import pearson, spearman
from tests.benchmarks.reference import CNN, Loop, dataset_of

EPOCHS = 30  # the notebook's


class Search:
    """Random numbers, clock and the best network so far.

    Parameters
    ----------
    data : TrainingSet
    seed : int

    Attributes
    ----------
    found : list of (float, float)
        Seconds since the beginning and validation Spearman, whenever that was higher than before.
    """

    def __init__(self, data: TrainingSet, seed: int) -> None:
        torch.manual_seed(seed)
        self.data, self.started = data, time.perf_counter()
        self.found: list[tuple[float, float]] = []
        self.best: CNN | None = None
        self.study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))

    def run(self) -> None:
        """Search until interrupted."""
        with suppress(KeyboardInterrupt):
            self.study.optimize(self.score)

    def score(self, trial: optuna.Trial) -> float:
        """Train one network to the end; the best validation Spearman of its epochs."""
        network = CNN(
            motif_length=trial.suggest_int("motif_length", 4, 24),
            filters=trial.suggest_categorical("filters", [16, 32, 64, 128]),
            hidden=trial.suggest_categorical("hidden", [16, 32, 64, 128]),
            dropout=trial.suggest_float("dropout", 0.0, 0.6),
        )
        loop = Loop(
            network,
            self.data,
            batch_size=trial.suggest_categorical("batch_size", [64, 128, 256, 512]),
            learning_rate=trial.suggest_float("learning_rate", 1e-4, 1e-2, log=True),
        )
        return max(self._keep(network, loop.epoch()) for _ in range(EPOCHS))

    def _keep(self, network: CNN, value: float) -> float:
        """Remember a network that is better than all before, also of a trial that is interrupted later."""
        if not self.found or value > self.found[-1][1]:
            self.found.append((time.perf_counter() - self.started, value))
            self.best = deepcopy(network).eval()
        return value


def main() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have had it ignored
    folder, protein, seed = sys.argv[1:]
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    experiment: Experiment = resolve(protein, read_master_sheet(find_sheet(Path(folder))))
    data = load_training_set(folder, experiment)
    search = Search(data, int(seed))
    search.run()
    if search.best is None:
        sys.exit("interrupted before the first epoch ended")
    test = open_test_set(folder, experiment, data.scaling)
    result = {
        "trials": sum(trial.state.is_finished() for trial in search.study.trials),
        "found": search.found,
        "test": scores(search.best, test),
    }
    print(json.dumps(result))


def scores(network: CNN, examples: Examples) -> dict[str, float]:
    """Spearman and Pearson over measured probes."""
    inputs, targets, mask = dataset_of(examples).tensors
    measured = mask.bool().numpy()
    with torch.no_grad():
        parts = [network(part).squeeze(1) for part in inputs.split(1024)]
    predictions, truth = torch.cat(parts).numpy()[measured], targets.numpy()[measured]
    return {"spearman": float(spearman(predictions, truth)), "pearson": float(pearson(predictions, truth))}


if __name__ == "__main__":
    main()
