"""Whether networks that multiply in bfloat16 score as those in full precision: same data, config and seeds.

Run as a program, on the measured probes; where the processor has no instructions for bfloat16, both sides
are the same.
"""

from __future__ import annotations

import dataclasses
import os
import statistics
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.benchmarks.reading import REPOSITORY
from tests.benchmarks.sides import OURS

SEEDS = range(3)
EPOCHS = {"rnn": 12, "bilstm": 8, "deep": 10, "residual": 10}


def score(network: str, precision: str, seed: int) -> float:
    """The best validation Spearman of a network of `sides.OURS`."""
    import torch

    from data_io.experiments import read_master_sheet, resolve
    from data_io.folder import find_sheet
    from data_io.training_set import load_training_set
    from models.config import TrainingConfig
    from models.registry import get_architecture
    from models.trainer import Trainer
    from tests.support.training import fit

    torch.set_num_threads(1)
    folder = (
        Path(os.environ.get("RBPTUNE_REAL_DATA") or REPOSITORY.parent / "shared" / "data") / "rnacompete_real"
    )
    data = load_training_set(folder, resolve("ANKHD1", read_master_sheet(find_sheet(folder))))
    architecture, options, batch_size = OURS[network]
    config = dataclasses.replace(get_architecture(architecture).config(**options), precision=precision)
    training = TrainingConfig(batch_size=batch_size, epochs=EPOCHS[network], averaging=0.0)
    trainer = Trainer(architecture, config, training, data, seed, device="cpu")
    fit(trainer)
    return trainer.best.spearman


def main() -> None:
    """Print each network's scores in both precisions."""
    names = sys.argv[1:] or list(EPOCHS)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        scores = {
            (name, precision): [pool.submit(score, name, precision, seed) for seed in SEEDS]
            for name in names
            for precision in ("auto", "float32")
        }
        for name in names:
            for precision in ("auto", "float32"):
                found = [future.result() for future in scores[name, precision]]
                each = ", ".join(f"{value:.3f}" for value in found)
                figures = f"{statistics.mean(found):.3f} +- {statistics.stdev(found):.3f}"
                sys.stdout.write(f"{name:8}{precision:9}{figures}  ({each})\n")


if __name__ == "__main__":
    main()
