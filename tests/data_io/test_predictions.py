"""Tests of the table of predictions."""

import gzip

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_io.alphabet import encode
from data_io.errors import DataError
from data_io.predictions import Predictions, pack_predictions, read_predictions, unpack_predictions

FLOATS = st.floats(width=32, allow_infinity=False)


def table(measured, *members):
    codes, _ = encode(["ACGUN", "U" * 41, "GGC"][: len(measured)])
    return Predictions(codes, np.array(measured, np.float32), np.array(members, np.float32))


@settings(max_examples=50)
@given(st.lists(st.tuples(FLOATS, FLOATS, FLOATS), min_size=1, max_size=3))
def test_every_value_is_read_back_bit_for_bit(rows):
    written = table(*zip(*rows, strict=True))
    packed = pack_predictions(written)
    read = unpack_predictions(packed)
    np.testing.assert_array_equal(read.codes, written.codes)
    for one, other in ((read.measured, written.measured), (read.members, written.members)):
        assert one.dtype == np.float32
        np.testing.assert_array_equal(one, other)
        known = ~np.isnan(other)  # a NaN's sign says nothing
        np.testing.assert_array_equal(np.signbit(one[known]), np.signbit(other[known]))
    assert pack_predictions(read) == packed


def test_other_programs_read_it(tmp_path):
    path = tmp_path / "test_predictions.tsv.gz"
    path.write_bytes(pack_predictions(table([0.5, np.nan, -1.25], [1, 2, 3], [2, 4, 5])))
    read = pd.read_csv(path, sep="\t")
    assert list(read) == ["RNA_Seq", "measured", "predicted", "member_0", "member_1"]
    assert read["RNA_Seq"].tolist() == ["ACGUN", "U" * 41, "GGC"]
    np.testing.assert_array_equal(read["measured"], [0.5, np.nan, -1.25])
    np.testing.assert_array_equal(read["predicted"], [1.5, 3, 4])
    assert path.read_bytes()[3:8] == bytes(5), "no name and no time in it"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"plain text", "Not a gzipped file"),
        (gzip.compress(b"a\tb\n1\t2\n", mtime=0), "its columns are a, b"),
        (
            gzip.compress(b"RNA_Seq\tmeasured\tpredicted\n", mtime=0),
            "its columns are RNA_Seq, measured, predicted",
        ),
        (
            gzip.compress(b"RNA_Seq\tmeasured\tpredicted\tmember_0\nACGU\tx\t1\t1\n", mtime=0),
            "could not parse",
        ),
        (gzip.compress(b"RNA_Seq\tmeasured\tpredicted\tmember_0\nACXU\t1\t1\t1\n", mtime=0), "'X' in 'ACXU'"),
        (pack_predictions(table([0.5], [1]))[:-12], "ended"),
    ],
    ids=["text", "other columns", "no members", "no number", "no base", "cut off"],
)
def test_another_file_is_refused_by_name(content, problem, tmp_path):
    path = tmp_path / "t.tsv.gz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf"t\.tsv\.gz: not a table of predictions \(.*{problem}.*restore it"):
        read_predictions(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match="no such file or directory"):
        read_predictions(tmp_path / "t.tsv.gz")
