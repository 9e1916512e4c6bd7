"""FASTA files as they are met, each with what is read of it or the one line that refuses it."""

import gzip
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from Bio.SeqIO.FastaIO import SimpleFastaParser
from hypothesis import given, settings
from hypothesis import strategies as st

from data_io.errors import DataError
from data_io.sequence_blocks import WANTED
from data_io.sequences import open_sequences
from tests.conftest import REPOSITORY

S = "AGCUUGCAUGACGGAUCGAUUGCAUGCAUAGCAUCGAUCGGGCAUAUCGCGAUACGAUC"
A = f">a\n{S}\n"
PACKED = gzip.compress(A.encode(), mtime=0)
END_OF_BGZIP = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


def read(path):
    """Names and sequences of the whole file."""
    found = []
    with open_sequences(path) as file:
        for block in file.blocks():
            assert (block.codes <= 4).all()
            assert (block.lengths > 0).all()
            text = "".join(np.array(list("ACGUN"))[block.codes])
            ends = np.cumsum(block.lengths)
            parts = [text[end - n : end] for end, n in zip(ends, block.lengths, strict=True)]
            named = list(zip(block.names, parts, strict=True))
            if block.continues:
                assert found[-1][0] == named[0][0]
                found[-1] = (found[-1][0], found[-1][1] + named.pop(0)[1])
            found += named
    return found


def check(path, **options):
    with open_sequences(path) as file:
        return file.check(**options)


def write(folder, content):
    path = folder / "a.fa"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


