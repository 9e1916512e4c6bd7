"""Changes of a training run that were tried and not kept, for the ablation; on a CPU, without graphs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from data_io.alphabet import BASES, PAD, N
from models.examples import ExampleTensors
from models.trainer import Trainer

PARALLEL = 5, 7, 11  # lengths of the motif detectors, a third each

Change = Callable[[Tensor, torch.Generator], Tensor]


def shift(codes: Tensor, generator: torch.Generator) -> Tensor:
    """Move each probe (n, 41) by up to one base to either side; what leaves it is lost."""
    width = codes.shape[1]
    places = torch.arange(width) - torch.randint(-1, 2, (len(codes), 1), generator=generator)
    moved = codes.gather(1, places.clamp(0, width - 1))
    return torch.where((places >= 0) & (places < width), moved, PAD).to(codes.dtype)


def mask(codes: Tensor, generator: torch.Generator) -> Tensor:
    """Make 3 % of the bases unknown."""
    return torch.where(_some(codes, 0.03, generator), N, codes).to(codes.dtype)


def mutate(codes: Tensor, generator: torch.Generator) -> Tensor:
    """Draw 2 % of the bases anew."""
    drawn = torch.randint(0, len(BASES), codes.shape, generator=generator, dtype=codes.dtype)
    return torch.where(_some(codes, 0.02, generator), drawn, codes)


def _some(codes: Tensor, share: float, generator: torch.Generator) -> Tensor:
    return (torch.rand(codes.shape, generator=generator) < share) & (codes < len(BASES))


@dataclass(frozen=True)
class Changed(ExampleTensors):
    """Probes that are changed anew in each epoch."""

    change: Change

    def shuffled(self, generator: torch.Generator) -> ExampleTensors:
        """As of `ExampleTensors`, and changed."""
        probes = ExampleTensors(self.codes, self.targets).shuffled(generator)
        return replace(probes, codes=self.change(probes.codes, generator))


AUGMENTATIONS: dict[str, Change] = {"shift": shift, "mask": mask, "mutate": mutate}


def apply(change: str, trainer: Trainer) -> None:
    """Change a trainer that has not begun, and has no graphs: one of `AUGMENTATIONS`, or "parallel"."""
    if trainer._graphed is not None:
        raise ValueError("graphs have taken the probes already; train on a CPU (--device cpu)")
    if change == "parallel":
        make_parallel(trainer.model.convolutions.motifs.weight)
    else:
        probes = trainer._train
        trainer._train = Changed(probes.codes, probes.targets, AUGMENTATIONS[change])


def make_parallel(weight: torch.nn.Parameter) -> None:
    """Let motif detectors (filters, 4, length) have several lengths, in the middle of what they have.

    A shorter one is a longer one whose further weights are and stay 0: Adam leaves those that never have a
    gradient, without weight decay.
    """
    filters, _, length = weight.shape
    kept = torch.zeros_like(weight)
    for detectors, shorter in zip(torch.arange(filters).tensor_split(len(PARALLEL)), PARALLEL, strict=True):
        first = (length - shorter) // 2
        kept[detectors, :, first : first + shorter] = 1.0
    with torch.no_grad():
        weight.mul_(kept)
    weight.register_hook(lambda gradient: gradient * kept)
