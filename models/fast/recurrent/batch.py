"""A batch of sequences through an LSTM stack in chunks, and back."""

from __future__ import annotations

import torch
from torch import Tensor

from models.fast.recurrent.chunk import Chunk, Plan
from models.fast.recurrent.track import Memory, Parameters, Positions

# Sequences that go through the layers together: enough for fast products, in memory that is still near.
CHUNK = 512


class Batch:
    """A batch in chunks of sequences of like length.

    Parameters
    ----------
    plan : Plan
    memories : list of Memory
        Spare ones; those in use come back to it.
    lengths : int64 Tensor (B,)
        Positions of each sequence, at least 1.
    """

    def __init__(self, plan: Plan, memories: list[Memory], lengths: Tensor) -> None:
        self.plan, self._memories = plan, memories
        self._rows = _chunks(lengths)
        self._positions = [Positions(lengths[rows]) for rows in self._rows]
        self._chunks: list[tuple[Chunk, Memory]] = []

    def forward(self, x: Tensor, parameters: list[list[Parameters]]) -> Tensor:
        """Features (B, T, C) or letters (B, T) -> what the head gets (B, D H windows)."""
        result = torch.empty(len(x), self.plan.directions * self.plan.hidden * self.plan.windows)
        numbers = torch.arange(len(x))
        for rows, positions in zip(self._rows, self._positions, strict=True):
            memory = self._memories.pop() if self._memories else Memory()
            chunk = Chunk(self.plan, memory, positions, numbers[rows].numpy())
            result[rows] = chunk.forward(x[rows, : len(positions.counts)], parameters)
            if self.plan.keep:
                self._chunks.append((chunk, memory))
            else:
                self._memories.append(memory)
        return result

    def backward(
        self, gradient: Tensor, parameters: list[list[Parameters]], x_slopes: Tensor | None
    ) -> list[list[Parameters]]:
        """Gradient of the parameters; that of the features (B, T, C) is written to `x_slopes`."""
        if not self._chunks and len(gradient):
            raise RuntimeError("an LSTM stack goes backward once only: the gradient has replaced its states")
        slopes = [[Parameters(*map(_zeros, track)) for track in layer] for layer in parameters]
        for rows, (chunk, memory) in zip(self._rows, self._chunks, strict=True):
            chunk.backward(gradient[rows], parameters, slopes)
            if x_slopes is not None:
                x_slopes[rows] = chunk.input_slopes(x_slopes.shape[1]).to(x_slopes.dtype)
            self._memories.append(memory)
        self._chunks.clear()
        return slopes


def _chunks(lengths: Tensor) -> list[slice | Tensor]:
    """The sequences of each chunk, the longest first; slices, which copy nothing, if all are as long."""
    if not len(lengths):
        return []
    if lengths.min() == lengths.max():
        return [slice(start, start + CHUNK) for start in range(0, len(lengths), CHUNK)]
    return list(torch.split(torch.argsort(lengths, descending=True, stable=True), CHUNK))


def _zeros(tensor: Tensor) -> Tensor:
    return torch.zeros(tensor.shape)
