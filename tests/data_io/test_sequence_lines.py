"""Sequences in tables and in plain lines, told from FASTA by their content."""

import gzip

import pytest

from data_io.errors import DataError
from data_io.sequence_blocks import WANTED
from tests.data_io.test_fasta import ONLY, S, check, read, write

READ = {
    "lines": (f"{S}\nACGU\n\nGGN", [("sequence_1", S), ("sequence_2", "ACGU"), ("sequence_3", "GGN")]),
    "DNA in lines, of Windows": ("acgt\r\nTTTT\r\n", [("sequence_1", "ACGU"), ("sequence_2", "UUUU")]),
    "an ambiguous letter in lines": ("ACGU\nARG\n", [("sequence_1", "ACGU"), ("sequence_2", "ANG")]),
    "blanks around lines": ("  ACGU \n", [("sequence_1", "ACGU")]),
    "packed lines": (gzip.compress(b"ACGU\n"), [("sequence_1", "ACGU")]),
    "a table without header": (f"a\tACGU\nb c\t{S}\n", [("a", "ACGU"), ("b c", S)]),
    "a table with a header": ("Name\tx\tSequence\na\t1\tACGT\nb\t2\tGG\n", [("a", "ACGU"), ("b", "GG")]),
    "the array's own columns": (
        "Probe_ID\tProbe_Set\tRNA_Seq\nRBD1\tSetA\tACGU\n",
        [("RBD1", "ACGU")],
    ),
    "a table without names": ("seq\tvalue\nAC\t1\n\nGG\t2\n", [("sequence_1", "AC"), ("sequence_2", "GG")]),
    "a name that is empty": ("a\tACGU\n\tGG\n", [("a", "ACGU"), ("sequence_2", "GG")]),
    "a name of UTF-8": ("Ψ\tACGU\n", [("Ψ", "ACGU")]),
}
REFUSED = {
    "prose": ("Dear all\n", f"record 'sequence_1' has the letter 'e' in line 1{ONLY}"),
    "a protein": ("ACGU\n\nMKVL\n", f"record 'sequence_2' has the letter 'L' in line 3{ONLY}"),
    "commas": (
        "\nname,sequence\na,ACGU\n",
        "line 2 is no sequence; this looks like a table with commas, save it with tabs",
    ),
    "too many columns": (
        "a\tb\tACGU\n",
        "has 3 columns, and none is called sequence; call it so in a header, or give two columns, name and "
        "sequence",
    ),
    "a row without sequence": ("a\tACGU\nb\t\n", "line 2 has no sequence; complete it or remove it"),
    "a short row": ("a\tACGU\nb\n", "line 2 has no sequence; complete it or remove it"),
    "a header alone": ("name\tsequence\n", "holds no sequence; give " + WANTED),
    "a wrong letter in a table": ("a\tACGU\nb\tAC-U\n", f"record 'b' has the letter '-' in line 2{ONLY}"),
    "JSON": ('{"a": "ACGU"}\n', "line 1 is no sequence; this looks like JSON, convert it"),
}


@pytest.mark.parametrize("chunk", [3, 1 << 20])
@pytest.mark.parametrize("case", READ)
def test_read(tmp_path, case, chunk, monkeypatch):
    monkeypatch.setattr("data_io.sequence_lines.CHUNK", chunk)
    content, records = READ[case]
    path = write(tmp_path, content)
    assert read(path) == records
    found = check(path)
    assert (found.records, found.letters) == (len(records), sum(len(sequence) for _, sequence in records))


@pytest.mark.parametrize("case", REFUSED)
def test_refused(tmp_path, case):
    content, message = REFUSED[case]
    path = write(tmp_path, content)
    with pytest.raises(DataError) as caught:
        check(path)
    assert str(caught.value) == f"{path}: {message}"
