"""The lines of a sheet of an Excel workbook."""

import re
import warnings
import zipfile
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from typing import IO, Any

from data_io.errors import DataError
from data_io.spoilt_names import describe_date

_OLE = bytes.fromhex("d0cf11e0")
_STRICT = b"purl.oclc.org/ooxml"
_FORMULA = re.compile(rb"<(?:[\w.-]+:)?f[\s/>]")
_LARGEST_NUMBER = 1e11  # from which on a spreadsheet shows powers of ten


@dataclass(frozen=True)
class BadCell:
    """A cell that holds no text; `reason` says what is there, and what to do."""

    reason: str


Cells = list[str | BadCell]


def read_workbook(path: Path, sheet: str) -> list[Cells]:
    """Read all rows of a sheet, from the first on; an empty cell is "".

    Parameters
    ----------
    path : Path
        An .xlsx file.
    sheet : str
        Name of the sheet, in any case.

    Raises
    ------
    DataError
        When the file is another kind of workbook, or lacks the sheet.
    """
    with path.open("rb") as file:
        _refuse_other_kinds(path, file)
        values = _open_sheet(path, file, sheet, values=True)
        if not _has_formulas(file):  # as most: then one reading is enough
            return [[_read_cell(cell, cell) for cell in row] for row in values.iter_rows()]
        formulas = _open_sheet(path, file, sheet, values=False)
        rows = zip(values.iter_rows(), formulas.iter_rows(), strict=True)
        return [[_read_cell(*pair) for pair in zip(*row, strict=True)] for row in rows]


def _has_formulas(file: IO[bytes]) -> bool:
    """Whether a formula stands anywhere; the element's name may have a prefix, and a sheet any place."""
    book = zipfile.ZipFile(file)
    parts = (name for name in book.namelist() if name.lower().endswith(".xml"))
    return any(_FORMULA.search(book.read(name)) for name in parts)


def _open_sheet(path: Path, file: IO[bytes], sheet: str, values: bool) -> Any:
    """Open a sheet, which gives the values of formulas as they were last calculated, or the formulas."""
    import openpyxl  # type: ignore[import-untyped]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of extensions that only matter when writing
        book = openpyxl.load_workbook(file, read_only=True, data_only=values)
    names = {name.strip().casefold(): name for name in book.sheetnames}
    if not names and _STRICT in zipfile.ZipFile(file).read("xl/workbook.xml"):
        raise DataError(f"{path}: is saved as strict Open XML; save it as 'Excel Workbook (.xlsx)'")
    if sheet.casefold() not in names:
        there = ", ".join(repr(name) for name in book.sheetnames)
        raise DataError(f"{path}: has no sheet {sheet!r}, only {there}; rename the right one")
    page = book[names[sheet.casefold()]]
    page.reset_dimensions()  # some programs write them wrongly, and rows would be missed
    return page


def _refuse_other_kinds(path: Path, file: IO[bytes]) -> None:
    head = file.read(8).lstrip()
    file.seek(0)
    if head.startswith(_OLE):
        raise DataError(f"{path}: is an old .xls workbook, or has a password; save it as .xlsx without one")
    if head.startswith(b"<"):
        raise DataError(f"{path}: is a web page, no workbook; get it again, or save it as .xlsx")


def _read_cell(value: Any, formula: Any) -> str | BadCell:
    """Turn a cell into text; both readings of it are given."""
    held = value.value
    if held is None and formula.data_type == "f" and value.data_type == "n":  # an empty text is a value, too
        text = getattr(formula.value, "text", formula.value)  # of formulas over ranges there is more
        remedy = "open the file in a spreadsheet program and save it, or type the value"
        return BadCell(f"holds the formula {text} without a value; {remedy}")
    if held is None or isinstance(held, str):
        return held or ""
    is_number = isinstance(held, int | float) and not isinstance(held, bool)
    if is_number and held == int(held) and abs(held) < _LARGEST_NUMBER:
        return str(int(held))
    return BadCell(_describe(held))


def _describe(held: Any) -> str:
    """Say what a cell holds in place of a name."""
    if isinstance(held, date):  # as is a datetime
        return describe_date(held.strftime("%Y-%m-%d"), held.month, held.day)
    if isinstance(held, time | timedelta):
        return describe_date(str(held))
    text = f"the number {held:g}" if isinstance(held, float) else str(held).upper()
    return f"holds {text}; type the name again, in a cell formatted as text"
