"""Score substitutions: from a table of them, or all of a sequence, to a table of their effects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import IO

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data_io.alphabet import CODE_OF_BYTE, decode
from data_io.errors import ConfigError, DataError
from data_io.inputs import STANDARD_INPUT
from data_io.outputs import STANDARD_OUTPUT, check_output, open_text_output
from data_io.sequence_blocks import whole_sequences
from data_io.sequences import SequenceFile, open_sequences
from data_io.variant_table import Variant, read_variants
from models.substitutions import Effects, Substitution, effects_of, substitute
from models.weights import LoadedModel, load_model
from search.results.model_folder import files_of
from search.results.predicting import threads_of, warn_of
from search.results.prediction_table import separator_of

COLUMNS = (
    "name",
    "position",
    "ref",
    "alt",
    "reference",
    "alternative",
    "effect",
    "spread",
    "reference_percentile",
    "alternative_percentile",
)


def score_variants(
    export: Path, sequences: Path, table: Path, out: Path = STANDARD_OUTPUT, jobs: int = 1
) -> None:
    """Score the substitutions of a table.

    A substitution is scored by the best of all windows of 41 that hold a letter it replaces, before and after
    it; its effect is the difference. The memory grows with the table and the longest sequence named in it.

    Parameters
    ----------
    export : Path
        A folder of `search.results.export.export_study`.
    sequences : Path
        As in `search.results.predicting.predict_file`.
    table : Path
        As in `data_io.variant_table.read_variants`.
    out : Path
        The table of effects; as in `predict_file`.
    jobs : int
        Threads that predict. Default: 1.

    Raises
    ------
    DataError
        When a table or file cannot be read, or a substitution is of no sequence in it: its name is not there
        or there twice, its position beyond the end, or its reference not what stands there.
    ConfigError, ModelError, StorageError
        As in `predict_file`.
    """
    separator = separator_of(out)
    check_output(out, [sequences, table, *files_of(export)])
    if sequences == table == STANDARD_INPUT:
        raise ConfigError("standard input cannot be both, sequences and table; give one of them as a file")
    variants = read_variants(table)
    with open_sequences(sequences) as file:
        warn_of(file.name, file.check())
        changes = _find(variants, file)
    model = load_model(export)
    rows = ((v.name, v.position, v.reference, v.alternative) for v in variants)
    with open_text_output(out) as stream, threads_of(jobs) as threads:
        effects = effects_of(model.members, changes, threads.map if threads else map)
        write_effects(model, rows, effects, stream, separator)


def write_effects(
    model: LoadedModel,
    rows: Iterable[tuple[str, int, str, str]],
    effects: Effects,
    stream: IO[str],
    separator: str = "\t",
    header: bool = True,
) -> None:
    """Write the effects of substitutions; rows are their name, position, reference and alternative."""
    numbers = (
        effects.reference,
        effects.alternative,
        effects.effect,
        effects.spread,
        model.percentiles(effects.reference),
        model.percentiles(effects.alternative),
    )
    named = map(list, zip(*rows, strict=True))
    table = pl.DataFrame(dict(zip(COLUMNS, (*named, *numbers), strict=True)))
    text = table.with_columns(
        pl.col("reference", "alternative", "effect").cast(pl.Float64).round(5),
        pl.col("spread").cast(pl.Float64).round(5).fill_nan(None),
        pl.col("reference_percentile", "alternative_percentile").round(1).fill_nan(None),
    ).write_csv(
        None,
        include_header=header,
        separator=separator,
        quote_style="necessary" if separator == "," else "never",
    )
    stream.write(text)


def _find(variants: Sequence[Variant], file: SequenceFile) -> list[Substitution]:
    """Cut what each substitution concerns out of its sequence, and check it there."""
    wanted: dict[str, list[int]] = {}
    for number, variant in enumerate(variants):
        wanted.setdefault(variant.name, []).append(number)
    found: dict[int, Substitution] = {}
    with closing(file.blocks()) as blocks:
        for name, codes in whole_sequences(blocks, wanted):
            if wanted[name][0] in found:
                raise DataError(f"{file.name}: has {name!r} twice; give one of the two another name")
            for number in wanted[name]:
                found[number] = _change(variants[number], codes, file.name)
    for number, variant in enumerate(variants):
        if number not in found:
            raise DataError(
                f"{variant.where}: {variant.name!r} is no sequence of {file.name}; correct the name"
            )
    return [found[number] for number in range(len(variants))]


def _change(variant: Variant, codes: NDArray[np.uint8], file: str) -> Substitution:
    place, count = variant.position - 1, len(variant.reference)
    if place + count > len(codes):
        length = f"{variant.name!r} has {len(codes):,} letters in {file}"
        raise DataError(f"{variant.where}: position {variant.position:,} is out of range; {length}")
    [there] = decode(codes[None, place : place + count])
    if there != variant.reference.upper().replace("T", "U"):
        stands = f"{there!r} stands there in {variant.name!r} of {file}"
        raise DataError(
            f"{variant.where}: ref is {variant.reference!r}, but {stands}; correct position or ref"
        )
    letters = np.frombuffer(variant.alternative.encode("ascii"), np.uint8)
    return substitute(codes, place, CODE_OF_BYTE[letters])
