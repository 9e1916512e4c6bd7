"""Tracks of long sequences for a genome browser: a score for each position, and the peaks.

Coordinates count from 0 and leave out their end, as the formats have it; names are those of the sequences.
A position's score is the prediction of the window of 41 around it. The first 20 positions of a sequence have
that of the first window, the last 20 that of the last, and all positions of a sequence of up to 41 letters
have the one of its only window.

A peak is a run of neighbouring positions whose scores reach a threshold; its summit is the middle of the
window of the highest score, the first of equal ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data_io.alphabet import WIDTH
from models.windows import ensemble_mean
from search.results.scoring import Part

_TITLE = 'track type=bedGraph name="{name}" description="predicted log intensity, standard deviations"\n'


@dataclass(frozen=True)
class Track:
    """Scores of the positions of several sequences, a row a window.

    Attributes
    ----------
    names : list of str
        Of the sequences.
    sequences : int64 array, shape (n,)
        Which of them a row is about.
    starts, ends, middles : int64 arrays, shape (n,)
        The positions that have this score, and the middle of the window.
    scores : float32 array, shape (n,)
    continues, open : bool
        As in `search.results.scoring.Part`.
    """

    names: list[str]
    sequences: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    middles: NDArray[np.int64]
    scores: NDArray[np.float32]
    continues: bool
    open: bool


def track_of(part: Part) -> Track:
    """Give the score of each position."""
    counts = part.counts
    sequences = np.repeat(np.arange(len(counts)), counts)
    firsts = np.cumsum(counts) - counts
    width = np.minimum(part.lengths, WIDTH)[sequences]
    middles = np.arange(len(sequences)) - firsts[sequences] + part.begins[sequences] + width // 2
    starts, ends = middles.copy(), middles + 1
    starts[firsts[part.begins == 0]] = 0
    complete = len(counts) - part.open
    ends[(firsts + counts - 1)[:complete]] = (part.begins + part.lengths)[:complete]
    mean = ensemble_mean(part.predictions)
    return Track(part.names, sequences, starts, ends, middles, mean, part.continues, part.open)


class TrackWriter:
    """Writes a bedGraph file."""

    def __init__(self, stream: IO[str], name: str) -> None:
        self._stream = stream
        stream.write(_TITLE.format(name=name.replace('"', "'")))

    def add(self, track: Track) -> None:
        """Write the positions of a track."""
        columns = {
            "name": pl.Series(track.names).gather(track.sequences),
            "start": track.starts,
            "end": track.ends,
            "score": pl.Series(track.scores.astype(np.float64)).round(4),
        }
        text = pl.DataFrame(columns).write_csv(
            None, include_header=False, separator="\t", quote_style="never"
        )
        self._stream.write(text)


@dataclass(frozen=True)
class Peak:
    """A run of positions, its highest score and where that is."""

    name: str
    start: int
    end: int
    score: float
    summit: int


class PeakFinder:
    """Finds peaks, also those that go on from one track to the next.

    Parameters
    ----------
    threshold : float
        The lowest score of a peak's positions.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._open: Peak | None = None

    def find(self, track: Track) -> list[Peak]:
        """Give the peaks that are complete with this track, in their order."""
        high = track.scores >= self._threshold
        change = track.sequences[1:] != track.sequences[:-1]
        begins = np.flatnonzero(high & np.append(True, change | ~high[:-1]))
        stops = np.flatnonzero(high & np.append(change | ~high[1:], True)) + 1
        peaks = [
            _peak_of(track, begin, stop) for begin, stop in zip(begins.tolist(), stops.tolist(), strict=True)
        ]
        if self._open is not None:
            if track.continues and high[0]:
                peaks[0] = _joined(self._open, peaks[0])
            else:
                peaks.insert(0, self._open)
        self._open = peaks.pop() if track.open and high[-1] else None
        return peaks


class PeakWriter:
    """Writes peaks as BED with the columns of ENCODE's narrowPeak.

    Those are name of the sequence, start, end, name of the peak, ten times the percentile of its score among
    the training probes (0 where that is not known), strand, score, two times -1 (nothing is tested), and the
    summit, counted from the start.
    """

    def __init__(
        self, stream: IO[str], percentiles: Callable[[NDArray[np.float32]], NDArray[np.float64]]
    ) -> None:
        self._stream, self._percentiles = stream, percentiles
        self._name, self._number = "", 0

    def add(self, peaks: list[Peak]) -> None:
        """Write peaks; those of a sequence are numbered."""
        if not peaks:
            return
        scores = np.array([peak.score for peak in peaks], np.float32)
        tenths = np.nan_to_num(10 * self._percentiles(scores)).astype(int)
        for peak, tenth in zip(peaks, tenths.tolist(), strict=True):
            self._number = self._number + 1 if peak.name == self._name else 1
            self._name = peak.name
            place = f"{peak.name}\t{peak.start}\t{peak.end}\t{peak.name}_peak_{self._number}\t{tenth}\t+"
            self._stream.write(f"{place}\t{peak.score:.4f}\t-1\t-1\t{peak.summit - peak.start}\n")


def _peak_of(track: Track, begin: int, stop: int) -> Peak:
    top = begin + int(track.scores[begin:stop].argmax())
    name, score = track.names[track.sequences[begin]], float(track.scores[top])
    return Peak(name, int(track.starts[begin]), int(track.ends[stop - 1]), score, int(track.middles[top]))


def _joined(first: Peak, second: Peak) -> Peak:
    best = first if first.score >= second.score else second
    return Peak(first.name, first.start, second.end, best.score, best.summit)
