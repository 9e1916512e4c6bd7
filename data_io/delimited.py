"""The lines of a table in delimited text: .csv and .tsv."""

import csv
import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from data_io.errors import DataError
from data_io.inputs import read_text

_SEPARATORS = ("\t", ",", ";", "|")
_LINE_END = re.compile(r"\r\n|\r|\n")


def read_delimited(
    path: Path, separator: str, is_header: Callable[[Sequence[str]], bool], header_within: int
) -> list[list[str]]:
    """Read all lines; one that cannot be read for certain is refused.

    Parameters
    ----------
    path : Path
        UTF-8 or UTF-16, plain or compressed by gzip.
    separator : str
        As the name of the file says. Where no header is found by it, but by another one, that is used.
    is_header : callable
        Whether some cells are the header of the table.
    header_within : int
        How many lines may stand before it.

    Raises
    ------
    DataError
        When a quote does not close, a cell spans lines or is very long, or the text is none.
    """
    text = read_text(path)
    if text.startswith("PK\x03\x04"):
        raise DataError(f"{path}: is a workbook; let its name end in .xlsx")
    first = _LINE_END.split(text, header_within)[:header_within]
    for candidate in (separator, *_SEPARATORS):
        if any(is_header(cells) for cells in csv.reader(first, delimiter=candidate)):
            separator = candidate
            break
    return _read_lines(path, text, separator)


def _read_lines(path: Path, text: str, separator: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    lines: list[list[str]] = []
    while True:
        try:
            line = next(reader, None)
        except csv.Error as error:
            raise DataError(f"{path}: line {len(lines) + 1} {_explain(error)}") from None
        if line is None:
            return lines
        if reader.line_num > len(lines) + 1:
            cell = next((cell for cell in line if _LINE_END.search(cell)), "")
            raise DataError(f"{path}: line {len(lines) + 1} {describe_break(cell)}")
        lines.append(line)


def describe_break(cell: str) -> str:
    """Say that a cell spans lines, as one does whose quote closes in a later line."""
    return f"has a line break within the cell {cell[:60]!r}; write it on one line, and pair its quotes"


def _explain(error: csv.Error) -> str:
    if "field larger" in str(error):
        return f"has a cell of more than {csv.field_size_limit():,} letters; shorten it"
    return 'has a quote (") that does not close, or letters behind one that does; pair them or take them out'
