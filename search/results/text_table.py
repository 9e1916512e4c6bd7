"""Tables for people on standard output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

WIDTH_OF_FILES = 140  # columns, where the output is not a terminal


def print_table(
    rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], title: str | None = None
) -> None:
    """Print some columns of `rows`.

    Parameters
    ----------
    rows : sequence of dict
    columns : dict
        Key of a row -> heading, in order.
    title : str, optional
    """
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for key, heading in columns.items():
        numeric = any(isinstance(row.get(key), int | float) for row in rows)
        table.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(cell(row.get(key)) for key in columns))
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = WIDTH_OF_FILES
    console.print(table)


def cell(value: Any) -> str:
    """Write one value: three digits for a figure, a dash for none."""
    if value is None:
        return "-"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
