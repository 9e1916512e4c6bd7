"""Master sheets as they are met: each is read, or refused in one line with place, content and remedy."""

import datetime as dt
import gzip
import re
import zipfile

import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.table import Table

from data_io.errors import DataError
from data_io.experiments import COLUMNS, SHEET
from data_io.sheets import Row, read_table

HEADER = ["Motif_ID", "Protein_name", "Species"]
FOX = ["RNCMPT90001", "SIMFOX", "Homo_sapiens"]
PUM = ["RNCMPT90002", "SIMPUM", "Homo_sapiens"]
BOTH = [tuple(FOX), tuple(PUM)]
TEXT = "".join(",".join(line) + "\n" for line in (HEADER, FOX, PUM))
AS_TEXT = "type the name again, in a cell formatted as text"


def read(path):
    return read_table(path, COLUMNS, SHEET)


def cells(path):
    return [row.cells for row in read(path)]


def book(path, *rows, change=None):
    workbook = openpyxl.Workbook()
    workbook.active.title = SHEET
    for row in rows:
        workbook.active.append(row)
    if change is not None:
        change(workbook)
    workbook.save(path)
    return path


def rewrite(path, change):
    """Change the parts of a workbook: `change` gets a name and bytes, and gives bytes, or None to drop it."""
    with zipfile.ZipFile(path) as old:
        parts = {name: change(name, old.read(name)) for name in old.namelist()}
    with zipfile.ZipFile(path, "w") as new:
        for name, content in parts.items():
            if content is not None:
                new.writestr(name, content)


def refusal(path):
    with pytest.raises(DataError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value).removeprefix(f"{path}: ")


def trailing_blanks(workbook):
    page = workbook.active
    for number in range(4, 3000):
        page.cell(number, 1).value = " "
    page.cell(20_000, 1).value = ""
    page.cell(1, 16_384).value = " "


def merge(workbook):
    workbook.active.merge_cells("A1:B1")


def hide(workbook):
    workbook.active.row_dimensions[3].hidden = True
    workbook.active.column_dimensions["C"].hidden = True


def filtered(workbook):
    workbook.active.auto_filter.ref = "A1:C3"
    workbook.active.add_table(Table(displayName="T1", ref="A1:C3"))


READ_BOOKS = {
    "plain": ([HEADER, FOX, PUM], None, BOTH),
    "a title and an empty line above": ([["Supplementary Data 1"], [], HEADER, FOX, PUM], None, BOTH),
    "a merged title above": ([["Experiment", "", "Sample"], HEADER, FOX, PUM], merge, BOTH),
    "blank cells below and beside": ([HEADER, FOX, PUM], trailing_blanks, BOTH),
    "hidden row and column": ([HEADER, FOX, PUM], hide, BOTH),
    "a filter and a table": ([HEADER, FOX, PUM], filtered, BOTH),
    "line breaks in the header": ([["Motif\nID", "Protein\nname", "Species\n"], FOX], None, BOTH[:1]),
    "no-break spaces and letters without width": (
        [
            ["Motif_ID\u00a0", "Protein\u00a0name", "\ufeffSpecies"],
            ["RNCMPT90001\u00a0", "SIM\u200bFOX", FOX[2]],
        ],
        None,
        BOTH[:1],
    ),
    "names that are whole numbers": ([HEADER, [FOX[0], 14.0, 7], PUM], None, [(FOX[0], "14", "7"), BOTH[1]]),
    "a date where it does no harm": ([[*HEADER, "Day"], [*FOX, dt.date(2013, 9, 2)]], None, BOTH[:1]),
    "a line break where it does no harm": ([[*HEADER, "Notes"], [*FOX, "one\ntwo"]], None, BOTH[:1]),
    "a formula where it does no harm": ([[*HEADER, "Notes"], [*FOX, "=A1"]], None, BOTH[:1]),
    "another column twice": ([[*HEADER, "Note", "Note"], [*FOX, 1, 2]], None, BOTH[:1]),
    "a note beside the table": ([HEADER, [*FOX, None, "see text"]], None, BOTH[:1]),
    "names with slashes": ([HEADER, [FOX[0], "HNRNPA1/B1", ""]], None, [(FOX[0], "HNRNPA1/B1", "")]),
    "names with brackets": ([HEADER, [FOX[0], "Pum 2 (β) [x]", ""]], None, [(FOX[0], "Pum 2 (β) [x]", "")]),
}


@pytest.mark.parametrize("case", READ_BOOKS)
def test_workbooks_that_are_read(case, tmp_path):
    rows, change, expected = READ_BOOKS[case]
    assert cells(book(tmp_path / "metadata.xlsx", *rows, change=change)) == expected


