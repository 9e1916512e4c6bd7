import gzip
import io
import logging

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import data_io.cells
import data_io.matrix
from data_io.alphabet import decode
from data_io.errors import DataError
from data_io.matrix import measured_experiments, read_columns, read_matrix
from tests.data_io.conftest import assert_same_rows


def assert_same_as_pandas(path, rows, experiment="RNCMPT00001"):
    """The oracle: pandas reads the whole file, header cells stripped."""
    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    table = pd.read_csv(io.BytesIO(text), sep="\t", encoding="utf-8-sig")
    table.columns = table.columns.str.strip()
    assert decode(rows.codes) == table["RNA_Seq"].tolist()
    assert rows.in_set_a.tolist() == (table["Probe_Set"] == "SetA").tolist()
    assert rows.intensity.dtype == np.float32
    expected = pd.to_numeric(table[experiment]).to_numpy(np.float32)
    np.testing.assert_allclose(rows.intensity, expected, rtol=1e-6, equal_nan=True)


@pytest.mark.parametrize("experiment", ["RNCMPT00001", "RNCMPT00002"])
@pytest.mark.parametrize("name", ["norm_data.txt", "norm_data.txt.gz"])
@pytest.mark.parametrize("block", [1, 1000, 1 << 21])
def test_reads_what_pandas_reads(tmp_path, matrix, monkeypatch, experiment, name, block):
    monkeypatch.setattr(data_io.matrix, "_BLOCK", block)
    path = matrix.write(tmp_path, name)
    assert_same_as_pandas(path, read_matrix(path, experiment), experiment)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("ends", ["", "\n", "\n\n\n"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("blank", ["", " "])
def test_tolerates_the_ways_of_writing_a_table(tmp_path, matrix, newline, ends, start, blank):
    matrix.newline, matrix.end, matrix.start = newline, ends.replace("\n", newline), start
    matrix.header = [f"{blank}{cell}{blank}" for cell in matrix.header]
    path = matrix.write(tmp_path)
    for experiment in ("RNCMPT00001", "RNCMPT00002"):
        assert_same_as_pandas(path, read_matrix(path, experiment), experiment)
    assert measured_experiments(path) == ["RNCMPT00001", "RNCMPT00002"]


def test_columns_may_stand_in_any_order(tmp_path, matrix):
    matrix.header = matrix.header[::-1]
    matrix.rows = [row[::-1] for row in matrix.rows]
    path = matrix.write(tmp_path)
    assert_same_as_pandas(path, read_matrix(path, "RNCMPT00001"))
    assert measured_experiments(path) == ["RNCMPT00002", "RNCMPT00001"]


def test_probe_ids_are_not_needed(tmp_path, matrix):
    matrix.header = matrix.header[1:]
    matrix.rows = [row[1:] for row in matrix.rows]
    path = matrix.write(tmp_path)
    assert_same_as_pandas(path, read_matrix(path, "RNCMPT00001"))


@pytest.mark.parametrize("missing", ["", "NA", "NaN", "nan", "N/A", "#N/A", "null", "NULL", "None"])
@pytest.mark.parametrize("experiment", ["RNCMPT00001", "RNCMPT00002"])
def test_missing_values_in_all_their_spellings(tmp_path, matrix, missing, experiment):
    cells = matrix.column(experiment)
    cells[0] = cells[7] = cells[-1] = missing
    matrix.fill(experiment, cells)
    path = matrix.write(tmp_path)
    rows = read_matrix(path, experiment)
    assert np.flatnonzero(np.isnan(rows.intensity)).tolist() == [0, 7, 599]
    assert_same_as_pandas(path, rows, experiment)


def test_a_column_that_was_not_measured_at_all(tmp_path, matrix):
    matrix.fill("RNCMPT00001", [""] * 600)
    assert np.isnan(read_matrix(matrix.write(tmp_path), "RNCMPT00001").intensity).all()


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1e3", 1000), ("-2.5E-1", -0.25), ("+3", 3), (".5", 0.5), ("7.", 7), (" 4 ", 4), ("-0", 0)],
)
def test_numbers_in_all_their_spellings(tmp_path, matrix, cell, value):
    cells = matrix.column("RNCMPT00001")
    matrix.fill("RNCMPT00001", [cell, *cells[1:]])
    assert read_matrix(matrix.write(tmp_path), "RNCMPT00001").intensity[0] == value


def test_a_number_with_a_separator_of_thousands_is_none(tmp_path, matrix):
    matrix.rows[3][3] = "1_000"
    path = matrix.write(tmp_path)
    with pytest.raises(
        DataError, match=r"line 5 \(probe P0003\) has '1_000' in RNCMPT00001, no finite number"
    ):
        read_matrix(path, "RNCMPT00001")
    assert [name for name, _ in read_columns(path, ["RNCMPT00001", "RNCMPT00002"])] == ["RNCMPT00002"]


def test_many_columns_are_read_as_each_alone(tmp_path, matrix):
    """One pass over the file, in which polars reads the numbers; a column with a bad cell is left out."""
    random = np.random.default_rng(0)
    for number in range(3, 3 + data_io.cells.MANY):
        matrix.header.append(f"RNCMPT{number:05}")
        for row in matrix.rows:
            row.append(random.choice(["", "NA", "1e-3", repr(random.standard_normal()), "7."]))
    matrix.rows[300][matrix.header.index("RNCMPT00004")] = "high"
    matrix.rows[301][matrix.header.index("RNCMPT00005")] = "inf"
    matrix.rows[302][matrix.header.index("RNCMPT00006")] = " 4 "
    path = matrix.write(tmp_path)
    read = dict(read_columns(path, [*reversed(matrix.header[3:]), "RNCMPT99999"]))
    assert [*read] == [name for name in matrix.header[3:] if name not in {"RNCMPT00004", "RNCMPT00005"}]
    for experiment, rows in read.items():
        assert_same_rows(rows, read_matrix(path, experiment))
    for experiment in ("RNCMPT00004", "RNCMPT00005"):
        with pytest.raises(DataError, match="no finite number"):
            read_matrix(path, experiment)


@pytest.mark.parametrize("count", [2, data_io.cells.MANY])
@pytest.mark.parametrize(
    ("name", "cell", "message"),
    [
        ("RNA_Seq", "MKVL", r"line 6 \(probe P0004\) has a bad RNA_Seq"),
        ("Probe_Set", "SetC", r"line 6 \(probe P0004\) has the Probe_Set 'SetC'"),
        ("RNCMPT00002", "1\t2", r"line 6 has \d+ cells where the header has"),
        ("RNCMPT00002", "\0", "line 6 holds unprintable bytes"),
    ],
)
def test_a_row_that_serves_no_experiment_is_told_however_many_are_read(
    tmp_path, matrix, count, name, cell, message
):
    for number in range(3, count + 1):
        matrix.header.append(f"RNCMPT{number:05}")
        matrix.rows = [[*row, "1.5"] for row in matrix.rows]
    matrix.rows[4][matrix.header.index(name)] = cell
    path = matrix.write(tmp_path)
    with pytest.raises(DataError, match=message):
        list(read_columns(path, matrix.header[3:]))


cells = st.one_of(
    st.floats(-1e6, 1e6, width=32, allow_subnormal=False), st.sampled_from(["", "NA", "1e5", "3."])
)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), block=st.integers(1, 300), newline=st.sampled_from(["\n", "\r\n", "\r"]))
def test_any_table_in_any_blocks(tmp_path_factory, data, block, newline):
    count = data.draw(st.sampled_from([1, 2, data_io.cells.MANY]))
    row = st.tuples(
        st.sampled_from(["SetA", "SetB"]),
        st.text("ACGUN", min_size=1, max_size=41),
        st.text("abc 0.1-", max_size=5),  # a column that is not asked for may hold anything
        *[cells] * count,
    )
    rows = data.draw(st.lists(row, min_size=1, max_size=40))
    names = [f"RNCMPT{number:05}" for number in range(count)]
    path = tmp_path_factory.mktemp("any") / "norm_data.txt"
    lines = ["\t".join(["Probe_Set", "RNA_Seq", "Note", *names]), *("\t".join(map(str, row)) for row in rows)]
    path.write_bytes((newline.join(lines) + newline).encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data_io.matrix, "_BLOCK", block)
        columns = dict(read_columns(path, names))
        columns[names[0]] = read_matrix(path, names[0])
    assert [*columns] == names
    for column, read in enumerate(columns.values(), start=3):
        assert decode(read.codes) == [row[1] for row in rows]
        assert read.in_set_a.tolist() == [row[0] == "SetA" for row in rows]
        expected = np.array(
            [np.nan if row[column] in {"", "NA"} else row[column] for row in rows], np.float32
        )
        assert np.array_equal(read.intensity, expected, equal_nan=True)


