"""Sequences out of FASTA text of any size, in memory that does not grow with it.

What is plain is read a block at a time by numpy, at the speed of the disk; a block with anything odd in it,
or wrong, is read line by line, and gives the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

import numpy as np
import numpy.typing as npt

from data_io.alphabet import CODE_OF_BYTE, N
from data_io.errors import DataError
from data_io.inputs import decode
from data_io.sequence_blocks import BLANKS, CHUNK, WANTED, Block, Stretch, block_of

_SKIPPED = 254
_NEWLINE, _RETURN, _HEADER = b"\n\r>"


_NAMES = re.compile(r"^>[^\S\n]*(\S*)", re.MULTILINE)


def _skipping_line_ends() -> bytes:
    table = CODE_OF_BYTE.copy()
    table[[_NEWLINE, _RETURN]] = _SKIPPED
    return table.tobytes()


_CODES = _skipping_line_ends()


def read_fasta(name: str, text: IO[str]) -> Iterator[Block]:
    """Read records.

    Parameters
    ----------
    name : str
        Of the file, for messages.
    text : text file
        As `data_io.inputs.Input.open` gives it. The name of a record is the first word behind its ">".

    Raises
    ------
    DataError
        When a record is empty, or holds a letter that `data_io.sequence_blocks.block_of` refuses.
    """
    reader = _Reader(name)
    for chunk in _chunks(text):
        if block := reader.read(chunk):
            yield block
    reader.end()


def _chunks(text: IO[str]) -> Iterator[str]:
    """Cut the text between records, or between lines where a record is long, or anywhere in a long line."""
    rest, in_line = "", False
    while part := text.read(CHUNK):
        rest += part
        if not in_line and "\n" not in rest and rest.lstrip(BLANKS).startswith(">"):
            rest += _end_of_line(text)
        cut = rest.rfind("\n>") + 1 or rest.rfind("\n") + 1 or len(rest)
        yield rest[:cut]
        in_line = rest[cut - 1] != "\n"
        rest = rest[cut:]
    if rest:
        yield rest


def _end_of_line(text: IO[str]) -> str:
    """Read up to the end of a header longer than a chunk, and leave out what lies between."""
    while part := text.readline(CHUNK):
        if part.endswith("\n"):
            return "\n"
    return ""


class _Reader:
    """Reads parts of a file one after the other."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._records, self._line = 0, 1
        self._name = ""  # of the record at hand
        self._empty = False  # it has no letter yet
        self._in_line = False  # the last part ended within a line

    def read(self, chunk: str) -> Block | None:
        block = self._read_plain(chunk) or self._read_lines(chunk)
        self._line += chunk.count("\n")
        self._in_line = not chunk.endswith("\n")
        return block

    def end(self) -> None:
        if self._empty:
            raise DataError(
                f"{self._source}: record {self._name!r} has no sequence; complete it or remove it"
            )
        if not self._records:
            raise DataError(f"{self._source}: holds no sequence; give {WANTED}")

    def _read_plain(self, chunk: str) -> Block | None:
        """Read a part of plain records; None where anything in it asks for a closer look."""
        if not chunk.isascii():
            return None
        content = chunk.encode("ascii")
        text = np.frombuffer(content, np.uint8)
        starts, ends = self._headers(text)
        continues = bool(len(starts) == 0 or starts[0] > 0)
        if self._in_line and chunk.startswith(">"):
            return None
        if len(ends) != len(starts) or (continues and not self._records) or _has_odd_returns(text):
            return None
        letters = np.frombuffer(content.translate(_CODES), np.uint8)
        chosen = (letters != _SKIPPED) & _between(starts, ends, len(text))
        codes = letters[chosen]
        begins = np.append(0, starts) if continues else starts
        lengths = np.add.reduceat(chosen, begins, dtype=np.int64)
        fresh = self._empty and not continues
        if fresh or not lengths.all() or (codes > N).any():
            return None
        names = _NAMES.findall(chunk)
        if "" in names:
            names = [name or f"sequence_{i}" for i, name in enumerate(names, self._records + 1)]
        if continues:
            names.insert(0, self._name)
        goes_on = continues and not self._empty
        self._records, self._name, self._empty = self._records + len(starts), names[-1], False
        return Block(names, lengths, codes, goes_on)

    def _headers(self, text: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Where headers start, and where their lines end."""
        starts = np.flatnonzero(text == _HEADER)
        if len(starts):
            first = starts[0] == 0 and not self._in_line
            starts = starts[(text[starts - 1] == _NEWLINE) & (starts > 0) | (first & (starts == 0))]
        newlines = np.flatnonzero(text == _NEWLINE)
        places = np.searchsorted(newlines, starts)
        return starts, newlines[places[places < len(newlines)]]

    def _read_lines(self, chunk: str) -> Block | None:
        """Read a part line by line."""
        stretches: list[Stretch] = []
        for number, line in enumerate(chunk.split("\n")):
            content = line.strip(BLANKS)
            if content.startswith(">") and not (self._in_line and not number):
                self._begin(content)
            elif letters := content if content.isascii() else decode(content).strip():
                goes_on = not self._empty
                stretches.append(Stretch(self._name, self._line + number, letters, not goes_on))
                self._empty = False
        if not stretches:
            return None
        return block_of(self._source, stretches)

    def _begin(self, header: str) -> None:
        if self._empty:
            self.end()
        self._records, self._empty = self._records + 1, True
        self._name = next(iter(decode(header)[1:].split()), f"sequence_{self._records}")


def _between(
    starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64], length: int
) -> npt.NDArray[np.bool_]:
    """Where no header stands."""
    edges = np.stack([starts, ends], axis=1).ravel()
    runs = np.diff(edges, prepend=0, append=length)
    return np.repeat(np.arange(len(runs)) % 2 == 0, runs)


def _has_odd_returns(text: npt.NDArray[np.uint8]) -> bool:
    """Whether a carriage return stands elsewhere than before a line end; in headers it may."""
    places = np.flatnonzero(text == _RETURN)
    if not len(places):
        return False
    return bool(places[-1] + 1 == len(text) or (text[places + 1] != _NEWLINE).any())
