"""Small tables out of .xlsx, .csv and .tsv files, as text."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from data_io.delimited import describe_break, read_delimited
from data_io.errors import DataError
from data_io.spoilt_names import find_spoilt
from data_io.workbooks import BadCell, Cells, read_workbook

_HEADER_WITHIN = 20  # lines; titles and notes may stand above
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_BLANK = re.compile("[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_WORKBOOKS = {".xlsx", ".xlsm"}


class Row(NamedTuple):
    """A line of a table: where it stands ("row 2", "line 2"), and its cells of the columns asked for."""

    place: str
    cells: tuple[str, ...]


def read_table(path: Path, columns: Sequence[str], sheet: str) -> list[Row]:
    """Read some columns of a table.

    Parameters
    ----------
    path : Path
        .xlsx, .csv, or anything else for tab-separated text, which may be compressed (.gz). Another separator
        is found by the header, as are lines above it.
    columns : sequence of str
        Their names in the header; case does not matter, a blank counts as an underscore.
    sheet : str
        The sheet of a workbook, in any case.

    Returns
    -------
    list of Row
        All lines below the header that hold anything; an empty cell is "".

    Raises
    ------
    DataError
        When the file cannot be read, lacks the sheet or a column or has it twice, or a cell of these columns
        holds no text: an error, a date, a formula without a value, a line break.
    """
    is_workbook = path.suffix.lower() in _WORKBOOKS
    lines = _read_lines(path, columns, sheet, is_workbook)
    header = next((n for n, line in enumerate(lines[:_HEADER_WITHIN]) if _has_all(line, columns)), None)
    if header is None:
        raise _no_header(path, lines, columns)
    names = [_normalise(name) for name in lines[header]]
    places = [_only_place(path, names, column) for column in columns]
    rows = []
    for number, line in enumerate(lines[header + 1 :], start=header + 2):
        if not any(isinstance(cell, BadCell) or clean(cell) for cell in line):
            continue
        if not is_workbook:
            _check_width(path, number, line, len(names))
        kind = "row" if is_workbook else "line"
        cells = tuple(_read_cell(path, kind, number, place, line, lines[header]) for place in places)
        rows.append(Row(f"{kind} {number}", cells))
    return rows


def clean(cell: str) -> str:
    """Take out what cannot be seen, and blanks at both ends."""
    return _BLANK.sub(" ", _INVISIBLE.sub("", cell)).strip()


def _read_lines(path: Path, columns: Sequence[str], sheet: str, is_workbook: bool) -> list[Cells]:
    try:
        if is_workbook:
            return read_workbook(path, sheet)
        separator = "," if ".csv" in map(str.lower, path.suffixes[-2:]) else "\t"
        lines = read_delimited(path, separator, lambda cells: _has_all(cells, columns), _HEADER_WITHIN)
        return [list(line) for line in lines]
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; check --data") from None
    except Exception as error:  # readers of foreign formats raise whatever they stumble over
        raise DataError(f"{path}: is no readable table ({_first_line(error)}); save it again") from error


def _has_all(cells: Sequence[str | BadCell], columns: Sequence[str]) -> bool:
    return {_normalise(column) for column in columns} <= {_normalise(cell) for cell in cells}


def _no_header(path: Path, lines: Sequence[Cells], columns: Sequence[str]) -> DataError:
    """Name the column that is missing in the line that is most like a header, and what that line holds."""
    wanted = [_normalise(column) for column in columns]
    first = [[cell for cell in map(_text, line) if cell] for line in lines[:_HEADER_WITHIN]]
    nearest = max(first, key=lambda line: (len({*wanted} & {*map(_normalise, line)}), bool(line)), default=[])
    held = {_normalise(cell) for cell in nearest}
    missing = next(column for column in columns if _normalise(column) not in held)
    only = ", ".join(cell[:40] for cell in nearest[:6]) + (", ..." if len(nearest) > 6 else "")
    found = f", only {only}" if nearest else ""
    return DataError(f"{path}: has no column {missing}{found}; it needs {', '.join(columns)}")


def _only_place(path: Path, names: Sequence[str], column: str) -> int:
    places = [place for place, name in enumerate(names) if name == _normalise(column)]
    if len(places) > 1:
        numbers = " and ".join(str(place + 1) for place in places)
        raise DataError(f"{path}: has {len(places)} columns {column} (the columns {numbers}); keep one")
    return places[0]


def _check_width(path: Path, number: int, line: Cells, width: int) -> None:
    """Refuse a line with more cells than the header: a separator within a cell shifts those behind it."""
    if any(_text(cell) for cell in line[width:]):
        counts = f"has {len(line)} cells where the header has {width}"
        raise DataError(f"{path}: line {number} {counts}; quote a cell that holds the separator")


def _read_cell(path: Path, kind: str, number: int, place: int, line: Cells, header: Cells) -> str:
    cell = line[place] if place < len(line) else ""
    reason: str | None
    if isinstance(cell, BadCell):
        reason = cell.reason
    else:
        text = clean(cell)
        reason = describe_break(text) if len(text.splitlines()) > 1 else find_spoilt(text)
        if reason is None:
            return text
    from openpyxl.utils import get_column_letter  # type: ignore[import-untyped]

    letter = get_column_letter(place + 1)
    where = f"cell {letter}{number}" if kind == "row" else f"line {number}, {_text(header[place])},"
    raise DataError(f"{path}: {where} {reason}")


def _text(cell: str | BadCell) -> str:
    return "" if isinstance(cell, BadCell) else clean(cell)


def _normalise(name: str | BadCell) -> str:
    return re.sub(r"[\s_]+", "_", _text(name).casefold())


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
