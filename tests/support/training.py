"""Whole training runs, for tests and benchmarks."""

import torch

from models.reports import EpochReport
from models.trainer import Trainer

BY_NAME = {  # what `models.losses` has the gradients of
    "mean_square": torch.square,
    "log_cosh": lambda error: 2 * torch.log(torch.cosh(error)),
}


def fit(trainer: Trainer) -> list[EpochReport]:
    """Run the epochs that are left; gives the whole curve."""
    while not trainer.finished:
        trainer.run_epoch()
    return trainer.curve
