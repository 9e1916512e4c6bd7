"""Whole training runs, for tests and benchmarks."""

from models.reports import EpochReport
from models.trainer import Trainer


def fit(trainer: Trainer) -> list[EpochReport]:
    """Run the epochs that are left; gives the whole curve."""
    while not trainer.finished:
        trainer.run_epoch()
    return trainer.curve