READ = {
    "lower case": (f">a\n{S.lower()}\n", [("a", S)]),
    "DNA": (f">a\n{S.replace('U', 'T')}\n", [("a", S)]),
    "wrapped, with blank lines": (
        ">a\n" + "\n".join(S[i : i + 7] for i in range(0, 59, 7)) + "\n\n\n",
        [("a", S)],
    ),
    "line ends of Windows": (f">a desc\r\n{S[:30]}\r\n{S[30:]}\r\n", [("a", S)]),
    "line ends of old Macs": (f">a desc\r{S[:30]}\r{S[30:]}\r>b\r{S}\r", [("a", S), ("b", S)]),
    "a carriage return in a header": (f">a\r b\n{S}\n", [("a", S)]),
    "no line end at the end": (f">a\n{S}", [("a", S)]),
    "blanks around": (f"\n  >one\n ACGU \n\t{S}\n", [("one", "ACGU" + S)]),
    "a byte-order mark": (b"\xef\xbb\xbf" + A.encode(), [("a", S)]),
    "UTF-16": (A.encode("utf-16"), [("a", S)]),
    "UTF-16 with a wide header": (f">Ψ\n{S}\n".encode("utf-16"), [("Ψ", S)]),
    "a header in Latin-1": (f">Universit\xe9 a\n{S}\n".encode("latin-1"), [("Universit\xe9", S)]),
    "a header in UTF-8": (f">Université a\n{S}\n", [("Université", S)]),
    "a no-break space behind the letters": (f">a\n{S}\u00a0\n", [("a", S)]),
    "a no-break space alone in a line": (f">a\n{S}\n\u00a0\n", [("a", S)]),
    "headers without a name": (f">\n{S}\n>  \n{S}\n", [("sequence_1", S), ("sequence_2", S)]),
    "a blank before the name": (f"> a first\n{S}\n", [("a", S)]),
    "a tab behind the name": (f">a\tb c\n{S}\n", [("a", S)]),
    "the same name twice": (A + A, [("a", S), ("a", S)]),
    "ambiguous letters": (
        ">a\nACRYSWKMBDHVNU\n>b\nryswkmbdhvn\n",
        [("a", "AC" + "N" * 11 + "U"), ("b", "N" * 11)],
    ),
    "a line longer than what is read at once": (f">a\n{S * 4000}\n>b\n{S}\n", [("a", S * 4000), ("b", S)]),
    "a header longer than that": (f">a {'x>A' * 40_000}\n{S}\n", [("a", S)]),
    "gzip": (PACKED, [("a", S)]),
    "bgzip": (PACKED + END_OF_BGZIP, [("a", S)]),
    "gzip in two parts": (gzip.compress(A[:20].encode()) + gzip.compress(A[20:].encode()), [("a", S)]),
    "gzip with zeros behind": (PACKED + bytes(512), [("a", S)]),
    "gzip of UTF-16": (gzip.compress(A.encode("utf-16")), [("a", S)]),
}
ONLY = "; only A, C, G, U, T, N and ambiguous bases (R, Y, ...) can be scored"
REFUSED = {
    "protein letters": (
        ">one\nACGU\n>two words\nMKVLAAGG\n",
        f"record 'two' has the letter 'L' in line 4{ONLY}",
    ),
    "a gap": (">one\nAC-GU\n", f"record 'one' has the letter '-' in line 2{ONLY}"),
    "a stop": (">one\nACGU*\n", f"record 'one' has the letter '*' in line 2{ONLY}"),
    "pseudouridine": (">a\nACΨU\n", f"record 'a' has the letter 'Ψ' in line 2{ONLY}"),
    "a letter like K": (">a\nAC\u212a\n", f"record 'a' has the letter '\u212a' in line 2{ONLY}"),
    "a structure": (f"{A}(((...)))\n", f"record 'a' has the letter '(' in line 3{ONLY}"),
    "a zero byte": (">a\nAC\0GU\n", f"record 'a' has the letter '\\x00' in line 2{ONLY}"),
    "a carriage return within a line": (">a\nAC\rGU\n", f"record 'a' has the letter '\\r' in line 2{ONLY}"),
    "a far line": (f">a\n{S * 4000}\n{S}\nAC!\n", f"record 'a' has the letter '!' in line 4{ONLY}"),
    "a > within a long line": (
        f">a\n{'A' * (1 << 16)}>b\n{S}\n",
        f"record 'a' has the letter '>' in line 2{ONLY}",
    ),
    "FASTQ": (f"@r1\n{S}\n+\n{S}\n", "line 1 is no sequence; this looks like FASTQ, convert it"),
    "a web page": (
        "\n<!DOCTYPE html>\n",
        "line 2 is no sequence; this looks like a web page, get the file again",
    ),
    "no record": ("\n\n", "holds no sequence; give " + WANTED),
    "nothing": ("", "holds no sequence; give " + WANTED),
    "nothing, compressed": (
        gzip.compress(b""),
        "holds no sequence; give " + WANTED,
    ),
    "an empty record": (">one\n>two\nACGU\n", "record 'one' has no sequence; complete it or remove it"),
    "an empty last record": (f"{A}>two\n \n", "record 'two' has no sequence; complete it or remove it"),
    "an empty record with a no-break space": (
        ">a\n\u00a0\n>b\nA\n",
        "record 'a' has no sequence; complete it or remove it",
    ),
    "a picture": (b"\xff\xd8\xff\xe0 picture", "is no text; give " + WANTED),
    "a program": (b"\x7fELF\x02\x01\0\0", "is no text; give " + WANTED),
    "half a letter of UTF-16": (A.encode("utf-16") + b"A", "is no text; give " + WANTED),
    "gzip that ends early": (
        PACKED[:-9],
        "cannot be read (Compressed file ended before the end-of-stream marker was reached); give " + WANTED,
    ),
    "gzip with something behind": (
        PACKED + b"junk",
        "cannot be read (Not a gzipped file (b'ju')); give " + WANTED,
    ),
    "bzip2": (b"BZh91AY&SY", "is compressed by bzip2; unpack it, or give it plain or compressed by gzip"),
    "xz": (b"\xfd7zXZ\0\0", "is compressed by xz; unpack it, or give it plain or compressed by gzip"),
    "zstd": (
        b"\x28\xb5\x2f\xfd\0",
        "is compressed by zstd; unpack it, or give it plain or compressed by gzip",
    ),
    "zip": (b"PK\x03\x04\0", "is compressed by zip; unpack it, or give it plain or compressed by gzip"),
}


@pytest.mark.parametrize("chunk", [17, 1 << 16, 1 << 20])
@pytest.mark.parametrize("case", READ)
def test_read(tmp_path, case, chunk, monkeypatch):
    """However much is read at once."""
    monkeypatch.setattr("data_io.fasta.CHUNK", chunk)
    content, records = READ[case]
    path = write(tmp_path, content)
    assert read(path) == records
    found = check(path)
    assert (found.records, found.letters) == (len(records), sum(len(sequence) for _, sequence in records))


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("reading", [read, check])
def test_refused(tmp_path, case, reading):
    content, message = REFUSED[case]
    path = write(tmp_path, content)
    with pytest.raises(DataError) as caught:
        reading(path)
    assert str(caught.value) == f"{path}: {message}"


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", ["a.fa", "a.fa.gz"])
def test_tolerates_the_ways_of_writing_text(tmp_path, newline, start, packed, name):
    """Compression is known by the content, whatever the file is called."""
    data = start + newline.join([">a", "AC", "GU", ">b", "G"]).encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(data, mtime=0) if packed else data)
    assert read(path) == [("a", "ACGU"), ("b", "G")]