FORMULA = "open the file in a spreadsheet program and save it, or type the value"
BAD_BOOKS = {
    "a formula without a value": (
        [HEADER, ['=CONCATENATE("RNCMPT","90001")', "SIMFOX", "x"], PUM],
        f'cell A2 holds the formula =CONCATENATE("RNCMPT","90001") without a value; {FORMULA}',
    ),
    "a row of them": (
        [HEADER, FOX, ["=1", "=2", "=3"]],
        f"cell A3 holds the formula =1 without a value; {FORMULA}",
    ),
    "one in another column": (
        [HEADER, [*PUM[:2], "=B1"]],
        f"cell C2 holds the formula =B1 without a value; {FORMULA}",
    ),
    "one over a range": (
        [HEADER, [FOX[0], ArrayFormula("B2", "=SUM(A1:A2*2)"), "x"]],
        f"cell B2 holds the formula =SUM(A1:A2*2) without a value; {FORMULA}",
    ),
    "a date": (
        [HEADER, PUM, [FOX[0], dt.datetime(2013, 9, 2), FOX[2]]],
        f"cell B3 is the date 2013-09-02, which spreadsheet programs make of a name such as SEPT2; {AS_TEXT}",
    ),
    "a day without time": (
        [HEADER, [FOX[0], dt.date(2013, 3, 1), FOX[2]]],
        f"cell B2 is the date 2013-03-01, which spreadsheet programs make of a name such as MARCH1; "
        f"{AS_TEXT}",
    ),
    "a time": (
        [HEADER, [FOX[0], dt.time(1, 2), FOX[2]]],
        f"cell B2 is the date 01:02:00, which spreadsheet programs make of a name; {AS_TEXT}",
    ),
    "a power of ten": ([HEADER, [FOX[0], 2.31e19, "x"]], f"cell B2 holds the number 2.31e+19; {AS_TEXT}"),
    "a fraction": ([HEADER, [FOX[0], 1.5, "x"]], f"cell B2 holds the number 1.5; {AS_TEXT}"),
    "a truth value": ([HEADER, [FOX[0], True, "x"]], f"cell B2 holds TRUE; {AS_TEXT}"),
    "an error": ([HEADER, [FOX[0], "#N/A", "x"]], "cell B2 holds the error #N/A; correct it"),
    "an error in another column": (
        [HEADER, [*FOX[:2], "#REF!"]],
        "cell C2 holds the error #REF!; correct it",
    ),
    "a line break": (
        [HEADER, [FOX[0], "SIM\nFOX", "x"]],
        "cell B2 has a line break within the cell 'SIM\\nFOX'; write it on one line, and pair its quotes",
    ),
    "a column twice": (
        [[*HEADER, "protein name"], [*FOX, "OTHER"]],
        "has 2 columns Protein_name (the columns 2 and 4); keep one",
    ),
}


@pytest.mark.parametrize("case", BAD_BOOKS)
def test_workbooks_that_are_refused(case, tmp_path):
    rows, message = BAD_BOOKS[case]
    assert refusal(book(tmp_path / "metadata.xlsx", *rows)) == message


@pytest.mark.parametrize(("value", "read_as"), [("SIMFOX", "SIMFOX"), ("", "")])
def test_a_formula_with_its_value_is_read(value, read_as, tmp_path):
    """As spreadsheet programs save them; an empty text is a value, too."""
    path = book(tmp_path / "metadata.xlsx", HEADER, [FOX[0], "=A1", FOX[2]], PUM)
    saved = f'<c r="B2" t="str"><f>A1</f><v>{value}</v></c>'.encode()
    rewrite(path, lambda _, content: re.sub(rb'<c r="B2".*?</c>', saved, content))
    assert cells(path) == [(FOX[0], read_as, FOX[2]), BOTH[1]]


def test_a_workbook_without_styles_and_with_a_wrong_size(tmp_path):
    path = book(tmp_path / "metadata.xlsx", HEADER, FOX, PUM)
    rewrite(
        path, lambda name, content: None if name == "xl/styles.xml" else content.replace(b'"A1:C3"', b'"A1"')
    )
    assert cells(path) == BOTH


