from pathlib import Path

import openpyxl
import pytest

from data_io.errors import DataError, UnknownProteinError
from data_io.experiments import (
    SHEET,
    Experiment,
    match_experiments,
    read_master_sheet,
    read_names,
    resolve,
)

HEADER = ("Motif_ID", "Hyb_ID", "Protein_name", "Species")
ROWS = [("RNCMPT00168", 1, "RBFOX1", "Homo_sapiens"), ("RNCMPT00101", 2, "PUM", "Drosophila_melanogaster")]
READ = [
    Experiment("RNCMPT00168", "RBFOX1", "Homo_sapiens"),
    Experiment("RNCMPT00101", "PUM", "Drosophila_melanogaster"),
]

PUMS = [Experiment(f"RNCMPT0010{i}", "PUM", f"Species_{i}") for i in range(1, 4)]
ALL = [
    *PUMS,
    Experiment("RNCMPT00168", "RBFOX1", "Homo_sapiens"),
    Experiment("RNCMPT00002", "ANKHD1", "Homo_sapiens"),
    Experiment("RNCMPT00078", "MSI1", "Homo_sapiens"),
    Experiment("RNCMPT00041", "MSI", "Drosophila_melanogaster"),
]


def write_book(path, rows, header=HEADER, sheet=SHEET):
    book = openpyxl.Workbook()
    book.active.title = "Read me"
    page = book.create_sheet(sheet)
    for row in (header, *rows):
        page.append(row)
    book.save(path)
    return path


def test_reads_a_workbook_with_other_sheets_and_columns(tmp_path):
    assert read_master_sheet(write_book(tmp_path / "metadata.xlsx", ROWS)) == READ


@pytest.mark.parametrize("sheet", ["master list--plasmid info", "MASTER LIST--PLASMID INFO", f" {SHEET} "])
def test_the_sheet_may_be_written_in_any_case(tmp_path, sheet):
    assert read_master_sheet(write_book(tmp_path / "metadata.xlsx", ROWS, sheet=sheet)) == READ


@pytest.mark.parametrize(("suffix", "separator"), [(".csv", ","), (".tsv", "\t")])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_reads_text(tmp_path, suffix, separator, newline, start):
    path = tmp_path / f"metadata{suffix}"
    lines = newline.join(separator.join(map(str, row)) for row in (HEADER, *ROWS))
    path.write_bytes(start + lines.encode())
    assert read_master_sheet(path) == READ


def test_quoted_cells_of_a_csv_may_hold_commas(tmp_path):
    path = tmp_path / "metadata.csv"
    path.write_text('Motif_ID,Protein_name,Species\nRNCMPT00001,"A, B",Homo_sapiens\n')
    assert read_master_sheet(path) == [Experiment("RNCMPT00001", "A, B", "Homo_sapiens")]


def test_blanks_are_stripped_and_gaps_filled(tmp_path, caplog):
    rows = [
        (" RNCMPT00001 ", 1, " NA ", "Homo_sapiens"),
        ("RNCMPT00002", 2, None, None),
        (None, 3, "a note below the table", None),
    ]
    header = (" motif id", "Hyb_ID", "PROTEIN_NAME ", "species")
    assert read_master_sheet(write_book(tmp_path / "m.xlsx", rows, header)) == [
        Experiment("RNCMPT00001", "NA", "Homo_sapiens"),  # a name, not a missing value
        Experiment("RNCMPT00002", "RNCMPT00002", "unknown"),
    ]
    left_out = "1 row has no Motif_ID, left out (row 4: a note below the table)"
    assert caplog.messages == [f"{tmp_path / 'm.xlsx'}: {left_out}"]


@pytest.mark.parametrize("name", ["RBFOX1", "rbfox1", " RbFox1 ", "RNCMPT00168", "rncmpt00168"])
def test_a_protein_is_named_by_name_or_id(name):
    assert resolve(name, ALL) == ALL[3]


@pytest.mark.parametrize("name", ["MSI", "msi"])
def test_a_whole_name_wins_over_a_longer_one(name):
    assert resolve(name, ALL).motif_id == "RNCMPT00041"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "pum",
            "'pum' has 3 experiments; give one of their ids: "
            "RNCMPT00101 (Species_1), RNCMPT00102 (Species_2), RNCMPT00103 (Species_3)",
        ),
        ("RBFOX", "no experiment is called 'RBFOX'; did you mean RBFOX1?"),
        ("ANKDH1", "no experiment is called 'ANKDH1'; did you mean ANKHD1?"),
        ("RNCMPT168", "no experiment is called 'RNCMPT168'; did you mean RNCMPT00168?"),
        ("ms", "no experiment is called 'ms'; did you mean MSI or MSI1?"),
        ("QKI", "no experiment is called 'QKI'; `rbptune proteins` lists what there is"),
        ("", "no experiment is called ''; `rbptune proteins` lists what there is"),
    ],
)
def test_a_name_is_never_guessed(name, message):
    with pytest.raises(UnknownProteinError) as caught:
        resolve(name, ALL)
    assert str(caught.value) == message


