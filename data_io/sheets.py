"""Small tables out of .xlsx, .csv and .tsv files, as text."""

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path

from data_io.errors import DataError


def read_table(path: Path, columns: Sequence[str], sheet: str) -> list[tuple[str, ...]]:
    """Read some columns of a table.

    Parameters
    ----------
    path : Path
        .xlsx, .csv, or anything else for tab-separated text, which may be compressed (.gz).
    columns : sequence of str
        Their names in the first line; case does not matter, a blank counts as an underscore.
    sheet : str
        The sheet of a workbook, in any case.

    Returns
    -------
    list of tuples of str
        One a line, with a cell a column; an empty cell is "".

    Raises
    ------
    DataError
        When the file cannot be read, or lacks the sheet or a column.
    """
    try:
        lines = _read_workbook(path, sheet) if path.suffix.lower() in {".xlsx", ".xlsm"} else _read_text(path)
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; check --data") from None
    except Exception as error:  # readers of foreign formats raise whatever they stumble over
        raise DataError(f"{path}: is no readable table ({_first_line(error)}); save it again") from error
    names = [_normalise(name) for name in lines[0]] if lines else []
    for column in columns:
        if _normalise(column) not in names:
            raise DataError(f"{path}: has no column {column}; it needs {', '.join(columns)}")
    places = [names.index(_normalise(column)) for column in columns]
    return [tuple(line[place].strip() if place < len(line) else "" for place in places) for line in lines[1:]]


def _read_workbook(path: Path, sheet: str) -> list[list[str]]:
    import warnings

    import openpyxl  # type: ignore[import-untyped]

    with warnings.catch_warnings(), path.open("rb") as file:
        warnings.simplefilter("ignore")  # of extensions that only matter when writing
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        names = {name.strip().casefold(): name for name in book.sheetnames}
        if sheet.casefold() not in names:
            there = ", ".join(repr(name) for name in book.sheetnames)
            raise DataError(f"{path}: has no sheet {sheet!r}, only {there}; rename the right one")
        page = book[names[sheet.casefold()]]
        page.reset_dimensions()  # some programs write them wrongly, and rows would be missed
        return [
            ["" if cell is None else str(cell) for cell in row] for row in page.iter_rows(values_only=True)
        ]


def _read_text(path: Path) -> list[list[str]]:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    separator = "," if path.suffix.lower() == ".csv" else "\t"
    return [row for row in csv.reader(data.decode("utf-8-sig").splitlines(), delimiter=separator) if row]


def _normalise(name: str) -> str:
    return name.strip().casefold().replace(" ", "_")


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
