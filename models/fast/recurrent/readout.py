"""What of the topmost layer's hidden states the head gets.

Shapes: B rows (sequences), H hidden units.
"""

from __future__ import annotations

import torch
from numba import int32
from torch import Tensor

from models.fast.jit import Array, compiled
from models.fast.recurrent.track import Arrive, Track


class Readout:
    """What of a track's hidden states leaves the stack, in float32 whatever the track multiplies.

    Parameters
    ----------
    how : str
        `"last"` (where the direction ends), `"mean"` or `"max"` over the positions that each sequence has, or
        `"windows"`: means over windows of positions side by side, those behind a sequence counting as 0.
    window : int
        Positions of such a window.
    windows : int
        As many of them; what stands behind the last one is left out.
    track : Track
        Of the topmost layer.
    """

    def __init__(self, how: str, window: int, windows: int, track: Track) -> None:
        self.how, self.window, self.track = how, window, track
        self._lengths = track.positions.lengths.unsqueeze(1)
        self._result = torch.full(track.outputs.shape, -torch.inf if how == "max" else 0.0)
        self._sums = torch.zeros(windows if how == "windows" else 0, *track.outputs.shape)
        self._place = torch.empty(track.outputs.shape, dtype=torch.int32)

    def observe(self, position: int, rows: int) -> None:
        """Take in the outputs of the track's present step."""
        if self.how == "mean":
            add_up(self.track.outputs.numpy(), self._result.numpy(), rows)
        elif self.how == "max":
            arrays = self.track.outputs.numpy(), self._result.numpy(), self._place.numpy()
            keep_largest(*arrays, position, rows)
        elif self.how == "windows" and position // self.window < len(self._sums):
            add_up(self.track.outputs.numpy(), self._sums[position // self.window].numpy(), rows)

    def read(self) -> Tensor:
        """Hidden states (B, H), or (B, H windows), after the track's forward pass."""
        if self.how == "last":
            return self.track.outputs.clone()  # each sequence's last ones stay where they are
        if self.how == "windows":
            return (self._sums.permute(1, 2, 0) / self.window).flatten(1)
        return self._result / self._lengths if self.how == "mean" else self._result

    def arrive(self, gradient: Tensor) -> Arrive:
        """How the gradient of what was read, shaped like it, reaches the positions."""
        if self.how == "mean":
            share = gradient / self._lengths
            return lambda *_: share
        arriving = torch.zeros(self.track.outputs.shape)
        if self.how == "windows":
            shares = gradient.view(*arriving.shape, len(self._sums)) / self.window  # (B, H, windows)
            parts = [*shares.permute(2, 0, 1).contiguous(), arriving]  # the last: behind all windows
            return lambda position, *_: parts[min(position // self.window, len(parts) - 1)]
        if self.how == "max":
            return lambda position, *_: torch.mul(gradient, self._place == position, out=arriving)

        def at_the_end(_position: int, entered: int, rows: int) -> Tensor:
            arriving.zero_()[entered:rows] = gradient[entered:rows]
            return arriving

        return at_the_end


@compiled
def add_up(outputs: Array, total: Array, rows: int) -> None:
    """Add the hidden states of one position.

    Parameters
    ----------
    outputs, total : float32 arrays (B, H)
    rows : int
        Rows that have the position, the first ones.
    """
    for b in range(rows):
        output, target = outputs[b], total[b]
        for j in range(outputs.shape[1]):
            target[j] += output[j]


@compiled
def keep_largest(outputs: Array, top: Array, place: Array, position: int, rows: int) -> None:
    """Keep the largest hidden states so far, and where they were first met.

    Parameters
    ----------
    outputs, top : float32 arrays (B, H)
    place : int32 array (B, H)
    position : int
    rows : int
        Rows that have the position, the first ones.
    """
    for b in range(rows):
        output, best, where = outputs[b], top[b], place[b]
        for j in range(outputs.shape[1]):
            larger = (output[j] > best[j]) | (output[j] != output[j])  # NaN comes in, and stays
            best[j] = output[j] if larger else best[j]
            where[j] = int32(position) if larger else where[j]
