"""Dropout between two LSTM layers, compiled by numba: from the states of one to the inputs of the next.

Shapes: T positions, B rows (sequences), H hidden units, K = inputs + H columns of a row of states [x | h].
"""

from __future__ import annotations

from numba import float32, uint32

from models.fast.bfloat16 import narrow, widen
from models.fast.dropout import random_word
from models.fast.jit import Array, compiled

ZERO = float32(0.0)


@compiled
def pass_on(
    states: Array,
    slot: int,
    inputs: Array,
    input_slot: int,
    first: int,
    hidden: int,
    numbers: Array,
    positions: int,
    key: int,
    limit: int,
) -> None:
    """Write the hidden states of a layer into the inputs of the next one, with dropout.

    Parameters
    ----------
    states : float32 | bfloat16 array (T + 1, B, K)
        States of the layer.
    slot, input_slot : int
        Slot of `states` after, and of `inputs` before the step at the first position.
    inputs : float32 | bfloat16 array (T + 1, B, K')
        States of the next layer.
    first : int
        First of the H columns of `inputs` that are written.
    hidden : int
        H.
    numbers : int64 array (B,)
        Where the rows stand in the batch.
    positions : int
        Of the batch.
    key : int
        The random numbers follow from it and the place of a value in (batch, positions, H) alone.
    limit : int
        Values whose random number, out of 2^32, is lower are zeroed; the others are scaled so that the mean
        stays.
    """
    steps, rows = states.shape[0] - 1, states.shape[1]
    scale = float32(2.0**32 / (2.0**32 - limit))
    for t in range(steps):
        for b in range(rows):
            source = states[slot + t, b, states.shape[2] - hidden :]
            target = inputs[input_slot + t, b, first : first + hidden]
            place = (numbers[b] * positions + t) * hidden
            if limit == 0:
                for j in range(hidden):
                    target[j] = source[j]
            else:
                for j in range(hidden):
                    kept = widen(source[j]) * scale
                    kept = kept if random_word(place + j, key) >= uint32(limit) else ZERO
                    target[j] = narrow(kept, inputs)


@compiled
def pass_back(
    arriving: Array,
    slopes: Array,
    slot: int,
    position: int,
    first: int,
    rows: int,
    numbers: Array,
    positions: int,
    key: int,
    limit: int,
) -> None:
    """Gradient of `pass_on` at one position, added to `arriving`.

    Parameters
    ----------
    arriving : float32 array (B, H)
        Gradient of the layer's hidden states.
    slopes : float32 | bfloat16 array (T + 1, B, K')
        Gradient of the next layer's states.
    slot : int
        Slot of `slopes` before the step at the position.
    position, rows : int
    first, numbers, positions, key, limit
        As in `pass_on`.
    """
    hidden = arriving.shape[1]
    scale = float32(2.0**32 / (2.0**32 - limit))
    for b in range(rows):
        source, target = slopes[slot, b, first : first + hidden], arriving[b]
        place = (numbers[b] * positions + position) * hidden
        if limit == 0:
            for j in range(hidden):
                target[j] += widen(source[j])
        else:
            for j in range(hidden):
                kept = widen(source[j]) * scale
                kept = kept if random_word(place + j, key) >= uint32(limit) else ZERO
                target[j] += kept
