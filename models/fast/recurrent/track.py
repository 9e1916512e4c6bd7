"""Forward and backward passes of an LSTM stack over a chunk of sequences, on the CPU.

A step multiplies the row [x | h] of each sequence with the weights of both at once, in the precision asked
for; compiled kernels do the rest. Position t of a direction reads slot t + `before` of its states and writes
slot t + `after`: outputs come to stand where the next step reads them, and nothing is copied.

Shapes: T positions, B sequences, I inputs, H hidden units, K = I + H, D directions, R rows of a table.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from models.fast.bfloat16 import as_array
from models.fast.jit import Array
from models.fast.recurrent.cell import backward_cell, forward_cell

# The machine code of a product is made for its number of rows: few different numbers, few codes.
_ROWS_AT_ONCE = 32


class Memory:
    """Buffers which are kept from batch to batch: fresh memory costs time wherever it is touched first."""

    def __init__(self) -> None:
        self._buffers: dict[str, Tensor] = {}

    def take(self, name: str, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """A tensor with any content, in the place of the last one of that name."""
        size = math.prod(shape)
        buffer = self._buffers.get(name)
        if buffer is None or buffer.dtype != dtype or len(buffer) < size:
            with torch.inference_mode(False):  # what is made in that mode can't be used outside of it
                self._buffers[name] = buffer = torch.empty(size, dtype=dtype)
        return buffer[:size].view(shape)

    def __deepcopy__(self, memo: dict[int, object]) -> Memory:
        return Memory()


class Positions:
    """Which positions the sequences of a chunk have.

    Parameters
    ----------
    lengths : int64 Tensor (B,)
        Falling, at least 1.

    Attributes
    ----------
    counts : int64 array (T,)
        Sequences, the first ones, that have each position.
    ragged : bool
        Whether some sequences are shorter than others.
    """

    def __init__(self, lengths: Tensor) -> None:
        self.lengths = lengths
        self.counts: Array = (lengths > torch.arange(int(lengths[0])).unsqueeze(1)).sum(dim=1).numpy()
        self.ragged = bool(lengths[-1] < lengths[0])


class Parameters(NamedTuple):
    """Of one layer in one direction, or their gradients.

    weight : Tensor (4H, K)
        Of inputs and hidden states, side by side.
    table : float32 Tensor (R, 4H)
        What is added to the product by the letter read; without letters one row, the bias.
    """

    weight: Tensor
    table: Tensor


# Gives the gradient (B, H) that reaches the hidden states of a position from above; its further arguments are
# the sequences, from - to, for which this is where the sweep comes in.
Arrive = Callable[[int, int, int], Tensor]

# Called at each step of the forward pass with its position, and how many sequences have it.
Observe = Callable[[int, int], None]


class Track:
    """One layer in one direction over one chunk.

    Parameters
    ----------
    memory : Memory
    name : str
        Of the buffers in the memory.
    inputs, hidden : int
        I and H.
    positions : Positions
    reverse : bool
        Read each sequence from its last position to the first.
    dtype : torch.dtype
        float32 or bfloat16: what is multiplied.
    keep : bool
        Keep what `backward` needs.

    Attributes
    ----------
    states, slopes : Tensor (T + 1, B, K)
        Inputs and hidden states; their gradient after `backward`.
    outputs : float32 Tensor (B, H)
        Hidden states after the present step of `forward`, or where a sequence has ended.
    """

    def __init__(
        self,
        memory: Memory,
        name: str,
        inputs: int,
        hidden: int,
        positions: Positions,
        reverse: bool,
        dtype: torch.dtype,
        keep: bool,
    ) -> None:
        self.inputs, self.hidden, self.positions = inputs, hidden, positions
        self.before, self.after = int(reverse), int(not reverse)
        self._steps, self._rows = len(positions.counts), len(positions.lengths)
        kept = self._steps if keep else 1

        def take(what: str, slots: int, columns: int, dtype: torch.dtype) -> Tensor:
            return memory.take(f"{name} {what}", (slots, self._rows, columns), dtype)

        self.states = take("states", self._steps + 1, inputs + hidden, dtype)
        self.slopes = take("slopes", self._steps + 1 if keep else 0, inputs + hidden, dtype)
        self.cells = take("cells", kept + 1, hidden, torch.float32)
        self.gates = take("gates", kept, 4 * hidden, dtype)
        self.outputs = take("outputs", 1, hidden, torch.float32)[0]
        self._carried = take("carried", 1, hidden, torch.float32)[0]
        first = self._steps * self.before
        self._clear(self.states, first)
        self._clear(self.cells, first if keep else slice(None))

    def _clear(self, slots: Tensor, one: int | slice) -> None:
        """Start from zeros: in one slot or, where sequences come in at different positions, in all."""
        (slots if self.positions.ragged else slots[one]).zero_()

    def _full(self, rows: int) -> int:
        return min(self._rows, -(-rows // _ROWS_AT_ONCE) * _ROWS_AT_ONCE)

    def forward(self, parameters: Parameters, codes: Array, observe: Observe | None = None) -> None:
        """Fill the hidden states; the inputs in `states` have been written.

        Parameters
        ----------
        parameters : Parameters
        codes : uint8 array (T, B)
        observe : Observe, optional
        """
        weight, table = parameters.weight.t(), as_array(parameters.table)
        states = as_array(self.cells), as_array(self.states), as_array(self.outputs)
        for t in self._order():
            rows = int(self.positions.counts[t])
            full = self._full(rows)
            before, after = t + self.before, t + self.after
            torch.mm(self.states[before, :full], weight, out=self.gates[t % len(self.gates), :full])
            forward_cell(as_array(self.gates), table, codes, *states, t, before, after, rows)
            if observe is not None:
                observe(t, rows)

    def backward(self, parameters: Parameters, slopes: Parameters, codes: Array, arrive: Arrive) -> None:
        """Fill the gradient of `states`; add that of the parameters to `slopes`.

        Parameters
        ----------
        parameters, slopes : Parameters
        codes : uint8 array (T, B)
        arrive : Arrive
        """
        self._clear(self.slopes, self._steps * self.after)
        self._carried.zero_()
        gates, cells, table = as_array(self.gates), as_array(self.cells), as_array(slopes.table)
        passed = as_array(self._carried), as_array(self.slopes)
        entered = 0
        for t in reversed(self._order()):
            rows = int(self.positions.counts[t])
            full = self._full(rows)
            before, after = t + self.before, t + self.after
            arriving = as_array(arrive(t, entered, rows))
            backward_cell(gates, table, codes, cells, *passed, arriving, t, before, after, rows)
            self.gates[t, rows:].zero_()
            torch.mm(self.gates[t, :full], parameters.weight, out=self.slopes[before, :full])
            entered = rows
        read = self.states[self.before : self.before + self._steps].flatten(0, 1)
        slopes.weight.t().add_(read.t() @ self.gates.flatten(0, 1))

    def _order(self) -> range:
        return range(self._steps - 1, -1, -1) if self.before else range(self._steps)