def test_strict_open_xml_is_said(tmp_path):
    path = book(tmp_path / "metadata.xlsx", HEADER, FOX)
    usual, strict = b"http://schemas.openxmlformats.org/", b"http://purl.oclc.org/ooxml/"
    names = {
        usual + b"spreadsheetml/2006/main": strict + b"spreadsheetml/main",
        usual + b"officeDocument/2006/relationships": strict + b"officeDocument/relationships",
    }

    def restrict(name, content):
        for old, new in names.items():
            content = content.replace(old, new)
        return content

    rewrite(path, restrict)
    assert refusal(path) == "is saved as strict Open XML; save it as 'Excel Workbook (.xlsx)'"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
            "is an old .xls workbook, or has a password; save it as .xlsx without one",
        ),
        (b"<html><table>", "is a web page, no workbook; get it again, or save it as .xlsx"),
        (b"  <html>", "is a web page, no workbook; get it again, or save it as .xlsx"),
        (TEXT.encode(), "is no readable table (File is not a zip file); save it again"),
    ],
)
def test_what_is_only_called_a_workbook(content, message, tmp_path):
    (tmp_path / "metadata.xlsx").write_bytes(content)
    assert refusal(tmp_path / "metadata.xlsx") == message


def test_places_are_those_of_the_spreadsheet(tmp_path):
    path = book(tmp_path / "metadata.xlsx", ["Title"], HEADER, FOX, [], PUM)
    assert read(path) == [Row("row 3", tuple(FOX)), Row("row 5", tuple(PUM))]


READ_TEXTS = {
    "commas": ("metadata.csv", TEXT),
    "tabs": ("metadata.tsv", TEXT.replace(",", "\t")),
    "semicolons": ("metadata.csv", TEXT.replace(",", ";")),
    "commas in a .tsv": ("metadata.tsv", TEXT),
    "tabs in a .csv": ("metadata.csv", TEXT.replace(",", "\t")),
    "bars": ("metadata.csv", TEXT.replace(",", "|")),
    "a line that names the separator": ("metadata.csv", "sep=;\n" + TEXT.replace(",", ";")),
    "a comment above": ("metadata.csv", "# exported 2024\n" + TEXT),
    "empty lines above": ("metadata.csv", "\n\n" + TEXT),
    "empty lines below and between": (
        "metadata.csv",
        TEXT.replace("SIMPUM", "SIMPUM").replace("\nRNCMPT90002", "\n\n ,,\nRNCMPT90002") + "\n\n",
    ),
    "line ends of Windows": ("metadata.csv", TEXT.replace("\n", "\r\n")),
    "line ends of old Macs": ("metadata.csv", TEXT.replace("\n", "\r")),
    "a byte-order mark": ("metadata.csv", b"\xef\xbb\xbf" + TEXT.encode()),
    "UTF-16": ("metadata.csv", TEXT.encode("utf-16")),
    "Unicode text of Excel": ("metadata.tsv", TEXT.replace(",", "\t").encode("utf-16")),
    "gzip": ("metadata.csv.gz", gzip.compress(TEXT.encode())),
    "gzip under a plain name": ("metadata.csv", gzip.compress(TEXT.encode())),
    "quoted cells": ("metadata.csv", TEXT.replace("SIMFOX", '"SIMFOX"').replace("Species", '"Species"')),
    "an index in front": (
        "metadata.csv",
        "".join(f"{i or ''},{line}\n" for i, line in enumerate(TEXT.splitlines())),
    ),
    "empty cells at the end of a line": ("metadata.csv", TEXT.replace("sapiens\n", "sapiens,,\n")),
    "cells that are missing at its end": (
        "metadata.csv",
        TEXT.replace("name,Species", "name,Species,Note,More"),
    ),
    "a quote within a cell of another column": (
        "metadata.csv",
        TEXT.replace("Species\n", "Species,Note\n").replace(
            "SIMPUM,Homo_sapiens", 'SIMPUM,Homo_sapiens,5" long'
        ),
    ),
}


@pytest.mark.parametrize("case", READ_TEXTS)
def test_texts_that_are_read(case, tmp_path):
    name, content = READ_TEXTS[case]
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert cells(tmp_path / name) == BOTH


