"""What users get wrong in their files, and the one line that says so."""

import gzip
import re

import openpyxl
import pytest

from data_io.errors import DataError
from data_io.experiments import Experiment, read_master_sheet
from data_io.sealed import open_test_set
from data_io.simulate import simulate
from data_io.targets import TargetScaling
from data_io.testable import require_test_set
from data_io.training_set import load_training_set

SCALING = TargetScaling(clip=10, floor=-10, shift=11, mean=0, std=1)
AGAIN = "the file is cut or damaged, get it again"


def put(name, row, cell):
    def change(matrix):
        matrix.rows[row][matrix.header.index(name)] = cell

    return change


def fill(name, cell):
    return lambda matrix: matrix.fill(name, [cell] * len(matrix.rows))


def keep_measured(count, probe_set):
    """Leave values only at the first probes of a set."""

    def change(matrix):
        left = count
        for row in matrix.rows:
            if row[1] == probe_set:
                row[3] = row[3] if left > 0 else ""
                left -= 1

    return change


def constant(probe_set):
    def change(matrix):
        for row in matrix.rows:
            row[3] = "2.5" if row[1] == probe_set else row[3]

    return change


def drop_column(name):
    def change(matrix):
        place = matrix.header.index(name)
        for cells in (matrix.header, *matrix.rows):
            del cells[place]

    return change


def only(probe_set):
    def change(matrix):
        matrix.rows = [row for row in matrix.rows if row[1] == probe_set]

    return change


def in_both_sets(count):
    """Put the first probes of Set A into Set B, too."""

    def change(matrix):
        first = [row for row in matrix.rows if row[1] == "SetA"][:count]
        matrix.rows += [[row[0], "SetB", *row[2:]] for row in first]

    return change


def leave_alone(count):
    """Remove all but some of the probes that stand in Set B alone."""

    def change(matrix):
        trained = {row[2] for row in matrix.rows if row[1] == "SetA"}
        alone = [row for row in matrix.rows if row[2] not in trained]
        matrix.rows = [row for row in matrix.rows if row not in alone[count:]]

    return change


def shorten(row, cells):
    return lambda matrix: matrix.rows[row].__delitem__(slice(cells, None))


def end_without_line_end(matrix):
    matrix.rows[-1] = matrix.rows[-1][:3]
    matrix.end = ""


def rename(old, new):
    return lambda matrix: matrix.header.__setitem__(matrix.header.index(old), new)


