"""The search to beat: Optuna as it comes around the reference loop, in the shipped search space of the CNN.

Run as a program it searches once, on all threads, and prints seconds and the best validation Spearman as
JSON.
"""

import json
import sys
import time
from pathlib import Path

import optuna
import torch

from data_io.experiments import Experiment, read_master_sheet, resolve
from data_io.folder import find_sheet
from data_io.training_set import TrainingSet, load_training_set
from search.strategy.space import Space
from search.strategy.space_files import shipped_space
from tests.benchmarks.reference import ConvNet, Loop

OPTIONS = (
    *("dropout", "batch_norm", "pooling", "pooled_norm", "residual", "block_dropout"),
    *("window", "pooled_dropout", "hidden_norm"),
)


def main() -> None:
    folder, protein, trials, epochs, seed = sys.argv[1:]
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    start = time.perf_counter()
    experiment: Experiment = resolve(protein, read_master_sheet(find_sheet(Path(folder))))
    data = load_training_set(folder, experiment)
    space = shipped_space("cnn").with_fixed(epochs=int(epochs))
    torch.manual_seed(int(seed))
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=int(seed)))
    for number in range(len(space.prescribed)):  # as ours: the published network and the starts come first
        space.enqueue(study, number)
    study.optimize(lambda trial: score(trial, space, data), n_trials=int(trials))
    print(json.dumps({"seconds": time.perf_counter() - start, "spearman": study.best_value}))


def score(trial: optuna.Trial, space: Space, data: TrainingSet) -> float:
    """Train one network to the end; the best validation Spearman of its epochs."""
    params = space.suggest(trial)
    loop = Loop(
        network_of(params),
        data,
        batch_size=params["batch_size"],
        learning_rate=params["learning_rate"],
        weight_decay=params["weight_decay"],
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(loop.optimizer, params["epochs"])
    scores = []
    for _ in range(params["epochs"]):
        scores.append(loop.epoch())
        if params["schedule"] == "cosine":
            schedule.step()
    return max(scores)


def network_of(params: dict) -> ConvNet:
    layers = params.get("layers", 1)
    kernels = [params["motif_length"], params.get("kernel_2"), params.get("kernel_3")][:layers]
    filters = [params["filters"], params.get("filters_2"), params.get("filters_3")][:layers]
    others = {name: params[name] for name in OPTIONS if name in params}
    return ConvNet(kernels, filters, params["hidden"], **others)


if __name__ == "__main__":
    main()
