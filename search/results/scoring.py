"""Score the sequences of a FASTA file with an exported model."""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from data_io.alphabet import PAD, WIDTH, N, encode
from data_io.errors import ConfigError
from data_io.fasta import Contents, Fragment, open_fasta
from data_io.outputs import STANDARD_OUTPUT, check_output, open_text_output
from models.weights import LoadedModel, load_model

COLUMNS = ("name", "length", "score", "best_window_start", "unknown")
_BATCH = 4096
_OTHER_FORMATS = {".xlsx", ".xls", ".ods", ".json", ".parquet"}
_log = logging.getLogger(__name__)


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
    unknown : float
        Share of that window's letters that are N: 1 where the score rests on no letter at all.
    """

    name: str
    length: int
    score: float
    best_window_start: int
    unknown: float = 0.0


@dataclass(frozen=True)
class _Piece:
    """A stretch of a sequence with at most a batch of windows."""

    record: int
    name: str
    first: int
    text: str

    @property
    def windows(self) -> int:
        return max(len(self.text) - WIDTH + 1, 1)


def predict_fasta(export: Path, fasta: Path, out: Path = STANDARD_OUTPUT, strict: bool = False) -> None:
    """Score every sequence of a FASTA file and write a table, in memory that does not grow with the file.

    The file is checked as a whole before the work begins; what is odd in it is logged as a warning.

    Parameters
    ----------
    export : Path
        A folder of `search.results.export.export_study`; nothing else is needed.
    fasta : Path
        Plain or compressed; "-" is standard input.
    out : Path
        The table, comma-separated if it ends in .csv, otherwise tab-separated; see `data_io.outputs`. A file
        appears when it is complete. Default: standard output.
    strict : bool
        Refuse letters that stand for several bases. Default: read them as N.

    Raises
    ------
    ConfigError
        When the name of `out` asks for another kind of file.
    ModelError
        When the folder holds no model, or a damaged one.
    DataError
        When the file cannot be read as RNA or DNA sequences.
    StorageError
        When `out` cannot be written, or is the FASTA file or a part of the model.
    """
    separator = _separator(out)
    check_output(out, [fasta, *export.glob("*")])
    with open_fasta(fasta) as file:
        _warn(file.name, file.check(strict))
        model = load_model(export)
        with open_text_output(out) as stream, closing(file.fragments()) as fragments:
            write_scores(score_sequences(model, fragments), stream, separator)


def score_sequences(
    model: LoadedModel, fragments: Iterable[Fragment], batch_size: int = _BATCH
) -> Iterator[Score]:
    """Score sequences, whatever their length and number, in bounded memory.

    Parameters
    ----------
    model : LoadedModel
        The mean of its members is the score.
    fragments : iterable of Fragment
        Sequences up to 41 letters are scored whole, longer ones in every window of 41.
    batch_size : int
        Windows predicted at once. Default is 4096.

    Yields
    ------
    Score
        One a record, in their order.
    """
    record, best = 0, None
    for pieces in _grouped(_cut(fragments, batch_size), batch_size):
        for piece, found in zip(pieces, _best_of(model, pieces), strict=True):
            if piece.record != record and best is not None:
                yield best
            if piece.record != record or best is None or found.score > best.score:
                record, best = piece.record, found
            else:
                best = replace(best, length=found.length)
    if best is not None:
        yield best


def write_scores(scores: Iterable[Score], stream: IO[str], separator: str = "\t") -> None:
    """Write scores as separated text with a header; names are quoted only between commas."""
    if separator == "\t":
        writer = csv.writer(
            stream, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, quotechar=None
        )
    else:
        writer = csv.writer(stream, delimiter=separator, lineterminator="\n")
    writer.writerow(COLUMNS)
    for s in scores:
        name = " ".join(s.name.split())
        writer.writerow((name, s.length, f"{s.score:.6g}", s.best_window_start, f"{s.unknown:.2g}"))


def _separator(out: Path) -> str:
    ending = (out.with_suffix("") if out.suffix.lower() == ".gz" else out).suffix.lower()
    if ending in _OTHER_FORMATS:
        raise ConfigError(f"{out}: predictions are text; end the name in .tsv or .csv")
    return "," if ending == ".csv" else "\t"


def _warn(name: str, contents: Contents) -> None:
    if contents.ambiguous:
        count = f"{contents.ambiguous:,} of {contents.letters:,} letters"
        _log.warning(
            "%s: %s read as N (first: %s); --strict refuses them", name, count, contents.first_ambiguous
        )
    if contents.unknown:
        count = f"{contents.unknown:,} of {contents.records:,} records without a known letter"
        _log.warning("%s: %s (first: %r); their 'unknown' is 1", name, count, contents.first_unknown)


def _cut(fragments: Iterable[Fragment], batch_size: int) -> Iterator[_Piece]:
    """Join fragments and cut them so that their windows fit batches; neighbours share a window's letters."""
    size, step = batch_size + WIDTH - 1, batch_size
    record, name, first, text = 0, "", 0, ""
    for fragment in fragments:
        if fragment.record != record:
            if record:
                yield _Piece(record, name, first, text)
            record, name, first, text = fragment.record, fragment.name, 0, ""
        text += fragment.text
        while len(text) > size:
            yield _Piece(record, name, first, text[:size])
            first, text = first + step, text[step:]
    if record:
        yield _Piece(record, name, first, text)


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


def _best_of(model: LoadedModel, pieces: list[_Piece]) -> Iterator[Score]:
    """Score pieces together and give the best window of each, with the length of the sequence so far."""
    codes = _encode_windows(pieces)
    predictions = model.predict(codes)
    ends = np.cumsum([piece.windows for piece in pieces])
    tops = [int(part.argmax()) for part in np.split(predictions, ends[:-1])]
    best = tops + ends - [piece.windows for piece in pieces]
    unknown = (codes[best] == N).sum(axis=1) / (codes[best] != PAD).sum(axis=1)
    for piece, top, score, share in zip(pieces, tops, predictions[best], unknown, strict=True):
        length = piece.first + len(piece.text)
        yield Score(piece.name, length, float(score), piece.first + top + 1, float(share))


def _encode_windows(pieces: list[_Piece]) -> NDArray[np.uint8]:
    """Codes of all windows of the pieces, shape (windows, 41); each letter is encoded once."""
    text = "".join(piece.text for piece in pieces)
    windows = np.array([piece.windows for piece in pieces])
    lengths = np.array([len(piece.text) for piece in pieces])
    ends = np.cumsum(lengths)

    def name(line: int) -> str:
        return f"record {pieces[int(np.searchsorted(ends, line * WIDTH, side='right'))].name!r}"

    lines, _ = encode([text[i : i + WIDTH] for i in range(0, len(text), WIDTH)], name)
    letters = np.append(lines.ravel()[: len(text)], np.full(WIDTH, PAD, np.uint8))
    begins = np.repeat(ends - lengths - np.cumsum(windows) + windows, windows) + np.arange(windows.sum())
    codes: NDArray[np.uint8] = np.lib.stride_tricks.sliding_window_view(letters, WIDTH)[begins]
    if lengths.min() < WIDTH:  # behind a short piece there are letters of the next one
        codes[np.arange(WIDTH) >= np.repeat(lengths, windows)[:, None]] = PAD
    return codes
