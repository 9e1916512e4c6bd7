"""Rank the finished studies: which architecture models which protein best, and with which hyperparameters."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_io.errors import ConfigError, StudyError
from data_io.files import write_atomically
from search.results.text_table import WIDTH_OF_FILES

if TYPE_CHECKING:
    from rich.table import Table

Row = dict[str, Any]

FORMATS = ("table", "csv", "json", "xlsx")
FIGURES = ("val_spearman", "test_spearman", "test_pearson")
COLUMNS = ("protein", "experiment", "architecture", "rank", "best", *FIGURES, "trials_done", "trials_pruned")
_HEADINGS = {
    "protein": "Protein",
    "experiment": "Experiment",
    "architecture": "Arch",
    "val_spearman": "Validation",
    "test_spearman": "Test",
    "test_pearson": "Pearson",
    "trials_done": "Trials",
    "params": "Hyperparameters of the winner",
}
_WIDTH_WITH_PARAMS = 110  # columns of text from which on they stand beside the figures
_FORMULA = re.compile(r"\s*[=+\-@]|[\t\r\n]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def leaderboard(
    rows: Iterable[Mapping[str, Any]],
    table_format: str = "table",
    out: Path | None = None,
    *,
    artifacts: Callable[[str], Path] | None = None,
    width: int | None = None,
) -> str:
    """Rank the studies that are done and write them as a table.

    Parameters
    ----------
    rows : iterable of dict
        As `rbptune status --json` gives them; those in another state than done are left out.
    table_format : str
        "table" for people, "csv", "json" or "xlsx". Default is "table".
    out : Path, optional
        File to write. Default: the text is returned.
    artifacts : callable, optional
        Gives the folder of a study's result.json, from which the winner's hyperparameters are read.
    width : int, optional
        Columns of text of "table". Default: those of the terminal. A narrow table has no hyperparameters.

    Returns
    -------
    str
        The text, empty where it went to `out`.

    Raises
    ------
    ConfigError
        When the format is unknown, or needs an `out`.
    StorageError
        When `out` cannot be written.
    """
    if table_format not in FORMATS:
        raise ConfigError(f"--format {table_format}: unknown; choose one of {', '.join(FORMATS)}")
    ranked = rank_studies(rows, artifacts)
    if table_format == "xlsx":
        if out is None:
            raise ConfigError("--format xlsx: is no text; give the file to write with --out")
        _write_xlsx(ranked, out)
        return ""
    text = {"table": lambda r: _as_text(r, width), "csv": _as_csv, "json": _as_json}[table_format](ranked)
    if out is None:
        return text
    with write_atomically(out) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return ""


def rank_studies(
    rows: Iterable[Mapping[str, Any]], artifacts: Callable[[str], Path] | None = None
) -> list[Row]:
    """Rank the architectures within each experiment of each protein.

    They are ranked by the validation score: the test score is shown, but choosing by it would make it a part
    of the search.

    Parameters
    ----------
    rows, artifacts
        As in `leaderboard`.

    Returns
    -------
    list of dict
        Sorted by protein, experiment and rank; to the keys of a row come rank (from 1), best (whether it is
        the best architecture of its experiment) and params (None where they cannot be read).
    """
    done = sorted((dict(row) for row in rows if row["state"] == "done"), key=_order)
    ranked = []
    for _, group in groupby(done, key=lambda row: (row["protein"], row["experiment"])):
        for rank, row in enumerate(group, 1):
            ranked.append(
                {**row, "rank": rank, "best": rank == 1, "params": _params(row["study"], artifacts)}
            )
    return ranked


def render_table(ranked: Sequence[Row], with_params: bool = True) -> Table:
    """Lay ranked studies out for a terminal; the best architecture of each experiment has a star."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title="Finished studies, best architecture of each experiment first", title_justify="left")
    shown = [key for key in _HEADINGS if with_params or key != "params"]
    for key in shown:
        figure, name = key in {*FIGURES, "trials_done"}, key != "params"
        table.add_column(_HEADINGS[key], justify="right" if figure else "left", overflow="fold", no_wrap=name)
    for row in ranked:
        # As Text, so that a name with brackets is not taken for a style.
        table.add_row(*(Text(_cell(row, key), style="bold" if row["best"] else "") for key in shown))
    return table


def _order(row: Row) -> tuple[str, str, float, str]:
    score = row.get("val_spearman")
    return row["protein"], row["experiment"], -(score if score is not None else -1.0), row["architecture"]


def _params(study: str, artifacts: Callable[[str], Path] | None) -> dict[str, Any] | None:
    from search.results.export import read_result

    if artifacts is None:
        return None
    try:
        params = read_result(artifacts(study)).get("params")
    except StudyError:
        return None  # made on another machine, whose database is shared and whose files are not
    return params if isinstance(params, dict) else None


def _cell(row: Row, key: str) -> str:
    value = row.get(key)
    if value is None:
        return "-"
    if key == "params":
        return ", ".join(f"{name} {_short(setting)}" for name, setting in value.items())
    text = f"{value:.3f}" if isinstance(value, float) else _printable(str(value))
    return f"{text} *" if key == "architecture" and row["best"] else text


def _short(setting: Any) -> str:
    return f"{setting:.3g}" if isinstance(setting, float) else _printable(str(setting))


def _printable(text: str) -> str:
    """Take out what would steer a terminal."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def _as_text(ranked: Sequence[Row], width: int | None) -> str:
    from rich.console import Console

    if not ranked:
        return "no study is done yet; rbptune status shows how far they are\n"
    stream = io.StringIO()
    width = width or (Console().width if sys.stdout.isatty() else WIDTH_OF_FILES)
    table = render_table(ranked, with_params=width >= _WIDTH_WITH_PARAMS)
    Console(file=stream, width=width).print(table)
    return stream.getvalue()


def _as_json(ranked: Sequence[Row]) -> str:
    return json.dumps(list(ranked), indent=2) + "\n"


def _as_csv(ranked: Sequence[Row]) -> str:
    header, lines = _flat(ranked)
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return stream.getvalue()


def _write_xlsx(ranked: Sequence[Row], out: Path) -> None:
    import pandas as pd

    header, lines = _flat(ranked)
    board = pd.DataFrame(lines, columns=header)
    # Given a stream, pandas does not choose the format by the name of the file.
    with write_atomically(out) as temporary, temporary.open("wb") as stream:
        board.to_excel(stream, sheet_name="Leaderboard", index=False, freeze_panes=(1, 0), engine="openpyxl")


def _flat(ranked: Sequence[Row]) -> tuple[list[str], list[list[Any]]]:
    """Give header and lines for a spreadsheet, with a column for each hyperparameter that a winner has."""
    params = list(dict.fromkeys(name for row in ranked for name in row["params"] or ()))
    lines = [
        [_safe(row.get(key)) for key in COLUMNS] + [_safe((row["params"] or {}).get(name)) for name in params]
        for row in ranked
    ]
    return [*COLUMNS, *(str(_safe(name)) for name in params)], lines


def _safe(value: Any) -> Any:
    """Keep a spreadsheet from taking a text for a formula."""
    if not isinstance(value, str):
        return value
    text = _printable(value)
    return f"'{text}" if _FORMULA.match(value) else text
