"""The measured probes of a split as tensors, on the device that trains on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from data_io.errors import DataError

if TYPE_CHECKING:
    from data_io.training_set import Examples


@dataclass(frozen=True)
class ExampleTensors:
    """Sequences and what was measured for them.

    Parameters
    ----------
    codes : uint8 Tensor (n, 41)
    targets : float32 Tensor (n,)
        Without missing values.
    """

    codes: Tensor
    targets: Tensor

    def __len__(self) -> int:
        return len(self.targets)

    def shuffled(self, generator: torch.Generator) -> ExampleTensors:
        """The same probes in random order, copied into that order, so that a batch is a slice."""
        order = torch.randperm(len(self), generator=generator).to(self.targets.device)
        return ExampleTensors(self.codes.index_select(0, order), self.targets.index_select(0, order))

    def batches(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Codes and targets of `size` probes at a time; the last batch may be smaller."""
        return zip(torch.split(self.codes, size), torch.split(self.targets, size), strict=True)


def measured_examples(examples: Examples, split: str, device: torch.device) -> ExampleTensors:
    """Leave the probes without a measurement out, and move the rest to a device.

    Raises
    ------
    DataError
        If fewer than two are left, naming the split.
    """
    measured = ~np.isnan(examples.targets)
    count = int(measured.sum())
    if count < 2:
        raise DataError(f"{split} split: {count} measured, at least 2 are needed; choose another experiment")
    codes, targets = examples.codes[measured], examples.targets[measured]
    return ExampleTensors(
        torch.tensor(codes, device=device), torch.tensor(targets, dtype=torch.float32, device=device)
    )
