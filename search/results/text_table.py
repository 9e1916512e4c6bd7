"""Tables for people on standard output."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

WIDTH_OF_FILES = 140  # columns, where the output is not a terminal

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_TOGETHER = "\N{NO-BREAK SPACE}"


def print_table(
    rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], stream: IO[str], width: int | None = None
) -> None:
    """Print some columns of `rows`; where a table would not fit, as a list of records.

    Parameters
    ----------
    rows : sequence of dict
    columns : dict
        Key of a row -> heading, in order. The first one names the row.
    stream : text file
        A terminal tells its width; anything else has all the width that the table takes.
    width : int, optional
        Of what shows it, where that is not for `stream` to tell.
    """
    from rich.console import Console
    from rich.table import Table

    console = Console(file=stream, highlight=False, markup=False, emoji=False, width=width)
    table = Table()
    for key, heading in columns.items():
        numeric = any(isinstance(row.get(key), int | float) for row in rows)
        table.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    cells = [[cell(row.get(key)) for key in columns] for row in rows]
    for line in cells:
        table.add_row(*line)
    if width is None and not console.is_terminal:
        console.width = max(WIDTH_OF_FILES, natural_width(table))
    if natural_width(table) <= console.width:
        console.print(table)
    else:
        stream.write(as_records(cells, list(columns.values()), console.width))


def natural_width(table: Table) -> int:
    """Columns of text that a table takes when no cell is folded."""
    from rich.console import Console

    console = Console(markup=False, emoji=False)
    return console.measure(table, options=console.options.update(width=100_000)).maximum


def as_records(rows: Sequence[Sequence[str]], headings: Sequence[str], width: int) -> str:
    """Write each row as its name, which is its first cell, with the other cells below it.

    Lines are broken between cells alone, so that a name can be read, and copied, at any width.
    """
    lines = []
    for name, *cells in rows:
        pairs = [f"{heading} {text}" for heading, text in zip(headings[1:], cells, strict=True)]
        text = ", ".join(pair.replace(" ", _TOGETHER) for pair in pairs)
        broken = textwrap.wrap(
            text, width, initial_indent="  ", subsequent_indent="  ", break_long_words=False
        )
        lines += [name, *(line.replace(_TOGETHER, " ") for line in broken)]
    return "".join(f"{line}\n" for line in lines)


def cell(value: Any) -> str:
    """Write one value: three digits for a figure, a dash for none."""
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else printable(str(value))


def printable(text: str) -> str:
    """Take out what would steer a terminal."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
