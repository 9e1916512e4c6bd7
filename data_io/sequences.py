"""Sequences to score, out of a file of any size: FASTA, a table, or lines, told by the content."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

from data_io.errors import DataError
from data_io.fasta import read_fasta
from data_io.inputs import Input, decode, open_input
from data_io.sequence_blocks import BLANKS, CHUNK, WANTED, Block, Contents
from data_io.sequence_lines import read_lines, read_table

_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_LOOKS = {
    "@": "this looks like FASTQ, convert it",
    "<": "this looks like a web page, get the file again",
    "{": "this looks like JSON, convert it",
}
Reader = Callable[[str, IO[str]], Iterator[Block]]
Progress = Callable[[int, int], None]


class SequenceFile:
    """A file of sequences that can be read several times; see `open_sequences`."""

    def __init__(self, source: Input) -> None:
        self._source = source
        self.name = source.name

    def check(self, strict: bool = False, progress: Progress | None = None) -> Contents:
        """Read everything once, so that a fault is found before any work begins.

        Parameters
        ----------
        strict : bool
            Refuse ambiguous letters. Default: count them.
        progress : callable, optional
            Is given the bytes read so far, and all.

        Raises
        ------
        DataError
            As `blocks`, and for an ambiguous letter if `strict`.
        """
        contents = Contents()
        with closing(self.blocks(progress)) as blocks:
            for block in blocks:
                if strict and block.ambiguous:
                    raise DataError(
                        f"{self.name}: has the ambiguous letter {block.first_ambiguous}; without --strict it "
                        "is read as N"
                    )
                contents.add(block)
        contents.end()
        return contents

    def blocks(self, progress: Progress | None = None) -> Generator[Block]:
        """Read the sequences, in memory that does not grow with their number or length.

        Raises
        ------
        DataError
            When the file cannot be read as any of the formats, holds no sequence, or one is empty or has a
            letter that stands for no base.
        """
        with self._source.open() as text:
            read = self._format_of(text)
        with self._source.open() as text:
            for block in read(self.name, text):
                if progress:
                    progress(*self._source.position())
                yield block

    def _format_of(self, text: IO[str]) -> Reader:
        """Tell the format by the first line that is not blank."""
        line = 0
        while part := text.readline(CHUNK):
            line += 1
            if not (content := part.strip(BLANKS)):
                continue
            if content.startswith(">"):
                return read_fasta
            is_utf8 = content.isascii() or decode(content) != content
            if not is_utf8 or _CONTROL.search(content):
                raise DataError(f"{self.name}: is no text; give {WANTED}")
            if content[0] in _LOOKS:
                raise DataError(f"{self.name}: line {line} is no sequence; {_LOOKS[content[0]]}")
            if "\t" in content:
                return read_table
            if "," in content or ";" in content:
                looks = "this looks like a table with commas, save it with tabs"
                raise DataError(f"{self.name}: line {line} is no sequence; {looks}")
            return read_lines
        raise DataError(f"{self.name}: holds no sequence; give {WANTED}")


@contextmanager
def open_sequences(path: Path) -> Iterator[SequenceFile]:
    """Open a file of sequences, plain or compressed by gzip or bgzip; "-" is standard input.

    Raises
    ------
    DataError, StorageError
        As `data_io.inputs.open_input`.
    """
    with open_input(path, WANTED) as source:
        yield SequenceFile(source)