QUOTE = 'has a quote (") that does not close, or letters behind one that does; pair them or take them out'
BREAK = "write it on one line, and pair its quotes"
SPECIES = "Homo_sapiens\n"
BAD_TEXTS = {
    "a quote that never closes": (
        TEXT.replace("SIMFOX", '"SIMFOX'),
        f"line 2 {QUOTE}",
    ),
    "one in a column that is not asked for": (
        TEXT.replace("Species\n", "Species,Note\n").replace(SPECIES, 'Homo_sapiens,"x\n', 1),
        f"line 2 {QUOTE}",
    ),
    "one that closes in a later line": (
        TEXT.replace("SIMFOX", '"SIMFOX').replace("SIMPUM,", 'SIMPUM",'),
        f"line 2 has a line break within the cell 'SIMFOX,Homo_sapiens\\nRNCMPT90002,SIMPUM'; {BREAK}",
    ),
    "letters behind a quote": (TEXT.replace("SIMPUM", '"SIM"PUM'), f"line 3 {QUOTE}"),
    "a line break within quotes": (
        TEXT.replace(SPECIES, '"Homo\nsapiens"\n', 1),
        f"line 2 has a line break within the cell 'Homo\\nsapiens'; {BREAK}",
    ),
    "a line break of old machines": (
        TEXT.replace("SIMPUM", "SIM\u0085PUM"),
        f"line 3, Protein_name, has a line break within the cell 'SIM\\x85PUM'; {BREAK}",
    ),
    "a line separator": (
        TEXT.replace("SIMPUM", "SIM\u2028PUM"),
        f"line 3, Protein_name, has a line break within the cell 'SIM\\u2028PUM'; {BREAK}",
    ),
    "a comma within a name": (
        TEXT.replace("SIMFOX", "SIM, FOX"),
        "line 2 has 4 cells where the header has 3; quote a cell that holds the separator",
    ),
    "row names that the header lacks": (
        "".join(f"{i},{line}\n" if i else f"{line}\n" for i, line in enumerate(TEXT.splitlines())),
        "line 2 has 4 cells where the header has 3; quote a cell that holds the separator",
    ),
    "a very long cell": (
        TEXT.replace("SIMPUM", "x" * 200_000),
        "line 3 has a cell of more than 131,072 letters; shorten it",
    ),
    "a column twice": (
        TEXT.replace("name,Species", "name,Species,Protein name"),
        "has 2 columns Protein_name (the columns 2 and 4); keep one",
    ),
    "other columns": (
        "Motif_ID,Gene,Species\nA,B,C\n",
        "has no column Protein_name, only Motif_ID, Gene, Species; it needs Motif_ID, Protein_name, Species",
    ),
    "many other columns": (
        "a,b,c,d,e,f,g,h\n",
        "has no column Motif_ID, only a, b, c, d, e, f, ...; it needs Motif_ID, Protein_name, Species",
    ),
    "blanks for separators": (
        TEXT.replace(",", " "),
        "has no column Motif_ID, only Motif_ID Protein_name Species; "
        "it needs Motif_ID, Protein_name, Species",
    ),
    "a web page": (
        "<!DOCTYPE html>\n",
        "has no column Motif_ID, only <!DOCTYPE html>; it needs Motif_ID, Protein_name, Species",
    ),
    "nothing": ("", "has no column Motif_ID; it needs Motif_ID, Protein_name, Species"),
    "a workbook": (b"PK\x03\x04", "is a workbook; let its name end in .xlsx"),
    "Latin-1": (
        TEXT.replace("SIMPUM", "SIM\xe9").encode("latin-1"),
        "line 3 is no UTF-8 (byte 0xe9); save it as UTF-8 text",
    ),
    "gzip that is cut": (
        gzip.compress(TEXT.encode())[:-9],
        "the compressed data are damaged (Compressed file ended before the end-of-stream marker was "
        "reached); get it again",
    ),
}


@pytest.mark.parametrize("case", BAD_TEXTS)
def test_texts_that_are_refused(case, tmp_path):
    content, message = BAD_TEXTS[case]
    path = tmp_path / "metadata.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert refusal(path) == message


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("2-Sep", "a name such as SEPT2"),
        ("1-mar", "a name such as MARCH1"),
        ("Sep-02", "a name such as SEPT2"),
        ("01-Dec-13", "a name such as DEC1"),
        ("2013-09-02", "a name such as SEPT2"),
        ("2013-10-04 00:00:00", "a name such as OCT4"),
        ("9/2/2013", "a name"),
        ("02.09.13", "a name"),
    ],
)
def test_dates_in_text(text, origin, tmp_path):
    (tmp_path / "metadata.csv").write_text(TEXT.replace("SIMFOX", text))
    message = (
        f"line 2, Protein_name, is the date {text}, which spreadsheet programs make of {origin}; {AS_TEXT}"
    )
    assert refusal(tmp_path / "metadata.csv") == message


@pytest.mark.parametrize(
    "name", ["SEPT2", "MARCH1", "DEC1", "NA", "TRUE", "14-3-3", "1.5", "12-10", "N/A", "Mar-2"]
)
def test_names_that_are_no_dates(name, tmp_path):
    (tmp_path / "metadata.csv").write_text(TEXT.replace("SIMFOX", name))
    assert cells(tmp_path / "metadata.csv")[0][1] == name


def test_places_are_lines_of_the_text(tmp_path):
    (tmp_path / "metadata.csv").write_text("# made by hand\n\n" + TEXT)
    assert read(tmp_path / "metadata.csv") == [Row("line 4", tuple(FOX)), Row("line 5", tuple(PUM))]
