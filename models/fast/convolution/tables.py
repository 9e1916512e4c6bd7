"""One-hot convolution as sums of table rows, compiled by numba for the processor at hand.

A window of a sequence is cut into triplets of letters. For each place of a triplet in the motif there is
a table with one row for each of the 6^3 triplets (A C G U, N and padding) and one column a filter; the
convolution of a window is the sum of one row out of each table. Tables come in blocks of 32 filters, so
that the rows that a batch touches stay in the first cache level; within a block the loop runs over the
sequences.

Shapes: B sequences, L letters, M motif length, P = L - M + 1 windows, F filters, J = ceil(M / 3) tables, G =
ceil(F / 32) blocks. Arrays are contiguous; results are 32 G columns wide, of which the first F mean
something.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float32, uint64

from models.fast.jit import Array, compiled, inlined
from models.fast.lanes import LANES, load, plus, spread, store

LETTERS = 6  # A C G U, N, padding
UNKNOWN, PAD = 4, 5
TRIPLETS = LETTERS**3
BLOCK = 2 * LANES  # filters a block: two vectors, whose sums run side by side
TABLE = TRIPLETS * BLOCK  # numbers in one table of a block


@compiled
def read_triplets(codes: Array, triplets: Array) -> int:
    """Number the triplet that starts at each letter; beyond the end comes padding.

    Parameters
    ----------
    codes : uint8 array (B, L)
    triplets : uint8 array (B, L)
        Written.

    Returns
    -------
    int
        The largest code; above 5 the other kernels would read beyond their tables.
    """
    sequences, length = codes.shape
    largest = 0
    row = np.full(length + 2, PAD, np.uint8)
    for b in range(sequences):
        for i in range(length):
            row[i] = codes[b, i]
            largest = max(largest, codes[b, i])
        for i in range(length):
            triplets[b, i] = (row[i] * LETTERS + row[i + 1]) * LETTERS + row[i + 2]
    return largest


@compiled
def tabulate(weight: Array, bias: Array, tables: Array) -> None:
    """Write the rows of all triplets.

    The bias stands in each row of the first table. With it comes zero times each weight: a weight that is
    not finite makes its filter NaN everywhere, as multiplication by zeros would.

    Parameters
    ----------
    weight : float32 array (F, 4, M)
    bias : float32 array (F,)
    tables : float32 array (G, J, 216, 32)
    """
    filters, _, length = weight.shape
    letters = np.empty((3, LETTERS, BLOCK), np.float32)
    for g in range(tables.shape[0]):
        first = g * BLOCK
        for j in range(tables.shape[1]):
            letters[:] = 0.0
            for f in range(min(BLOCK, filters - first)):
                for i in range(min(3, length - 3 * j)):
                    unknown = float32(0.0)
                    for c in range(4):
                        letters[i, c, f] = number = weight[first + f, c, 3 * j + i]
                        unknown += float32(0.25) * number
                    letters[i, UNKNOWN, f] = unknown
            if j == 0:
                _add_bias(weight, bias, first, letters)
            _add_letters(letters.ravel(), tables[g, j].ravel())


@inlined
def _add_bias(weight: Array, bias: Array, first: int, letters: Array) -> None:
    filters, _, length = weight.shape
    for f in range(first, min(first + BLOCK, filters)):
        start = bias[f]
        for c in range(4):
            for i in range(length):
                start += float32(0.0) * weight[f, c, i]
        for letter in range(LETTERS):
            letters[0, letter, f - first] += start


@inlined
def _add_letters(letters: Array, table: Array) -> None:
    row = 0
    for a in range(0, LETTERS * BLOCK, BLOCK):
        for b in range(LETTERS * BLOCK, 2 * LETTERS * BLOCK, BLOCK):
            left = plus(load(letters, a), load(letters, b))
            right = plus(load(letters, a + LANES), load(letters, b + LANES))
            for c in range(2 * LETTERS * BLOCK, 3 * LETTERS * BLOCK, BLOCK):
                store(table, row, plus(left, load(letters, c)))
                store(table, row + LANES, plus(right, load(letters, c + LANES)))
                row += BLOCK


@inlined
def sum_rows(tables: Array, table: int, triplets: Array, letter: int, count: int) -> Any:
    """Convolution of one window: two vectors of filters.

    Parameters
    ----------
    tables : float32 array (G * J * 216 * 32,)
    table : int
        Where the first table of the block begins.
    triplets : uint8 array (B * L,)
    letter : int
        Where the window begins.
    count : int
        J.
    """
    row = table + BLOCK * triplets[uint64(letter)]
    left, right = load(tables, row), load(tables, row + LANES)
    for _ in range(1, count):
        table += TABLE
        letter += 3
        row = table + BLOCK * triplets[uint64(letter)]
        left, right = plus(left, load(tables, row)), plus(right, load(tables, row + LANES))
    return left, right


@inlined
def add_to_rows(
    tables: Array, table: int, triplets: Array, letter: int, count: int, left: Any, right: Any
) -> None:
    """Add two vectors to the rows that `sum_rows` would sum: its gradient."""
    for _ in range(count):
        row = table + BLOCK * triplets[uint64(letter)]
        store(tables, row, plus(left, load(tables, row)))
        store(tables, row + LANES, plus(right, load(tables, row + LANES)))
        table += TABLE
        letter += 3


@compiled
def untabulate(tables: Array, weight: Array, bias: Array) -> None:
    """Gradient of `tabulate`: gather the gradients of the rows into those of the letters.

    Parameters
    ----------
    tables : float32 array (G, J, 216, 32)
        Gradients of the rows.
    weight : float32 array (F, 4, M)
        Written.
    bias : float32 array (F,)
        Written.
    """
    filters, _, length = weight.shape
    letters = np.empty((3, LETTERS, BLOCK), np.float32)
    for g in range(tables.shape[0]):
        first = g * BLOCK
        for j in range(tables.shape[1]):
            _gather_letters(tables[g, j].ravel(), letters.reshape(-1))
            for f in range(min(BLOCK, filters - first)):
                for i in range(min(3, length - 3 * j)):
                    for c in range(4):
                        weight[first + f, c, 3 * j + i] = (
                            letters[i, c, f] + float32(0.25) * letters[i, UNKNOWN, f]
                        )
                if j == 0:
                    bias[first + f] = float32(0.0)
                    for letter in range(LETTERS):
                        bias[first + f] += letters[0, letter, f]


@inlined
def _gather_letters(table: Array, letters: Array) -> None:
    letters[:] = 0.0
    row = 0
    for a in range(0, LETTERS * BLOCK, BLOCK):
        for b in range(LETTERS * BLOCK, 2 * LETTERS * BLOCK, BLOCK):
            left = right = spread(float32(0.0))
            for c in range(2 * LETTERS * BLOCK, 3 * LETTERS * BLOCK, BLOCK):
                row_left, row_right = load(table, row), load(table, row + LANES)
                left, right = plus(left, row_left), plus(right, row_right)
                store(letters, c, plus(row_left, load(letters, c)))
                store(letters, c + LANES, plus(row_right, load(letters, c + LANES)))
                row += BLOCK
            for at in (a, b):
                store(letters, at, plus(left, load(letters, at)))
                store(letters, at + LANES, plus(right, load(letters, at + LANES)))


@inlined
def one_hot(codes: Array, stride: int) -> Array:
    """Four numbers a letter, `stride` numbers a sequence; what lies between sequences is zero."""
    sequences, letters = codes.shape
    table = np.zeros(4 * LETTERS, np.float32)
    for c in range(4):
        table[5 * c] = 1.0
        table[4 * UNKNOWN + c] = 0.25
    hot = np.empty(sequences * stride, np.float32)
    for b in range(sequences):
        at = b * stride
        for i in range(letters):
            row = uint64(4) * uint64(codes[b, i])
            for c in range(4):
                hot[uint64(at) + uint64(c)] = table[row + uint64(c)]
            at += 4
        hot[at : (b + 1) * stride] = 0.0
    return hot