def test_files_that_cannot_be_opened(tmp_path):
    for path, reason in (
        (tmp_path / "none.fa", "no such file"),
        (tmp_path, "cannot be read (Is a directory)"),
    ):
        with pytest.raises(DataError) as caught:
            read(path)
        assert str(caught.value) == f"{path}: {reason}; give " + WANTED


def test_what_a_check_counts(tmp_path):
    path = write(tmp_path, f">a\n{S}\n>n\nNNN\nnn\n>b\nACR\nYA\n>m\nNRn\n")
    found = check(path)
    assert (found.records, found.letters) == (4, 59 + 5 + 5 + 3)
    assert (found.ambiguous, found.first_ambiguous) == (3, "'R' in line 7, record 'b'")
    assert (found.unknown, found.first_unknown) == (2, "n")


def test_a_strict_check(tmp_path):
    path = write(tmp_path, f">a\n{S}\n>b\nACrN\n")
    message = "has the ambiguous letter 'r' in line 4, record 'b'; without --strict it is read as N"
    with pytest.raises(DataError) as caught:
        check(path, strict=True)
    assert str(caught.value) == f"{path}: {message}"
    assert check(write(tmp_path, ">a\nACGNn\n"), strict=True).ambiguous == 0


@pytest.mark.parametrize("content", [A.encode(), PACKED, PACKED + END_OF_BGZIP])
def test_a_pipe_can_be_read_twice(tmp_path, content):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(content,), daemon=True)
    writer.start()
    with open_sequences(tmp_path / "pipe") as file:
        assert (file.check().letters, [len(block.codes) for block in file.blocks()]) == (59, [59])
    writer.join(10)


@pytest.mark.parametrize("content", [A.encode(), PACKED])
@pytest.mark.parametrize("pipe", [True, False])
def test_standard_input(tmp_path, content, pipe):
    """Of a file, what was read before is no part of it."""
    body = (
        "from pathlib import Path; import os; from data_io.sequences import *\n"
        "os.read(0, 3)\n"
        "with open_sequences(Path('-')) as f: print(f.name, f.check().letters, len(list(f.blocks())))"
    )
    path = write(tmp_path, b"###" + content)
    command = [sys.executable, "-c", body]
    if pipe:
        done = subprocess.run(
            command, cwd=REPOSITORY, input=path.read_bytes(), capture_output=True, check=False
        )
    else:
        with path.open("rb") as file:
            done = subprocess.run(command, cwd=REPOSITORY, stdin=file, capture_output=True, check=False)
    assert (done.stdout, done.stderr) == (b"standard input 59 1\n", b"")


@pytest.mark.parametrize("content", [">a\n" + S * 20_000, ">a\n" + f"{S}\n" * 20_000, S * 20_000])
def test_memory_does_not_grow_with_a_sequence(tmp_path, content, monkeypatch):
    for module in ("fasta", "sequence_lines"):
        monkeypatch.setattr(f"data_io.{module}.CHUNK", 1 << 16)
    path = write(tmp_path, content)
    with open_sequences(path) as file:
        assert max(len(block.codes) for block in file.blocks()) <= 2 << 16
    assert [sequence for _, sequence in read(path)] == [S * 20_000]


lines = st.text("ACGUTNacgutn", max_size=30) | st.just("")
records = st.lists(st.tuples(st.text("ab1 >|\t", max_size=12), st.lists(lines, max_size=4)), min_size=1)


@settings(deadline=None, max_examples=60)
@given(records, st.sampled_from(["\n", "\r\n"]), st.integers(20, 90))
def test_it_reads_what_biopython_reads(tmp_path_factory, records, newline, chunk):
    text = "".join(f">x{title}\n" + "".join(f"{line}\n" for line in [*rows, "AC"]) for title, rows in records)
    path = tmp_path_factory.mktemp("fasta") / "x.fa"
    path.write_text(text, newline=newline)
    expected = [
        (title.split()[0], sequence.upper().replace("T", "U"))
        for title, sequence in SimpleFastaParser(path.open())
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("data_io.fasta.CHUNK", chunk)
        assert read(path) == expected
