import pytest

from data_io.errors import DataError
from data_io.folder import DataFolder, find_files


def fill(folder, *names):
    for name in names:
        (folder / name).write_text("")
    return folder


@pytest.mark.parametrize(
    ("names", "matrix", "sheet"),
    [
        (["norm_data.txt", "metadata.xlsx"], "norm_data.txt", "metadata.xlsx"),
        (["norm_data.txt.gz", "metadata.csv"], "norm_data.txt.gz", "metadata.csv"),
        (["norm_data.txt.gz", "norm_data.txt", "metadata.tsv"], "norm_data.txt", "metadata.tsv"),
        (
            ["norm_data.txt.gz", "SupplementaryData1_RNAcompete_master_file.xlsx"],
            "norm_data.txt.gz",
            "SupplementaryData1_RNAcompete_master_file.xlsx",
        ),
        (
            ["norm_data.txt", "metadata.tsv", "metadata.xlsx", "metadata.csv"],
            "norm_data.txt",
            "metadata.xlsx",
        ),
    ],
)
def test_finds_both_files(tmp_path, names, matrix, sheet):
    assert find_files(fill(tmp_path, *names)) == DataFolder(tmp_path / matrix, tmp_path / sheet)
    assert find_files(str(tmp_path)) == DataFolder(tmp_path / matrix, tmp_path / sheet)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "holds no intensity matrix; put norm_data.txt or norm_data.txt.gz there"),
        (["metadata.xlsx"], "holds no intensity matrix; put norm_data.txt or norm_data.txt.gz there"),
        (
            ["norm_data.txt"],
            "holds no master sheet; put metadata.xlsx, metadata.csv, metadata.tsv or "
            "SupplementaryData1_RNAcompete_master_file.xlsx there",
        ),
    ],
)
def test_what_is_missing_is_named(tmp_path, names, message):
    with pytest.raises(DataError) as caught:
        find_files(fill(tmp_path, *names))
    assert str(caught.value) == f"{tmp_path}: {message}"


def test_no_folder_and_a_file_in_its_place(tmp_path):
    with pytest.raises(DataError) as caught:
        find_files(tmp_path / "absent")
    remedy = "check --data, or get data by `rbptune fetch` or `rbptune simulate`"
    assert str(caught.value) == f"{tmp_path / 'absent'}: no such folder; {remedy}"
    path = fill(tmp_path, "norm_data.txt") / "norm_data.txt"
    with pytest.raises(DataError) as caught:
        find_files(path)
    assert (
        str(caught.value)
        == f"{path}: is a file; give the folder that holds norm_data.txt and the master sheet"
    )


def test_names_are_met_in_any_case(tmp_path):
    fill(tmp_path, "NORM_DATA.TXT", "Metadata.XLSX", "metadata.csv")
    assert find_files(tmp_path) == DataFolder(tmp_path / "NORM_DATA.TXT", tmp_path / "Metadata.XLSX")
    fill(tmp_path, "metadata.xlsx")
    assert find_files(tmp_path).sheet == tmp_path / "metadata.xlsx"


def test_a_second_sheet_is_not_passed_over_in_silence(tmp_path, caplog):
    find_files(fill(tmp_path, "norm_data.txt", "metadata.csv", "metadata.xlsx"))
    assert caplog.messages == [f"{tmp_path / 'metadata.xlsx'}: is read, and metadata.csv is not"]
