"""Score sequences of any length and number, in memory that does not grow with them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from torch import nn

from data_io.alphabet import WIDTH
from data_io.sequence_blocks import Block
from models.windows import Best, best_windows, count_windows, predict_windows

_AHEAD = 2  # blocks that are read while one is predicted
_NOTHING = np.empty((0, 0), np.float32)


@dataclass(frozen=True)
class Part:
    """Sequences, the first and last of which may be parts, with what is predicted of their windows.

    Attributes
    ----------
    names : list of str, length n
    begins : int64 array, shape (n,)
        Letters of a sequence before this part of it.
    lengths : int64 array, shape (n,)
        Letters in this part; neighbouring parts have the 40 letters in common that no window of one holds
        without the other.
    codes : uint8 array, shape (sum of lengths,)
    continues : bool
        The first sequence goes on from the part before.
    open : bool
        The last goes on in the next part.
    predictions : float32 array, shape (members, windows)
        As `models.windows.predict_windows` gives them.
    """

    names: list[str]
    begins: NDArray[np.int64]
    lengths: NDArray[np.int64]
    codes: NDArray[np.uint8]
    continues: bool
    open: bool
    predictions: NDArray[np.float32]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Windows of each sequence in this part."""
        return count_windows(self.lengths)


@dataclass(frozen=True)
class Scores:
    """Names, lengths and best windows of sequences that are complete."""

    names: list[str]
    lengths: NDArray[np.int64]
    best: Best


def predict_blocks(
    members: Sequence[nn.Module], blocks: Iterable[Block], threads: Executor | None = None
) -> Iterator[Part]:
    """Predict every window of sequences.

    Parameters
    ----------
    members : sequence of nn.Module
    blocks : iterable of Block
        As `data_io.sequences.SequenceFile.blocks` gives them.
    threads : Executor, optional
        Threads that predict blocks while the next are read. Default: no threads.

    Yields
    ------
    Part
        In the order of the sequences.
    """
    if threads is None:
        yield from (predict_part(members, part) for part in _join(blocks))
        return
    waiting: deque[Future[Part]] = deque()
    for part in _join(blocks):
        waiting.append(threads.submit(predict_part, members, part))
        if len(waiting) > _AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def predict_part(members: Sequence[nn.Module], part: Part) -> Part:
    """Fill in the predictions of a part."""
    return replace(part, predictions=predict_windows(members, part.codes, part.lengths))


def best_of_parts(parts: Iterable[Part]) -> Iterator[Scores]:
    """Give the best window of each sequence, as soon as it is complete.

    Parameters
    ----------
    parts : iterable of Part
        As `predict_blocks` gives them.
    """
    held: Scores | None = None  # the last sequence so far, where it goes on
    for part in parts:
        best = best_windows(part.predictions, part.codes, part.lengths)
        best = replace(best, start=best.start + part.begins)
        scores = Scores(part.names, part.begins + part.lengths, best)
        if held is not None:
            scores = _merged(held, scores)
        held = _rows(scores, slice(len(part.names) - 1, None)) if part.open else None
        done = len(part.names) - part.open
        if done:
            yield _rows(scores, slice(done))


def _join(blocks: Iterable[Block]) -> Iterator[Part]:
    """Give each part of a sequence the letters before it that its first windows need."""
    held: Part | None = None  # the last sequence, where it goes on: its last 40 letters, or all of fewer
    for block, goes_on in _with_what_follows(blocks):
        begins, continues = np.zeros(len(block.names), np.int64), False
        lengths, codes = block.lengths.copy(), block.codes
        if held is not None:
            begins[0], continues = held.begins[0], held.continues
            lengths[0] += held.lengths[0]
            codes = np.concatenate([held.codes, codes])
        part = Part(block.names, begins, lengths, codes, continues, False, _NOTHING)
        held = None
        if goes_on:
            held = _end_of(part)
            part = replace(part, open=True) if held.continues else _without_last(part)
        if part.names:
            yield part


def _with_what_follows(blocks: Iterable[Block]) -> Iterator[tuple[Block, bool]]:
    """Give each block, and whether its last sequence goes on in the next."""
    before: Block | None = None
    for block in blocks:
        if before is not None:
            yield before, block.continues
        before = block
    if before is not None:
        yield before, False


def _end_of(part: Part) -> Part:
    """What the next part needs of the last sequence; `continues` if a window of it is predicted before."""
    length = int(part.lengths[-1])
    scored = length >= WIDTH
    kept = WIDTH - 1 if scored else length
    begins, lengths = part.begins[-1:] + length - kept, np.array([kept])
    return Part(part.names[-1:], begins, lengths, part.codes[-kept:], scored, False, _NOTHING)


def _without_last(part: Part) -> Part:
    codes = part.codes[: len(part.codes) - int(part.lengths[-1])]
    return replace(
        part, names=part.names[:-1], begins=part.begins[:-1], lengths=part.lengths[:-1], codes=codes
    )


def _rows(scores: Scores, rows: slice) -> Scores:
    best = scores.best
    chosen = Best(best.score[rows], best.spread[rows], best.start[rows], best.unknown[rows])
    return Scores(scores.names[rows], scores.lengths[rows], chosen)


def _merged(held: Scores, scores: Scores) -> Scores:
    """Let the first sequence have the better window of both its parts."""
    if scores.best.score[0] > held.best.score[0]:
        return scores
    for name in ("score", "spread", "start", "unknown"):
        getattr(scores.best, name)[0] = getattr(held.best, name)[0]
    return scores