def test_a_last_line_without_end_is_warned_of(tmp_path, matrix, caplog):
    matrix.end = ""
    path = matrix.write(tmp_path)
    with caplog.at_level(logging.WARNING):
        assert len(read_matrix(path, "RNCMPT00001")) == 600
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}: the last line has no end; if the file was cut there, its last value is wrong"
    ]


@pytest.mark.parametrize("name", ["norm_data.txt", "norm_data.txt.gz"])
def test_a_file_cut_anywhere_is_whole_rows_or_an_error(tmp_path, matrix, name):
    """Cut at every tenth byte of its end, it never gives a row that the whole file does not have."""
    whole = matrix.write(tmp_path, name).read_bytes()
    expected = read_matrix(tmp_path / name, "RNCMPT00001")
    path = tmp_path / f"cut-{name}"
    for cut in range(len(whole) - 300, len(whole)):
        path.write_bytes(whole[:cut])
        try:
            rows = read_matrix(path, "RNCMPT00001")
        except DataError:
            continue
        assert name == "norm_data.txt", "a cut gzip stream always shows"
        assert np.array_equal(rows.intensity, expected.intensity[: len(rows)])
        assert np.array_equal(rows.codes, expected.codes[: len(rows)])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["norm_data.txt", "norm_data.txt.gz"]),
    place=st.floats(0, 1, exclude_max=True),
    lost=st.integers(0, 200),
    put=st.binary(max_size=200),
)
def test_no_damage_ends_in_a_traceback(tmp_path, matrix, name, place, lost, put):
    whole = matrix.text() if name.endswith(".txt") else gzip.compress(matrix.text())
    at = int(place * len(whole))
    (tmp_path / name).write_bytes(whole[:at] + put + whole[at + lost :])
    try:
        rows = read_matrix(tmp_path / name, "RNCMPT00001")
    except DataError as error:
        message = str(error)
        assert message.startswith(f"{tmp_path / name}: ")
        assert "\n" not in message
    else:
        assert not np.isinf(rows.intensity).any()
        assert rows.codes.max() <= 5
