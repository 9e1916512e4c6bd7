"""A chunk of sequences through all layers and directions of an LSTM stack, and back.

Shapes: T positions, B sequences, C inputs, H hidden units, D directions.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from models.fast.bfloat16 import as_array
from models.fast.jit import Array
from models.fast.recurrent.between import pass_back, pass_on
from models.fast.recurrent.readout import Readout
from models.fast.recurrent.track import Arrive, Memory, Parameters, Positions, Track


@dataclass(frozen=True)
class Plan:
    """What is the same for all chunks of a batch.

    Parameters
    ----------
    inputs : int
        Features a position; 0 if the sequences come as letters.
    hidden, layers, directions : int
    positions : int
        T of the batch; a chunk may have fewer.
    readout : str
        `"last"`, `"mean"`, `"max"` or `"windows"`.
    window : int
        Positions of such a window.
    keys : tuple of int
        For the random numbers of dropout: of each layer but the last, of each direction.
    limit : int
        Probability of dropout between layers, out of 2^32.
    dtype : torch.dtype
        float32 or bfloat16: what is multiplied.
    keep : bool
        Keep what the backward pass needs.
    """

    inputs: int
    hidden: int
    layers: int
    directions: int
    positions: int
    readout: str
    window: int
    keys: tuple[int, ...]
    limit: int
    dtype: torch.dtype
    keep: bool

    @property
    def windows(self) -> int:
        """Of which the head gets hidden states of each direction."""
        return self.positions // self.window if self.readout == "windows" else 1


class Chunk:
    """The tracks of a chunk, and what they pass to each other.

    Parameters
    ----------
    plan : Plan
    memory : Memory
    positions : Positions
    rows : int64 array (B,)
        Where the chunk's sequences stand in the batch.
    """

    def __init__(self, plan: Plan, memory: Memory, positions: Positions, rows: Array) -> None:
        self.plan, self.positions, self.rows = plan, positions, rows
        self.tracks = [
            [
                Track(
                    memory,
                    f"{layer} {direction}",
                    plan.directions * plan.hidden if layer else plan.inputs,
                    plan.hidden,
                    positions,
                    reverse=direction == 1,
                    dtype=plan.dtype,
                    keep=plan.keep,
                )
                for direction in range(plan.directions)
            ]
            for layer in range(plan.layers)
        ]
        how = plan.readout, plan.window, plan.windows
        self.readouts = [Readout(*how, track) for track in self.tracks[-1]]
        self._no_letters = torch.zeros(len(positions.counts), len(positions.lengths), dtype=torch.uint8)

    def forward(self, x: Tensor, parameters: list[list[Parameters]]) -> Tensor:
        """Read features (B, T, C) or letters (B, T): what the head gets (B, D H windows)."""
        self._letters = self._no_letters if self.plan.inputs else x.t().contiguous()
        if self.plan.inputs:
            for track in self.tracks[0]:
                inputs = track.states[track.before : track.before + x.shape[1], :, : self.plan.inputs]
                inputs.copy_(x.transpose(0, 1))
        for layer, tracks in enumerate(self.tracks):
            if layer:
                self._pass_on(layer)
            for direction, (track, given) in enumerate(zip(tracks, parameters[layer], strict=True)):
                observe = self.readouts[direction].observe if layer == self.plan.layers - 1 else None
                track.forward(given, self._codes(layer).numpy(), observe)
        return torch.cat([readout.read() for readout in self.readouts], dim=1)

    def backward(
        self, gradient: Tensor, parameters: list[list[Parameters]], slopes: list[list[Parameters]]
    ) -> None:
        """From the gradient of what the head got; add that of the parameters to `slopes`."""
        for layer in reversed(range(self.plan.layers)):
            for direction, track in enumerate(self.tracks[layer]):
                if layer == self.plan.layers - 1:
                    part = gradient.chunk(self.plan.directions, dim=1)[direction]
                    arrive = self.readouts[direction].arrive(part.contiguous())
                else:
                    arrive = self._pass_back(layer, direction)
                codes = self._codes(layer).numpy()
                track.backward(parameters[layer][direction], slopes[layer][direction], codes, arrive)

    def input_slopes(self, length: int) -> Tensor:
        """Gradient of the features (B, length, C), after the backward pass; zeros from position T on."""
        steps, width = len(self.positions.counts), self.plan.inputs
        first, *rest = (t.slopes[t.before : t.before + steps, :, :width] for t in self.tracks[0])
        total = sum((part.float() for part in rest), first).transpose(0, 1)
        return F.pad(total, (0, 0, 0, length - steps)) if steps < length else total

    def _codes(self, layer: int) -> Tensor:
        return self._no_letters if layer else self._letters

    def _random(self, layer: int, direction: int) -> tuple[Array, int, int, int]:
        """What the random numbers between a layer and the next one follow from."""
        key = self.plan.keys[layer * self.plan.directions + direction]
        return self.rows, self.plan.positions, key, self.plan.limit

    def _pass_on(self, layer: int) -> None:
        """Outputs of the layer below to the inputs of this one."""
        hidden = self.plan.hidden
        for direction, source in enumerate(self.tracks[layer - 1]):
            states, random = as_array(source.states), self._random(layer - 1, direction)
            for target in self.tracks[layer]:
                where = target.before, direction * hidden, hidden, *random
                pass_on(states, source.after, as_array(target.states), *where)

    def _pass_back(self, layer: int, direction: int) -> Arrive:
        """How the gradient of the inputs of the layer above reaches this direction's positions."""
        hidden = self.plan.hidden
        arriving = torch.empty(len(self.positions.lengths), hidden)
        above = [(as_array(track.slopes), track.before) for track in self.tracks[layer + 1]]
        random = self._random(layer, direction)

        def arrive(position: int, _entered: int, rows: int) -> Tensor:
            arriving.zero_()
            for slopes, before in above:
                where = slopes, position + before, position, direction * hidden
                pass_back(arriving.numpy(), *where, rows, *random)
            return arriving

        return arrive