NUMBER = "no finite number; correct it, or leave it empty if it was not measured"
BAD_ROWS = {
    "a row cut in the middle, at the end of the file": (
        end_without_line_end,
        f"line 601 has 3 cells where the header has 5; {AGAIN}",
    ),
    "a row cut in the middle, within the file": (
        shorten(300, 4),
        f"line 302 has 4 cells where the header has 5; {AGAIN}",
    ),
    "a row with a cell too many": (
        lambda matrix: matrix.rows[9].append("1.0"),
        f"line 11 has 6 cells where the header has 5; {AGAIN}",
    ),
    "two rows that lack what the other has": (
        lambda matrix: (matrix.rows[9].append("1.0"), matrix.rows[10].pop()),
        f"line 11 has 6 cells where the header has 5; {AGAIN}",
    ),
    "a blank line": (
        lambda matrix: matrix.rows.insert(3, [""]),
        f"line 5 has 1 cells where the header has 5; {AGAIN}",
    ),
    "bytes of a damaged disk": (
        put("RNCMPT00002", 4, "\0\0\0"),
        "line 6 holds unprintable bytes; the file is damaged, get it again",
    ),
    "text in the intensities": (
        put("RNCMPT00001", 20, "high"),
        f"line 22 (probe P0020) has 'high' in RNCMPT00001, {NUMBER}",
    ),
    "text that begins like a number": (
        put("RNCMPT00001", 20, "-0.5*"),
        f"line 22 (probe P0020) has '-0.5*' in RNCMPT00001, {NUMBER}",
    ),
    "a decimal comma": (
        put("RNCMPT00001", 20, "0,5"),
        f"line 22 (probe P0020) has '0,5' in RNCMPT00001, {NUMBER}",
    ),
    "infinity": (
        put("RNCMPT00001", 0, "inf"),
        f"line 2 (probe P0000) has 'inf' in RNCMPT00001, {NUMBER}",
    ),
    "minus infinity": (
        put("RNCMPT00001", 0, "-Inf"),
        f"line 2 (probe P0000) has '-Inf' in RNCMPT00001, {NUMBER}",
    ),
    "a number too large to keep": (
        put("RNCMPT00001", 0, "1e39"),
        f"line 2 (probe P0000) has '1e39' in RNCMPT00001, {NUMBER}",
    ),
    "a number too long to be one": (
        put("RNCMPT00001", 0, "1" * 50),
        f"line 2 (probe P0000) has '{'1' * 50}' in RNCMPT00001, {NUMBER}",
    ),
    "an unknown set": (
        put("Probe_Set", 5, "SetC"),
        "line 7 (probe P0005) has the Probe_Set 'SetC'; use SetA or SetB",
    ),
    "a set that begins like one": (
        put("Probe_Set", 5, "SetAB"),
        "line 7 (probe P0005) has the Probe_Set 'SetAB'; use SetA or SetB",
    ),
    "no set": (put("Probe_Set", 5, ""), "line 7 (probe P0005) has the Probe_Set ''; use SetA or SetB"),
    "a protein in place of RNA": (
        put("RNA_Seq", 599, "MKVL"),
        "line 601 (probe P0599) has a bad RNA_Seq: 'M' in 'MKVL' is no RNA letter; use A, C, G, U, T or N",
    ),
    "no sequence": (
        put("RNA_Seq", 0, ""),
        "line 2 (probe P0000) has a bad RNA_Seq: the sequence is empty; remove the row or give its sequence",
    ),
    "a sequence too long": (
        put("RNA_Seq", 0, "ACGU" * 11),
        f"line 2 (probe P0000) has a bad RNA_Seq: '{'ACGU' * 10}A...' has 44 letters; cut it to at most 41",
    ),
}
BAD_TABLES = {
    "no RNA_Seq": (drop_column("RNA_Seq"), "has no column RNA_Seq; it must be tab separated, with a header"),
    "no Probe_Set": (
        drop_column("Probe_Set"),
        "has no column Probe_Set; it must be tab separated, with a header",
    ),
    "no column of the experiment": (
        drop_column("RNCMPT00001"),
        "has no column RNCMPT00001, only RNCMPT00002; choose another",
    ),
    "no column of any experiment": (
        lambda matrix: (drop_column("RNCMPT00001")(matrix), drop_column("RNCMPT00002")(matrix)),
        "has no column RNCMPT00001, only no experiment; choose another",
    ),
    "a column twice": (rename("RNCMPT00002", "RNCMPT00001 "), "has 2 columns RNCMPT00001; keep one"),
    "a header alone": (lambda matrix: matrix.rows.clear(), "has a header but no probe; get the file again"),
    "no Set A": (only("SetB"), "holds no probe of SetA; get the file again"),
    "three measured probes": (
        keep_measured(3, "SetA"),
        r"RNCMPT00001 (FOX), training probes: [0-3] measured, at least 100 needed; choose another experiment",
    ),
    "nothing measured": (
        fill("RNCMPT00001", ""),
        "RNCMPT00001 (FOX), training probes: 0 measured, at least 100 needed; choose another experiment",
    ),
    "constant values": (
        fill("RNCMPT00001", "2.5"),
        "RNCMPT00001 (FOX), training probes: all measured 2.5; choose another experiment",
    ),
}
BAD_TEST_SETS = {
    "no Set B": (only("SetA"), "holds no probe of SetB, so nothing can be tested; get the file again"),
    "Set B not measured": (
        keep_measured(0, "SetB"),
        "RNCMPT00001 (FOX), test probes: 0 measured, at least 10 needed; choose another experiment",
    ),
    "Set B constant": (
        constant("SetB"),
        "RNCMPT00001 (FOX), test probes: all measured 2.5; choose another experiment",
    ),
    "Set A once more as Set B": (
        lambda matrix: (only("SetA")(matrix), in_both_sets(600)(matrix)),
        "each of the [0-9]+ probes of SetB stands in SetA, too, so nothing can be tested; "
        "give each sequence to one set",
    ),
    "all but a few of Set B in Set A": (
        lambda matrix: (in_both_sets(600)(matrix), leave_alone(9)(matrix)),
        "RNCMPT00001 (FOX), test probes without the [0-9]+ that stand in SetA, too: 9 measured, "
        "at least 10 needed; choose another experiment",
    ),
}


def expect(path, message, call, *arguments):
    """The error is one line: the file, then the message, in which [0-3] and [0-9]+ stand for digits."""
    with pytest.raises(DataError) as caught:
        call(*arguments)
    pattern = re.escape(f"{path}: {message}")
    for digits in ("[0-3]", "[0-9]+"):
        pattern = pattern.replace(re.escape(digits), digits)
    assert re.fullmatch(pattern, str(caught.value)), str(caught.value)


