"""Write the ranking of the finished studies: as a table for people, for scripts and for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_io.errors import ConfigError
from data_io.outputs import STANDARD_OUTPUT, open_output, open_text_output
from search.results.ranking import YARDSTICKS, Row, rank_studies
from search.results.text_table import WIDTH_OF_FILES, as_records, natural_width, printable

if TYPE_CHECKING:
    from rich.table import Table

FORMATS = ("table", "csv", "tsv", "json", "xlsx")
NESTED = ("params", "configs", "provenance")
FIGURES = ("val_spearman", "test_spearman", "test_pearson")
NAMES = ("protein", "experiment", "architecture")
COLUMNS = (*NAMES, "rank", "best", *FIGURES, "trials_done", "trials_pruned")
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


def leaderboard(
    rows: Iterable[Mapping[str, Any]],
    table_format: str = "table",
    out: Path | None = None,
    *,
    artifacts: Callable[[str], Path] | None = None,
    width: int | None = None,
    inputs: Iterable[Path] = (),
) -> str:
    """Rank the studies that are done and write them as a table.

    Parameters
    ----------
    rows : iterable of dict
        As `rbptune status --json` gives them; those in another state than done are left out.
    table_format : str
        "table" for people, "csv", "tsv", "json" or "xlsx". Default is "table".
    out : Path, optional
        Output to write, see `data_io.outputs`. Default: the text is returned.
    artifacts : callable, optional
        Gives the folder of a study's result.json, from which the members' hyperparameters are read.
    width : int, optional
        Columns of text of "table". Default: those of the terminal. A narrow table has no hyperparameters.
    inputs : iterable of Path
        Files that `out` must not be. Default: none.

    Returns
    -------
    str
        The text, empty where it went to `out`.

    Raises
    ------
    ConfigError
        When the format is unknown, needs an `out`, or is another one than the name of `out` says.
    StorageError
        When `out` cannot be written.
    """
    _check_format(table_format, out)
    ranked = rank_studies(rows, artifacts)
    if table_format == "xlsx" and out is not None:
        with open_output(out, inputs) as stream:
            stream.write(_as_xlsx(ranked))
        return ""
    width = width or _width(out)
    writers = {"table": lambda r: _as_text(r, width), "json": _as_json, "csv": _as_csv, "tsv": _as_tsv}
    text = writers[table_format](ranked)
    if out is None:
        return text
    with open_text_output(out, inputs) as lines:
        lines.write(text)
    return ""


def format_of(out: Path | None) -> str:
    """The format that the name of an output asks for: by its ending, before which there may be .gz."""
    ending = _ending(out) if out is not None else ""
    return ending if ending in FORMATS else "table"


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


def _cell(row: Row, key: str) -> str:
    value = row.get(key)
    if value is None:
        return "-"
    if key == "params":
        return ", ".join(f"{name} {_short(setting)}" for name, setting in value.items())
    text = f"{value:.3f}" if isinstance(value, float) else printable(str(value))
    return f"{text} *" if key == "architecture" and row["best"] else text


def _short(setting: Any) -> str:
    return f"{setting:.3g}" if isinstance(setting, float) else printable(str(setting))


def _check_format(table_format: str, out: Path | None) -> None:
    if table_format not in FORMATS:
        raise ConfigError(f"--format {table_format}: unknown; choose one of {', '.join(FORMATS)}")
    if table_format == "xlsx" and (out is None or (out == STANDARD_OUTPUT and sys.stdout.isatty())):
        raise ConfigError("--format xlsx: is no text; give the file to write with --out")
    if out is None:
        return
    if _ending(out) in FORMATS and _ending(out) != table_format:
        raise ConfigError(
            f"{out}: ends in .{_ending(out)}, but --format is {table_format}; change one of them"
        )
    if table_format == "xlsx" and out.suffix.lower() == ".gz":
        raise ConfigError(f"{out}: a workbook is compressed already; end the name in .xlsx")


def _ending(out: Path) -> str:
    name = out.with_suffix("") if out.suffix.lower() == ".gz" else out
    return name.suffix.lower().removeprefix(".")


def _width(out: Path | None) -> int:
    from rich.console import Console

    to_terminal = out in {None, STANDARD_OUTPUT} and sys.stdout.isatty()
    return Console().width if to_terminal else WIDTH_OF_FILES


def _as_text(ranked: Sequence[Row], width: int) -> str:
    from rich.console import Console

    if not ranked:
        return "no study is done yet; rbptune status shows how far they are\n"
    narrow = render_table(ranked, with_params=False)
    if natural_width(narrow) > width:
        shown = [key for key in _HEADINGS if key != "params"]
        return as_records(
            [[_cell(r, k) for k in shown] for r in ranked], [_HEADINGS[k] for k in shown], width
        )
    stream = io.StringIO()
    Console(file=stream, width=width).print(
        render_table(ranked) if width >= _WIDTH_WITH_PARAMS else narrow,
    )
    return stream.getvalue()


def _as_json(ranked: Sequence[Row]) -> str:
    return json.dumps(list(ranked), indent=2) + "\n"


def _as_csv(ranked: Sequence[Row], separator: str = ",") -> str:
    header, lines = _flat(ranked, (*COLUMNS, *YARDSTICKS), "params")
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=separator, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return stream.getvalue()


def _as_tsv(ranked: Sequence[Row]) -> str:
    return _as_csv(ranked, "\t")


def _as_xlsx(ranked: Sequence[Row]) -> bytes:
    """Write a workbook: the results, the configs of the models, and where they come from, a sheet each."""
    import pandas as pd

    known = dict.fromkeys((*COLUMNS, *YARDSTICKS))
    known |= dict.fromkeys(key for row in ranked for key in row if key not in NESTED)
    sheets = {
        "Results": _flat(ranked, tuple(known)),
        "Best configs": _flat(_by_config(ranked), (*NAMES, "trial", "value", "members"), "params"),
        "Provenance": _flat(ranked, NAMES, "provenance"),
    }
    content = io.BytesIO()
    with pd.ExcelWriter(content, engine="openpyxl") as writer:
        for title, (header, lines) in sheets.items():
            table = pd.DataFrame(lines, columns=header)
            table.to_excel(writer, sheet_name=title, index=False, freeze_panes=(1, len(NAMES)))
    return content.getvalue()


def _by_config(ranked: Sequence[Row]) -> list[Row]:
    """Give a row for each config that members of a study's model have; one without where none is known."""
    return [{**row, **config} for row in ranked for config in row["configs"] or [{}]]


def _flat(
    ranked: Sequence[Row], columns: Sequence[str], further: str | None = None
) -> tuple[list[str], list[list[Any]]]:
    """Give header and lines for a spreadsheet: columns, and one for each key that a row's `further` has."""
    keys = list(dict.fromkeys(name for row in ranked for name in row.get(further or "") or ()))
    lines = [
        [_safe(row.get(key)) for key in columns]
        + [_safe((row.get(further or "") or {}).get(key)) for key in keys]
        for row in ranked
    ]
    return [*columns, *(str(_safe(key)) for key in keys)], lines


def _safe(value: Any) -> Any:
    """Keep a spreadsheet from taking a text for a formula."""
    if not isinstance(value, str):
        return value
    text = printable(value)
    return f"'{text}" if _FORMULA.match(value) else text
