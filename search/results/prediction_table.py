"""The table of scores as text."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import IO, Literal

import polars as pl

from data_io.errors import ConfigError
from models.weights import LoadedModel
from search.results.scoring import Scores

COLUMNS = ("name", "length", "score", "spread", "percentile", "best_window_start", "unknown")
_OTHER_FORMATS = {".xlsx", ".xls", ".ods", ".json", ".parquet"}


def separator_of(out: Path) -> str:
    """Tell the separator by the name of a table.

    Raises
    ------
    ConfigError
        When the name asks for something else than text.
    """
    ending = (out.with_suffix("") if out.suffix.lower() == ".gz" else out).suffix.lower()
    if ending in _OTHER_FORMATS:
        raise ConfigError(f"{out}: predictions are text; end the name in .tsv or .csv")
    return "," if ending == ".csv" else "\t"


def write_scores(
    model: LoadedModel, scores: Iterable[Scores], stream: IO[str], separator: str = "\t"
) -> None:
    """Write scores as separated text with a header; names are quoted only between commas.

    What there is not, the spread of a single member or the percentile of a model without quantiles, is left
    empty.
    """
    quotes: Literal["necessary", "never"] = "necessary" if separator == "," else "never"
    stream.write(separator.join(COLUMNS) + "\n")
    for some in scores:
        table = _table(model, some)
        stream.write(table.write_csv(None, include_header=False, separator=separator, quote_style=quotes))


def _table(model: LoadedModel, scores: Scores) -> pl.DataFrame:
    best = scores.best
    columns = (
        scores.names,
        scores.lengths,
        best.score,
        best.spread,
        model.percentiles(best.score),
        best.start + 1,
        best.unknown,
    )
    table = pl.DataFrame(dict(zip(COLUMNS, columns, strict=True)))
    return table.with_columns(
        pl.col("score").cast(pl.Float64).round_sig_figs(6),
        pl.col("spread").cast(pl.Float64).round_sig_figs(3).fill_nan(None),
        pl.col("percentile").round(1).fill_nan(None),
        pl.col("unknown").round(2),
    )