@pytest.mark.parametrize("name", ["norm_data.txt", "norm_data.txt.gz"])
@pytest.mark.parametrize("case", BAD_ROWS)
def test_bad_rows(tmp_path, matrix, fox, case, name):
    change, message = BAD_ROWS[case]
    change(matrix)
    expect(matrix.write(tmp_path, name), message, load_training_set, tmp_path, fox)


@pytest.mark.parametrize("case", BAD_TABLES)
def test_bad_tables(tmp_path, matrix, fox, case):
    change, message = BAD_TABLES[case]
    change(matrix)
    expect(matrix.write(tmp_path), message, load_training_set, tmp_path, fox)


@pytest.mark.parametrize("case", BAD_TEST_SETS)
def test_bad_test_sets(tmp_path, matrix, fox, case):
    change, message = BAD_TEST_SETS[case]
    change(matrix)
    path = matrix.write(tmp_path)
    expect(path, message, open_test_set, tmp_path, fox, SCALING)
    for _ in range(2):  # read, and from the cache
        expect(path, message, require_test_set, tmp_path, fox, tmp_path / "cache")


def test_a_bad_row_is_counted_from_the_start_of_the_file(tmp_path, matrix, fox, monkeypatch):
    monkeypatch.setattr("data_io.matrix._BLOCK", 500)
    put("RNCMPT00001", 555, "x")(matrix)
    put("RNCMPT00001", 590, "y")(matrix)
    message = f"line 557 (probe P0555) has 'x' in RNCMPT00001, {NUMBER}"
    expect(matrix.write(tmp_path), message, load_training_set, tmp_path, fox)


def test_of_two_faults_the_first_of_the_file_is_told(tmp_path, matrix, fox, monkeypatch):
    monkeypatch.setattr("data_io.matrix._BLOCK", 500)
    put("RNCMPT00001", 20, "x")(matrix)
    put("RNA_Seq", 300, "A" * 300_000)(matrix)  # no block can hold it
    message = f"line 22 (probe P0020) has 'x' in RNCMPT00001, {NUMBER}"
    expect(matrix.write(tmp_path), message, load_training_set, tmp_path, fox)


def test_a_bad_row_of_a_file_without_probe_ids(tmp_path, matrix, fox):
    put("RNCMPT00001", 20, "x")(matrix)
    drop_column("Probe_ID")(matrix)
    expect(
        matrix.write(tmp_path), f"line 22 has 'x' in RNCMPT00001, {NUMBER}", load_training_set, tmp_path, fox
    )


