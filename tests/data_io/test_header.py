"""Tables as other programs write them."""

import pytest

from data_io.errors import DataError
from data_io.matrix import measured_experiments, read_columns, read_matrix
from tests.data_io.conftest import assert_same_rows


def as_r_writes_it(matrix):
    """write.table(x, sep = "\\t"): names of rows, for which the header has no cell, and quoted text."""
    matrix.rows = [
        [f'"{i + 1}"', *(f'"{cell}"' for cell in row[:3]), *row[3:]] for i, row in enumerate(matrix.rows)
    ]
    matrix.header = [f'"{name}"' for name in matrix.header]


def with_row_names(matrix):
    matrix.rows = [[str(i), *row] for i, row in enumerate(matrix.rows)]


def with_quoted_header(matrix):
    matrix.header = [f'"{name}"' for name in matrix.header]


def with_everything_quoted(matrix):
    with_quoted_header(matrix)
    matrix.rows = [[f'"{cell}"' for cell in row] for row in matrix.rows]


def with_quoted_text(matrix):
    matrix.rows = [[*(f'"{cell}"' for cell in row[:3]), *row[3:]] for row in matrix.rows]


def as_an_old_mac_writes_it(matrix):
    matrix.newline = matrix.end = "\r"


def behind_blank_lines(matrix):
    matrix.start = b"\xef\xbb\xbf\r\n \n"


def with_a_last_column_of_blanks(matrix):
    matrix.header.append("")
    matrix.rows = [[*row, ""] for row in matrix.rows]


WAYS = {
    as_r_writes_it: 2,
    with_row_names: 2,
    with_quoted_header: 2,
    with_everything_quoted: 2,
    with_quoted_text: 2,
    as_an_old_mac_writes_it: 2,
    behind_blank_lines: 4,
    with_a_last_column_of_blanks: 2,
}
"""What other programs do to a table, and the line of the first row then."""


@pytest.mark.parametrize("name", ["norm_data.txt", "norm_data.txt.gz"])
@pytest.mark.parametrize("way", WAYS)
def test_tables_of_other_programs(tmp_path, matrix, way, name):
    for row in (0, 7, 599):
        matrix.rows[row][4] = ""  # a row may end with an empty cell
    expected = {e: read_matrix(matrix.write(tmp_path), e) for e in ("RNCMPT00001", "RNCMPT00002")}
    (tmp_path / "norm_data.txt").unlink()
    way(matrix)
    path = matrix.write(tmp_path, name)
    assert measured_experiments(path) == [*expected]
    for experiment, rows in expected.items():
        assert_same_rows(read_matrix(path, experiment), rows)
    for experiment, rows in read_columns(path, [*expected]):
        assert_same_rows(rows, expected[experiment])


@pytest.mark.parametrize("way", WAYS)
def test_a_bad_row_of_a_table_of_another_program_has_its_line(tmp_path, matrix, way):
    matrix.rows[5][3] = "high"
    way(matrix)
    path = matrix.write(tmp_path)
    with pytest.raises(DataError) as caught:
        read_matrix(path, "RNCMPT00001")
    assert str(caught.value).startswith(
        f"{path}: line {WAYS[way] + 5} (probe P0005) has 'high' in RNCMPT00001"
    )
