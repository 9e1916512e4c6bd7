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
    continues, open : bool
        As in `data_io.sequence_blocks.Block`.
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
    held: Scores | None = None  # the last sequence so far, while more of it may come
    for part in parts:
        best = best_windows(part.predictions, part.codes, part.lengths)
        best = replace(best, start=best.start + part.begins)
        scores = Scores(part.names, part.begins + part.lengths, best)
        if held is not None and part.continues:
            scores = _merged(held, scores)
        elif held is not None:
            yield held
        held = _rows(scores, slice(len(part.names) - 1, None)) if part.open else None
        done = len(part.names) - part.open
        if done:
            yield _rows(scores, slice(done))
    if held is not None:
        yield held


@dataclass(frozen=True)
class _Held:
    """The end of a sequence that may go on: its last 40 letters once it was scored, all of them before."""

    name: str
    codes: NDArray[np.uint8]
    begin: int
    scored: bool


def _join(blocks: Iterable[Block]) -> Iterator[Part]:
    """Give each part of a sequence the letters before it that its first windows need."""
    held: _Held | None = None
    for block in blocks:
        names, lengths, codes = block.names, block.lengths, block.codes
        begins = np.zeros(len(names), np.int64)
        goes_on = held is not None and block.continues
        if held is not None and goes_on:
            begins[0] = held.begin
            lengths = lengths + np.append(len(held.codes), np.zeros(len(names) - 1, np.int64))
            codes = np.concatenate([held.codes, codes])
        elif held is not None and not held.scored:
            names = [held.name, *names]
            begins, lengths = np.append(0, begins), np.append(len(held.codes), lengths)
            codes = np.concatenate([held.codes, codes])
        continues = bool(goes_on and held and held.scored)
        held = _hold(names, begins, lengths, codes) if block.open else None
        if held is not None and not held.scored:
            names, begins, lengths = names[:-1], begins[:-1], lengths[:-1]
            codes = codes[: len(codes) - len(held.codes)]
        if names:
            is_open = held is not None and held.scored
            yield Part(names, begins, lengths, codes, continues, is_open, _NOTHING)
    if held is not None and not held.scored:
        length = np.array([len(held.codes)])
        yield Part([held.name], np.zeros(1, np.int64), length, held.codes, False, False, _NOTHING)


def _hold(
    names: list[str], begins: NDArray[np.int64], lengths: NDArray[np.int64], codes: NDArray[np.uint8]
) -> _Held:
    length = int(lengths[-1])
    scored = length >= WIDTH
    kept = WIDTH - 1 if scored else length
    return _Held(names[-1], codes[len(codes) - kept :], int(begins[-1]) + length - kept, scored)


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