def test_the_real_sheet(real_data):
    experiments = read_master_sheet(real_data / "metadata.xlsx")
    assert len(experiments) == 244
    assert resolve("ankhd1", experiments) == Experiment("RNCMPT00002", "ANKHD1", "Homo_sapiens")
    with pytest.raises(UnknownProteinError, match="'PUM' has 6 experiments"):
        resolve("PUM", experiments)
    with pytest.raises(
        UnknownProteinError, match=r"RNCMPT00001 \(Homo_sapiens\), RNCMPT00291 \(Gallus_gallus\)"
    ):
        resolve("A1CF", experiments)
    with pytest.raises(UnknownProteinError, match="did you mean RBFOX1"):
        resolve("RBFOX", experiments)


def test_no_damage_to_a_workbook_ends_in_a_traceback(tmp_path):
    whole = write_book(tmp_path / "metadata.xlsx", ROWS).read_bytes()
    path = tmp_path / "damaged.xlsx"
    errors = []
    for place in range(0, len(whole), 97):
        for damaged in (whole[:place], whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :]):
            path.write_bytes(damaged)
            try:
                assert read_master_sheet(path) == READ
            except DataError as error:
                errors.append(str(error))
    assert len(errors) > len(whole) // 97
    assert all(error.startswith(f"{path}: ") and "\n" not in error for error in errors)


def experiments(*ids):
    return [Experiment(motif_id, f"P{number}", "x") for number, motif_id in enumerate(ids)]


class TestMatching:
    FILES = Path("d/metadata.csv"), Path("d/norm_data.txt")

    def test_each_experiment_finds_its_column(self, caplog):
        matched = match_experiments(experiments("A", "B"), ["B", "A"])
        assert matched.require_some(*self.FILES) == experiments("A", "B")
        assert (matched.without_column, matched.without_row, caplog.messages) == ([], [], [])

    def test_an_id_that_differs_in_case_takes_the_name_of_its_column(self):
        matched = match_experiments(experiments("rncmpt1", "RNCMPT2"), ["RNCMPT2", "RNCMPT1"])
        assert matched.experiments == experiments("RNCMPT1", "RNCMPT2")
        assert matched.without_row == []

    def test_the_same_case_wins(self):
        matched = match_experiments(experiments("a1"), ["A1", "a1"])
        assert (matched.experiments, matched.without_row) == (experiments("a1"), ["A1"])

    def test_what_is_left_out_is_said(self, caplog):
        matched = match_experiments(experiments("A", "B", "C", "D", "E"), ["X", "A"])
        assert matched.require_some(*self.FILES) == experiments("A")
        assert caplog.messages == [
            "d/metadata.csv: 4 of 5 experiments have no column (B, C, D and 1 more)",
            "d/norm_data.txt: 1 of 2 columns are not in the master sheet (X)",
        ]

    def test_nothing_left_is_an_error(self):
        with pytest.raises(DataError) as caught:
            match_experiments(experiments("A_seed", "B"), ["A"]).require_some(*self.FILES)
        assert str(caught.value) == (
            "d/metadata.csv: its ids (A_seed, B) are no columns of norm_data.txt (A); make them agree"
        )


NAMES = {
    "plain": "RBFOX1\n\n# a comment\n  PUM \n",
    "a byte-order mark": b"\xef\xbb\xbfRBFOX1\nPUM\n",
    "UTF-16": "RBFOX1\nPUM\n".encode("utf-16"),
    "line ends of Windows": "RBFOX1\r\nPUM\r\n",
    "line ends of old Macs": "RBFOX1\rPUM\r",
    "what cannot be seen": "RBFOX1\u00a0\n\u200bPUM\n\u00a0\n",
}


@pytest.mark.parametrize("case", NAMES)
def test_lists_of_names(case, tmp_path):
    content = NAMES[case]
    (tmp_path / "list.txt").write_bytes(content if isinstance(content, bytes) else content.encode())
    assert read_names(tmp_path / "list.txt") == ["RBFOX1", "PUM"]
