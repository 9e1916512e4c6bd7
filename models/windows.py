"""Predictions of every window of 41 of sequences of any length, and the best window of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from data_io.alphabet import PAD, WIDTH, N
from models.predict import predict_tensor

_BATCH = 2048  # windows predicted at once
_STRETCH = 8192  # windows of a long sequence predicted at once: their features stay in the second cache level
_LONG = 64  # from this length on, sharing features pays for the windows between two sequences


class Map(Protocol):
    """`map`, or that of an executor of threads."""

    def __call__(self, function: Callable[[Any], None], jobs: Iterable[Any], /) -> Iterator[None]:
        """Call a function with each of the jobs."""
        ...


@dataclass(frozen=True)
class Best:
    """The best window of each of n sequences.

    Attributes
    ----------
    score : float32 array, shape (n,)
        The mean of the members' predictions, the highest of all windows.
    spread : float32 array, shape (n,)
        Standard deviation of the members' predictions of that window; NaN for a single member.
    start : int64 array, shape (n,)
        Where the window begins, from 0.
    unknown : float64 array, shape (n,)
        Share of the window's letters that are N.
    """

    score: NDArray[np.float32]
    spread: NDArray[np.float32]
    start: NDArray[np.int64]
    unknown: NDArray[np.float64]


def count_windows(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Windows of sequences: one up to 41 letters, else as many as there are starts."""
    return np.maximum(lengths - WIDTH + 1, 1)


def predict_windows(
    members: Sequence[nn.Module],
    codes: NDArray[np.uint8],
    lengths: NDArray[np.int64],
    run: Map = map,
) -> NDArray[np.float32]:
    """Predict all windows of sequences.

    A network with a method `scan` calculates the features of a long sequence once, not once for each of the
    windows that share them; its predictions are the same within rounding.

    Parameters
    ----------
    members : sequence of nn.Module
        In evaluation mode, on the CPU.
    codes : uint8 array, shape (sum of lengths,)
        The sequences one behind the other.
    lengths : int64 array, shape (n,)
        At least 1 each; up to 41 a sequence is one window.
    run : callable
        Runs the jobs that this comes to, such as the `map` of an executor of threads. Default: `map`.

    Returns
    -------
    float32 array, shape (members, windows)
        The windows of the first sequence, then those of the second, and so on.
    """
    places = _Places.of(codes, lengths)
    predictions = np.empty((len(members), len(places.begins)), np.float32)
    is_long = lengths >= _LONG
    shared = is_long if is_long.any() else None
    jobs: list[Callable[[], None]] = []
    endings: list[Callable[[], None]] = []
    for member, row in zip(members, predictions, strict=True):
        rest = np.arange(len(row))
        if shared is not None and _can_scan(member):
            rest = rest[np.repeat(~shared, count_windows(lengths))]
            joined = codes[np.repeat(shared, lengths)]
            starts = np.empty(len(joined) - WIDTH + 1, np.float32)
            jobs += [partial(_scan, member, joined, starts, at) for at in range(0, len(starts), _STRETCH)]
            endings.append(partial(_pick, starts, row, shared, lengths))
        jobs += [
            partial(_predict, member, places, rest[at : at + _BATCH], row)
            for at in range(0, len(rest), _BATCH)
        ]
    for _ in run(_call, jobs):
        pass
    for ending in endings:
        ending()
    return predictions


def best_windows(
    predictions: NDArray[np.float32], codes: NDArray[np.uint8], lengths: NDArray[np.int64]
) -> Best:
    """Find the window of the highest mean in each sequence, the first of equal ones.

    Parameters
    ----------
    predictions : float32 array, shape (members, windows)
        As `predict_windows` gives them.
    codes, lengths
        As there.
    """
    counts = count_windows(lengths)
    firsts = np.cumsum(counts) - counts
    mean = ensemble_mean(predictions)
    tops = firsts.copy()
    hits = np.flatnonzero(mean == np.repeat(np.maximum.reduceat(mean, firsts), counts))[::-1]
    tops[np.searchsorted(firsts, hits, side="right") - 1] = hits
    windows = _Places.of(codes, lengths).windows(tops)
    unknown = (windows == N).sum(axis=1) / (windows != PAD).sum(axis=1)
    return Best(mean[tops], ensemble_spread(predictions[:, tops]), tops - firsts, unknown)


def ensemble_mean(predictions: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean over the members (members, n) -> (n,)."""
    mean: NDArray[np.float32] = predictions[0]
    return mean if len(predictions) == 1 else predictions.mean(axis=0, dtype=np.float32)


def ensemble_spread(predictions: NDArray[np.float32]) -> NDArray[np.float32]:
    """Standard deviation over the members (members, n) -> (n,); NaN for a single one."""
    if len(predictions) == 1:
        return np.full(predictions.shape[1], np.nan, np.float32)
    spread: NDArray[np.float32] = predictions.std(axis=0, ddof=1)
    return spread


@dataclass(frozen=True)
class _Places:
    """Where windows begin in the letters, and how many letters of their sequence there are from there on."""

    letters: NDArray[np.uint8]
    begins: NDArray[np.int64]
    left: NDArray[np.int64]

    @classmethod
    def of(cls, codes: NDArray[np.uint8], lengths: NDArray[np.int64]) -> _Places:
        counts, ends = count_windows(lengths), np.cumsum(lengths)
        begins = np.repeat(ends - lengths - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        padding = np.full(WIDTH - 1, PAD, np.uint8)
        return cls(np.concatenate([codes, padding]), begins, np.repeat(ends, counts) - begins)

    def windows(self, chosen: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Codes of some windows (n, 41)."""
        views = np.lib.stride_tricks.sliding_window_view(self.letters, WIDTH)
        windows: NDArray[np.uint8] = views[self.begins[chosen]]
        left = self.left[chosen]
        if len(left) and left.min() < WIDTH:  # behind a short sequence there are letters of the next one
            windows[np.arange(WIDTH) >= left[:, None]] = PAD
        return windows


def _can_scan(member: nn.Module) -> bool:
    return bool(getattr(member, "scans", False))


def _call(job: Callable[[], None]) -> None:
    job()


def _predict(member: nn.Module, places: _Places, chosen: NDArray[np.int64], row: NDArray[np.float32]) -> None:
    row[chosen] = predict_tensor(member, torch.from_numpy(places.windows(chosen)), _BATCH).cpu().numpy()


@torch.inference_mode()
def _scan(member: Any, joined: NDArray[np.uint8], starts: NDArray[np.float32], at: int) -> None:
    stretch = torch.from_numpy(joined[at : at + _STRETCH + WIDTH - 1])
    starts[at : at + _STRETCH] = member.scan(stretch).float().cpu().numpy()


def _pick(
    starts: NDArray[np.float32],
    row: NDArray[np.float32],
    shared: NDArray[np.bool_],
    lengths: NDArray[np.int64],
) -> None:
    """Put the predictions of the long sequences in place, without those between two of them."""
    own = np.ones(len(starts), bool)
    for ends in np.cumsum(lengths[shared])[:-1]:
        own[ends - WIDTH + 1 : ends] = False
    row[np.repeat(shared, count_windows(lengths))] = starts[own]
