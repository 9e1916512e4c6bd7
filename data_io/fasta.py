"""Sequences to score, out of a FASTA file of any size."""

import re
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import IO, NamedTuple

from data_io.errors import DataError
from data_io.inputs import Input, decode, open_input

_PART = 1 << 16  # letters of a line read at once
_BLANKS = " \t\r\n\f\v"  # in Latin-1 others are a part of letters
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_KNOWN, _AMBIGUOUS = "ACGUT", "RYSWKMBDHV"
_FOREIGN = re.compile(f"[^{_KNOWN}N{_AMBIGUOUS}{(_KNOWN + 'N' + _AMBIGUOUS).lower()}]")
_READ_AS_N = re.compile(f"[{_AMBIGUOUS}{_AMBIGUOUS.lower()}]")
_NOT_KNOWN = "N" + _AMBIGUOUS + ("N" + _AMBIGUOUS).lower()
_AS_RNA = str.maketrans({**dict.fromkeys(_NOT_KNOWN, "N"), **dict(zip("acguTt", "ACGUUU", strict=True))})


class Fragment(NamedTuple):
    """Letters of a line, or of a part of a long one.

    Parameters
    ----------
    record : int
        Number of the record, from 1.
    name : str
        Its name: the first word behind ">".
    line : int
        Number of the line, from 1.
    letters : str
        As they are written.
    """

    record: int
    name: str
    line: int
    letters: str

    @property
    def text(self) -> str:
        """The letters as A, C, G, U and N, as which an ambiguous one is read."""
        return self.letters.translate(_AS_RNA)


@dataclass
class Contents:
    """What a first reading found.

    Parameters
    ----------
    records, letters : int
    ambiguous : int
        Letters that stand for several, such as R for A or G, and are read as N.
    first_ambiguous : str
        Where the first of them stands.
    unknown : int
        Records without a known letter.
    first_unknown : str
        The name of the first of them.
    """

    records: int = 0
    letters: int = 0
    ambiguous: int = 0
    first_ambiguous: str = ""
    unknown: int = 0
    first_unknown: str = ""


class FastaFile:
    """A FASTA file that can be read several times; see `open_fasta`."""

    def __init__(self, source: Input) -> None:
        self._source = source
        self.name = source.name

    def check(self, strict: bool = False) -> Contents:
        """Read everything once, so that a fault is found before any work begins.

        Parameters
        ----------
        strict : bool
            Refuse ambiguous letters. Default: count them.

        Raises
        ------
        DataError
            As `fragments`, and for an ambiguous letter if `strict`.
        """
        contents = Contents()
        with closing(self.fragments()) as fragments:
            for record, group in groupby(fragments, key=lambda fragment: fragment.record):
                contents.records, known = record, False
                for fragment in group:
                    contents.letters += len(fragment.letters)
                    known = known or bool(fragment.letters.strip(_NOT_KNOWN))
                    if _READ_AS_N.search(fragment.letters):
                        self._count_ambiguous(fragment, contents, strict)
                if not known:
                    contents.unknown += 1
                    contents.first_unknown = contents.first_unknown or fragment.name
        return contents

    def fragments(self) -> Generator[Fragment]:
        """Read the records, in memory that does not grow with their number or length.

        Raises
        ------
        DataError
            When the file cannot be read, holds no record, or a record is empty or holds another letter than
            A, C, G, U, T, N and the ambiguous R, Y, S, W, K, M, B, D, H and V, in either case.
        """
        records, name, empty = 0, "", False
        with self._source.open() as text:
            for line, is_header, part in _parts(text):
                if is_header and empty:
                    raise self._no_sequence(name)
                if is_header:
                    records, empty = records + 1, True
                    name = next(iter(decode(part)[1:].split()), f"sequence_{records}")
                elif not records:
                    raise self._no_header(line, part)
                elif letters := part if part.isascii() else decode(part).strip():
                    empty = False
                    self._check_letters(name, line, letters)
                    yield Fragment(records, name, line, letters)
        if not records:
            raise DataError(f"{self.name}: holds no sequence; give a FASTA file with at least one record")
        if empty:
            raise self._no_sequence(name)

    def _count_ambiguous(self, fragment: Fragment, contents: Contents, strict: bool) -> None:
        found = _READ_AS_N.findall(fragment.letters)
        place = f"{found[0]!r} in line {fragment.line}, record {fragment.name!r}"
        if strict:
            raise DataError(
                f"{self.name}: has the ambiguous letter {place}; without --strict it is read as N"
            )
        contents.ambiguous += len(found)
        contents.first_ambiguous = contents.first_ambiguous or place

    def _check_letters(self, name: str, line: int, letters: str) -> None:
        if foreign := _FOREIGN.search(letters):
            where = f"{self.name}: record {name!r} has the letter {foreign.group()!r} in line {line}"
            raise DataError(f"{where}; only A, C, G, U, T, N and ambiguous bases (R, Y, ...) can be scored")

    def _no_sequence(self, name: str) -> DataError:
        return DataError(f"{self.name}: record {name!r} has no sequence; complete it or remove it")

    def _no_header(self, line: int, part: str) -> DataError:
        is_utf8 = part.isascii() or decode(part) != part
        if not is_utf8 or _CONTROL.search(part):
            return DataError(f"{self.name}: is no text; give a FASTA file")
        looks = {
            "@": "this looks like FASTQ, convert it",
            "<": "this looks like a web page, get the file again",
        }
        remedy = looks.get(part[0], "is this a FASTA file?")
        return DataError(f"{self.name}: line {line} stands before the first '>'; {remedy}")


@contextmanager
def open_fasta(path: Path) -> Iterator[FastaFile]:
    """Open a FASTA file, plain or compressed by gzip or bgzip; "-" is standard input.

    Raises
    ------
    DataError, StorageError
        As `data_io.inputs.open_input`.
    """
    with open_input(path, "a FASTA file") as source:
        yield FastaFile(source)


def _parts(text: IO[str]) -> Iterator[tuple[int, bool, str]]:
    """Give lines with their numbers and whether they are headers; a long sequence in parts."""
    line, begins, in_header = 1, True, False
    while part := text.readline(_PART):
        content = part.strip(_BLANKS)
        if begins:
            in_header = content.startswith(">")
        if content and (begins or not in_header):
            yield line, in_header, content
        begins = part.endswith("\n")
        line += begins
