"""The arithmetic of an LSTM cell between the matrix products, compiled by numba for the processor at hand.

The loops run over one row at a time, gate by gate, so that LLVM turns each into vector instructions and its
numbers stay in the first cache level. Arrays given as `float32 | bfloat16` hold either (see
`models.fast.bfloat16`).

Shapes: T positions, B rows (sequences), H hidden units, K = inputs + H columns of a row of states [x | h],
R rows of a table. Gates stand in torch's order: input, forget, cell, output.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, njit

from models.fast.bfloat16 import narrow, widen
from models.fast.jit import Array, compiled

ZERO, HALF, ONE, BOUND = float32(0.0), float32(0.5), float32(1.0), float32(8.0)


def _tanh(x: Any) -> Any:
    """Hyperbolic tangent to 4e-7: a quotient of polynomials with the least relative error on [-8, 8]."""
    x = BOUND if x > BOUND else x  # NaN stays NaN
    x = -BOUND if x < -BOUND else x
    z = x * x
    above = float32(2.18946307e-05) + z * float32(1.52303741e-08)
    above = float32(0.999999994) + z * (float32(0.134444964) + z * (float32(0.00357159613) + z * above))
    below = float32(0.000341128891) + z * float32(8.52242885e-07)
    below = ONE + z * (float32(0.467778237) + z * (float32(0.0261644357) + z * below))
    return x * above / below


# "contract": multiply and add in one instruction, which rounds once.
tanh = njit(forceinline=True, nogil=True, error_model="numpy", fastmath={"contract"})(_tanh)


@compiled
def forward_cell(
    gates: Array,
    table: Array,
    codes: Array,
    cells: Array,
    states: Array,
    outputs: Array,
    position: int,
    before: int,
    after: int,
    rows: int,
) -> None:
    """One step of an LSTM layer, after the matrix product.

    Parameters
    ----------
    gates : float32 | bfloat16 array (T or 1, B, 4H)
        Products of inputs and states with the weights; replaced by the gates' values. Here and in `cells`
        fewer slots than there are positions are used in turns.
    table : float32 array (R, 4H)
        Added to the products: the bias and, where the input is one letter, that letter's weights.
    codes : uint8 array (T, B)
        Which row of the table.
    cells : float32 array (T + 1 or 2, B, H)
        Cell states.
    states : float32 | bfloat16 array (T + 1, B, K)
        Its last H columns are the hidden states.
    outputs : float32 array (B, H)
        The same of this step alone.
    position, before, after : int
        Slot of gates and codes; slots of cells and states to read and to write.
    rows : int
        Rows that take part, the first ones.
    """
    hidden = cells.shape[2]
    slot, first, second = position % len(gates), before % len(cells), after % len(cells)
    activated = np.empty(4 * hidden, np.float32)
    # The logistic function is a tanh of half the argument, halved and raised: one loop for all gates.
    scale, shift = np.full(4 * hidden, HALF), np.full(4 * hidden, HALF)
    scale[2 * hidden : 3 * hidden] = ONE
    shift[2 * hidden : 3 * hidden] = ZERO
    enter, forget = activated[:hidden], activated[hidden : 2 * hidden]
    value, leave = activated[2 * hidden : 3 * hidden], activated[3 * hidden :]
    for b in range(rows):
        gate, offset = gates[slot, b], table[codes[position, b]]
        for j in range(4 * hidden):
            activated[j] = tanh((widen(gate[j]) + offset[j]) * scale[j]) * scale[j] + shift[j]
        for j in range(4 * hidden):
            gate[j] = narrow(activated[j], gates)
        old, new = cells[first, b], cells[second, b]
        for j in range(hidden):
            new[j] = forget[j] * old[j] + enter[j] * value[j]
        output, state = outputs[b], states[after, b, states.shape[2] - hidden :]
        for j in range(hidden):
            output[j] = leave[j] * tanh(new[j])
        for j in range(hidden):
            state[j] = narrow(output[j], states)


@compiled
def backward_cell(
    gates: Array,
    table_slopes: Array,
    codes: Array,
    cells: Array,
    cell_slopes: Array,
    state_slopes: Array,
    arriving: Array,
    position: int,
    before: int,
    after: int,
    rows: int,
) -> None:
    """Gradient of `forward_cell`.

    Parameters
    ----------
    gates : float32 | bfloat16 array (T, B, 4H)
        The gates' values; replaced by the gradient of the products.
    table_slopes : float32 array (R, 4H)
        Gradient of the table; added to.
    codes : uint8 array (T, B)
    cells : float32 array (T + 1, B, H)
    cell_slopes : float32 array (B, H)
        Gradient of the written cell states; replaced by that of the read ones.
    state_slopes : float32 | bfloat16 array (T + 1, B, K)
        Gradient of `states`, as the later steps left it.
    arriving : float32 array (B, H)
        What the layer above adds to the gradient of the hidden states.
    position, before, after, rows : int
        As in `forward_cell`.
    """
    hidden = cells.shape[2]
    slope = np.empty(4 * hidden, np.float32)  # the gates' values, then gradients
    enter, forget = slope[:hidden], slope[hidden : 2 * hidden]
    value, leave = slope[2 * hidden : 3 * hidden], slope[3 * hidden :]
    bounded, cell = np.empty(hidden, np.float32), np.empty(hidden, np.float32)
    for b in range(rows):
        gate, carried, total = gates[position, b], cell_slopes[b], table_slopes[codes[position, b]]
        old, new = cells[before, b], cells[after, b]
        recurrent = state_slopes[after, b, state_slopes.shape[2] - hidden :]
        outer = arriving[b]
        for j in range(4 * hidden):
            slope[j] = widen(gate[j])
        for j in range(hidden):
            bounded[j] = tanh(new[j])
        for j in range(hidden):
            state = (outer[j] + widen(recurrent[j])) * leave[j]
            cell[j] = carried[j] + state * (ONE - bounded[j] * bounded[j])
            leave[j] = state * bounded[j] * (ONE - leave[j])
        for j in range(hidden):
            entered = cell[j] * enter[j]
            enter[j] = entered * value[j] * (ONE - enter[j])
            value[j] = entered * (ONE - value[j] * value[j])
        for j in range(hidden):
            carried[j] = kept = cell[j] * forget[j]
            forget[j] = kept * old[j] * (ONE - forget[j])
        for j in range(4 * hidden):
            gate[j] = narrow(slope[j], gates)
        for j in range(4 * hidden):
            total[j] += slope[j]
