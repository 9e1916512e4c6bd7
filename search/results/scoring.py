"""Score the sequences of a FASTA file with an exported model."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from data_io.alphabet import WIDTH, encode
from data_io.fasta import stream_fasta
from data_io.files import write_atomically
from models.weights import LoadedModel, load_model

COLUMNS = ("name", "length", "score", "best_window_start")
_BATCH = 4096


@dataclass(frozen=True)
class Score:
    """The score of a sequence.

    Parameters
    ----------
    name : str
    length : int
        Letters of the sequence.
    score : float
        Predicted log intensity in standard deviations from the mean of the training probes; the highest of
        all windows for a sequence longer than 41.
    best_window_start : int
        Position, from 1, at which the window of that score begins.
    """

    name: str
    length: int
    score: float
    best_window_start: int


@dataclass(frozen=True)
class _Piece:
    """A stretch of a sequence with at most a batch of windows."""

    name: str
    length: int
    first: int
    text: str

    @property
    def windows(self) -> int:
        return max(len(self.text) - WIDTH + 1, 1)


Records: TypeAlias = Iterable[tuple[str, str]]


def predict_fasta(export: Path, fasta: Path, out: Path | None = None) -> str:
    """Score every sequence of a FASTA file and write a tab-separated table.

    Parameters
    ----------
    export : Path
        A folder of `search.results.export.export_study`; nothing else is needed.
    fasta : Path
        Plain or compressed; read, scored and written piece by piece where `out` is given.
    out : Path, optional
        The table, which appears when it is complete. Default: the text is returned.

    Returns
    -------
    str
        The table's text, empty where it went to `out`.

    Raises
    ------
    ModelError
        When the folder holds no model, or a damaged one.
    DataError
        When the file cannot be read as RNA or DNA sequences.
    StorageError
        When `out` cannot be written.
    """
    scores = score_sequences(load_model(export), stream_fasta(fasta))
    if out is None:
        text = io.StringIO()
        write_scores(scores, text)
        return text.getvalue()
    with write_atomically(out) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as stream:
        write_scores(scores, stream)
    return ""


def score_sequences(model: LoadedModel, records: Records, batch_size: int = _BATCH) -> Iterator[Score]:
    """Score named sequences, whatever their length and number, in bounded memory.

    Parameters
    ----------
    model : LoadedModel
        The mean of its members is the score.
    records : iterable of (name, sequence)
        Sequences up to 41 letters are scored whole, longer ones in every window of 41.
    batch_size : int
        Windows predicted at once. Default is 4096.

    Yields
    ------
    Score
        One a record, in their order.
    """
    best: Score | None = None
    for pieces in _grouped(_cut(records, batch_size), batch_size):
        for found, begins in _best_of(model, pieces):
            if begins:
                if best is not None:
                    yield best
                best = found
            elif best is None or found.score > best.score:
                best = found
    if best is not None:
        yield best


def write_scores(scores: Iterable[Score], stream: IO[str]) -> None:
    """Write scores as tab-separated text with a header."""
    stream.write("\t".join(COLUMNS) + "\n")
    for score in scores:
        name = " ".join(score.name.split())
        stream.write(f"{name}\t{score.length}\t{score.score:.6g}\t{score.best_window_start}\n")


def _cut(records: Records, batch_size: int) -> Iterator[_Piece]:
    """Cut long sequences so that their windows fit batches; neighbours share the letters of a window."""
    for name, sequence in records:
        for first in range(0, max(len(sequence) - WIDTH + 1, 1), batch_size):
            yield _Piece(name, len(sequence), first, sequence[first : first + batch_size + WIDTH - 1])


def _grouped(pieces: Iterable[_Piece], batch_size: int) -> Iterator[list[_Piece]]:
    """Gather pieces until a group would have more windows than a batch."""
    group: list[_Piece] = []
    windows = 0
    for piece in pieces:
        if group and windows + piece.windows > batch_size:
            yield group
            group, windows = [], 0
        group.append(piece)
        windows += piece.windows
    if group:
        yield group


def _best_of(model: LoadedModel, pieces: list[_Piece]) -> Iterator[tuple[Score, bool]]:
    """Score pieces together; with each best window comes whether its sequence begins there."""
    predictions = model.predict(_encode_windows(pieces))
    ends = np.cumsum([piece.windows for piece in pieces])
    for piece, scores in zip(pieces, np.split(predictions, ends[:-1]), strict=True):
        top = int(scores.argmax())
        found = Score(piece.name, piece.length, float(scores[top]), piece.first + top + 1)
        yield found, piece.first == 0


def _encode_windows(pieces: list[_Piece]) -> NDArray[np.uint8]:
    """Codes of all windows of the pieces, shape (windows, 41); each letter is encoded once."""
    lines = [range(0, max(len(piece.text), 1), WIDTH) for piece in pieces]
    texts = [piece.text[i : i + WIDTH] for piece, starts in zip(pieces, lines, strict=True) for i in starts]
    names = [piece.name for piece, starts in zip(pieces, lines, strict=True) for _ in starts]
    codes, _ = encode(texts, lambda index: f"record {names[index]!r}")
    blocks = np.split(codes, np.cumsum([len(starts) for starts in lines])[:-1])
    return np.concatenate([_slide(block, len(p.text)) for block, p in zip(blocks, pieces, strict=True)])


def _slide(codes: NDArray[np.uint8], length: int) -> NDArray[np.uint8]:
    """Windows of a text from its lines of 41 codes; one padded window for a text that is not longer."""
    if length <= WIDTH:
        return codes
    return np.lib.stride_tricks.sliding_window_view(codes.ravel()[:length], WIDTH)