TEXT, PACKED = "norm_data.txt", "norm_data.txt.gz"
CUT = "ends in the middle of the compressed data; get it again"
DAMAGED = "is not compressed by gzip, or damaged; get it again"
BAD_FILES = {
    "empty": (TEXT, lambda data: b"", "is empty; get it again"),
    "only blank lines": (TEXT, lambda data: b"\n\n", "is empty; get it again"),
    "a picture": (
        TEXT,
        lambda data: b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        "has no column Probe_Set; it must be tab separated, with a header",
    ),
    "compressed under the plain name": (TEXT, gzip.compress, "is compressed; rename it to norm_data.txt.gz"),
    "separated by commas": (
        TEXT,
        lambda data: data.replace(b"\t", b","),
        "has no column Probe_Set; it must be tab separated, with a header",
    ),
    "written by Excel as UTF-16": (
        TEXT,
        lambda data: data.decode().encode("utf-16"),
        "has no column Probe_Set; it must be tab separated, with a header",
    ),
    "plain under the compressed name": (PACKED, lambda data: data, DAMAGED),
    "empty under the compressed name": (PACKED, lambda data: b"", "is empty; get it again"),
    "a gzip stream cut in the middle": (PACKED, lambda data: gzip.compress(data)[:9000], CUT),
    "a gzip stream without its checksum": (PACKED, lambda data: gzip.compress(data)[:-8], CUT),
    "a gzip stream with another checksum": (
        PACKED,
        lambda data: gzip.compress(data)[:-8] + bytes(8),
        DAMAGED,
    ),
    "a gzip stream with bytes lost": (
        PACKED,
        lambda data: gzip.compress(data)[:5000] + bytes(100) + gzip.compress(data)[5100:],
        "the compressed data are damaged; get it again",
    ),
    "a line that never ends": (
        TEXT,
        lambda data: data + bytes(1 << 22),
        "has a line of more than 262,144 bytes; get it again",
    ),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_files(tmp_path, matrix, fox, case):
    name, change, message = BAD_FILES[case]
    path = matrix.write(tmp_path)
    spoilt = change(path.read_bytes())
    path.unlink()
    (tmp_path / name).write_bytes(spoilt)
    expect(tmp_path / name, message, load_training_set, tmp_path, fox)


def test_a_folder_in_the_place_of_the_matrix(tmp_path, fox):
    (tmp_path / TEXT).mkdir()
    message = "cannot be read (Is a directory); check the file and its rights"
    expect(tmp_path / TEXT, message, load_training_set, tmp_path, fox)


def book(*rows, sheet="Master List--Plasmid Info"):
    def write(path):
        workbook = openpyxl.Workbook()
        workbook.active.title = sheet
        for row in rows:
            workbook.active.append(row)
        workbook.save(path)

    return write


HEADER = ("Motif_ID", "Protein_name", "Species")
FOX_ROW = ("RNCMPT00001", "FOX", "Homo_sapiens")
NEEDED = "it needs Motif_ID, Protein_name, Species"
BAD_SHEETS = {
    "no sheet of that name": (
        "metadata.xlsx",
        book(HEADER, FOX_ROW, sheet="Sheet1"),
        "has no sheet 'Master List--Plasmid Info', only 'Sheet1'; rename the right one",
    ),
    "no species": (
        "metadata.xlsx",
        book(HEADER[:2], FOX_ROW[:2]),
        f"has no column Species, only Motif_ID, Protein_name; {NEEDED}",
    ),
    "an empty sheet": ("metadata.xlsx", book(), f"has no column Motif_ID; {NEEDED}"),
    "no experiment": ("metadata.xlsx", book(HEADER), "lists no experiment; fill the column Motif_ID"),
    "an id twice": (
        "metadata.xlsx",
        book(HEADER, FOX_ROW, ("rncmpt00001", "PUM", "")),
        "lists rncmpt00001 twice; keep one row an experiment",
    ),
    "not an .xlsx": (
        "metadata.xlsx",
        lambda path: path.write_text("Motif_ID,Protein_name,Species\n"),
        "is no readable table (File is not a zip file); save it again",
    ),
    "no sheet at all": ("metadata.xlsx", lambda path: None, "no such file; check --data"),
    "an empty .csv": ("metadata.csv", lambda path: path.write_text(""), f"has no column Motif_ID; {NEEDED}"),
    "a .csv of another encoding": (
        "metadata.csv",
        lambda path: path.write_bytes("Motif_ID,Protein_name,Species\nA,Bä,C\n".encode("latin-1")),
        "line 2 is no UTF-8 (byte 0xe4); save it as UTF-8 text",
    ),
}


@pytest.mark.parametrize("case", BAD_SHEETS)
def test_bad_master_sheets(tmp_path, case):
    name, write, message = BAD_SHEETS[case]
    write(tmp_path / name)
    expect(tmp_path / name, message, read_master_sheet, tmp_path / name)


def test_an_unknown_experiment_of_a_large_matrix(tmp_path, matrix):
    for number in range(10, 20):
        matrix.header.append(f"RNCMPT000{number}")
        for row in matrix.rows:
            row.append("1.0")
    path = matrix.write(tmp_path)
    experiment = Experiment("RNCMPT00099", "NONE", "Homo_sapiens")
    message = "has no column RNCMPT00099, only 12 others; choose another"
    expect(path, message, load_training_set, tmp_path, experiment)


def test_bad_simulations(tmp_path):
    with pytest.raises(DataError, match=r"^10 probes are too few to learn from; simulate at least 1000$"):
        simulate(tmp_path, probes=10)
    with pytest.raises(DataError, match=r"^0 experiments cannot be simulated; choose 1 to 9999$"):
        simulate(tmp_path, experiments=0)
    (tmp_path / "norm_data.txt.gz").write_text("measured")
    expect(
        tmp_path, "holds a norm_data.txt.gz that was not simulated; choose another folder", simulate, tmp_path
    )
    assert (tmp_path / "norm_data.txt.gz").read_text() == "measured"


def test_bad_designs(tmp_path):
    path = tmp_path / "design.tsv"
    expect(path, "no such file; check --data", simulate, tmp_path / "out", None, 0, path)
    path.write_text("Probe_Set\tSequence\nSetA\tACGU\n")
    expect(
        path,
        "has no column RNA_Seq, only Probe_Set, Sequence; it needs Probe_Set, RNA_Seq",
        simulate,
        tmp_path / "out",
        None,
        0,
        path,
    )
    path.write_text("Probe_Set\tRNA_Seq\nSetA\tACGU\nSetC\tACGU\n")
    message = "line 3 has 'SetC', 'ACGU'; give SetA or SetB and A, C, G, U"
    expect(path, message, simulate, tmp_path / "out", None, 0, path)
