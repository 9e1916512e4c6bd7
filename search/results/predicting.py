"""Predict for a file of sequences: a table of scores, and tracks where they are asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

import torch

from data_io.outputs import STANDARD_OUTPUT, check_output, open_text_output
from data_io.sequence_blocks import Contents
from data_io.sequences import open_sequences
from models.weights import load_model
from search.results.model_folder import files_of
from search.results.prediction_table import separator_of, write_scores
from search.results.scoring import Part, best_of_parts, predict_blocks
from search.results.track_files import Tracks

Progress = Callable[[str, int, int], None]
_log = logging.getLogger(__name__)


def predict_file(
    export: Path,
    sequences: Path,
    out: Path = STANDARD_OUTPUT,
    strict: bool = False,
    jobs: int = 1,
    progress: Progress | None = None,
    tracks: Tracks | None = None,
) -> None:
    """Score every sequence of a file and write a table, in memory that does not grow with the file.

    The file is checked as a whole before the work begins; what is odd in it is logged as a warning.

    Parameters
    ----------
    export : Path
        A folder of `search.results.export.export_study`; nothing else is needed.
    sequences : Path
        FASTA, a table or lines, plain or compressed (`data_io.sequences`); "-" is standard input.
    out : Path
        The table, comma-separated if it ends in .csv, otherwise tab-separated; see `data_io.outputs`. A file
        appears when it is complete. Default: standard output.
    strict : bool
        Refuse letters that stand for several bases. Default: read them as N.
    jobs : int
        Threads that predict. Default: 1.
    progress : callable, optional
        Is given what is done, "checking" or "scoring", the bytes read so far, and all.
    tracks : Tracks, optional
        What else to write. Default: nothing.

    Raises
    ------
    ConfigError
        When the name of `out` asks for another kind of file, or peaks need a threshold.
    ModelError
        When the folder holds no model, or a damaged one.
    DataError
        When the file cannot be read as RNA or DNA sequences.
    StorageError
        When `out` cannot be written, or is the file of sequences or a part of the model.
    """
    separator = separator_of(out)
    inputs = [sequences, *files_of(export)]
    check_output(out, inputs)
    if tracks is not None:
        tracks.check(inputs, out)
    with open_sequences(sequences) as file:
        warn_of(file.name, file.check(strict, _named(progress, "checking")))
        model = load_model(export)
        if model.quantiles is None:
            _log.warning("%s: older, without quantiles; the column percentile is empty", export)
        with (
            open_text_output(out) as stream,
            tracks.open(model) if tracks else nullcontext(_pass_on) as follow,
            closing(file.blocks(_named(progress, "scoring"))) as blocks,
            threads_of(jobs) as threads,
        ):
            parts = predict_blocks(model.members, blocks, threads)
            write_scores(model, best_of_parts(follow(parts)), stream, separator)


def _pass_on(parts: Iterator[Part]) -> Iterator[Part]:
    return parts


@contextmanager
def threads_of(jobs: int) -> Iterator[Executor | None]:
    """Threads that predict, each with one of torch's own: two of one predict faster than one of two."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        if jobs < 2:
            yield None
            return
        with ThreadPoolExecutor(jobs) as threads:
            yield threads
    finally:
        torch.set_num_threads(before)


def warn_of(name: str, contents: Contents) -> None:
    """Log what is odd in a file of sequences."""
    if contents.ambiguous:
        count = f"{contents.ambiguous:,} of {contents.letters:,} letters"
        _log.warning(
            "%s: %s read as N (first: %s); --strict refuses them", name, count, contents.first_ambiguous
        )
    if contents.unknown:
        count = f"{contents.unknown:,} of {contents.records:,} records without a known letter"
        _log.warning("%s: %s (first: %r); their 'unknown' is 1", name, count, contents.first_unknown)


def _named(progress: Progress | None, name: str) -> Callable[[int, int], None] | None:
    return None if progress is None else lambda so_far, total: progress(name, so_far, total)
