import gzip

import pytest

from data_io.fasta import read_fasta


def test_reads_records(tmp_path):
    path = tmp_path / "a.fasta"
    path.write_text(">one the first\nACGU\nacgt\n\n>two\n  NNA  \n>\nGG\n")
    assert read_fasta(path) == [("one", "ACGUACGU"), ("two", "NNA"), ("sequence_3", "GG")]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("packed", [False, True])
def test_tolerates_the_ways_of_writing_text(tmp_path, newline, start, packed):
    data = start + newline.join([">a", "AC", "GU", ">b", "G"]).encode()
    path = tmp_path / ("a.fa.gz" if packed else "a.fa")
    path.write_bytes(gzip.compress(data) if packed else data)
    assert read_fasta(path) == [("a", "ACGU"), ("b", "G")]


def test_sequences_may_be_long(tmp_path):
    path = tmp_path / "a.fa"
    path.write_text(">long\n" + "\n".join(["ACGUACGUAC"] * 1000))
    assert read_fasta(path) == [("long", "ACGUACGUAC" * 1000)]
