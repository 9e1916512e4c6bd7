"""Sequences as a reader gives them: letters of many, or a part of a long one, as codes in one array."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from data_io.alphabet import CODE_OF_BYTE, N
from data_io.errors import DataError

CHUNK = 1 << 20
"""Letters of text that are read at once."""

WANTED = "FASTA, a table separated by tabs, or a sequence a line"
BLANKS = " \t\r\n\f\v"  # in Latin-1 others are a part of letters
_AMBIGUOUS = "RYSWKMBDHVryswkmbdhv"
_FOREIGN = re.compile(f"[^ACGUTNacgutn{_AMBIGUOUS}]")
_READ_AS_N = re.compile(f"[{_AMBIGUOUS}]")
_AS_N = str.maketrans(dict.fromkeys(_AMBIGUOUS, "N"))


@dataclass(frozen=True)
class Block:
    """Letters of neighbouring sequences.

    Attributes
    ----------
    names : list of str, length n
    lengths : int64 array, shape (n,)
        Letters of each in this block, at least one.
    codes : uint8 array, shape (sum of lengths,)
        A, C, G, U, N as 0..4.
    continues : bool
        The first goes on with the sequence in which the block before ended.
    ambiguous : int
        Letters that stand for several, such as R for A or G, and are read as N.
    first_ambiguous : str
        Where the first of them stands.
    """

    names: list[str]
    lengths: npt.NDArray[np.int64]
    codes: npt.NDArray[np.uint8]
    continues: bool = False
    ambiguous: int = 0
    first_ambiguous: str = ""


@dataclass(frozen=True)
class Stretch:
    """Letters of a sequence as they are written, in one line or a part of it."""

    name: str
    line: int
    letters: str
    begins: bool = True


def block_of(source: str, stretches: Sequence[Stretch]) -> Block:
    """Check letters that were read line by line, and join them.

    Parameters
    ----------
    source : str
        Name of the file, for messages.
    stretches : sequence of Stretch
        At least one; one that does not begin a sequence belongs to that of the one before it.

    Raises
    ------
    DataError
        When one holds another letter than A, C, G, U, T, N and the ambiguous R, Y, S, W, K, M, B, D, H and V,
        in either case.
    """
    ambiguous, first = 0, ""
    for stretch in stretches:
        _check_letters(source, stretch)
        if found := _READ_AS_N.findall(stretch.letters):
            ambiguous += len(found)
            first = first or f"{found[0]!r} in line {stretch.line}, record {stretch.name!r}"
    begins = [number for number, stretch in enumerate(stretches) if stretch.begins or not number]
    text = "".join(stretch.letters for stretch in stretches).translate(_AS_N).encode("ascii")
    lengths = np.add.reduceat([len(stretch.letters) for stretch in stretches], begins).astype(np.int64)
    codes = CODE_OF_BYTE[np.frombuffer(text, np.uint8)]
    names = [stretches[number].name for number in begins]
    return Block(names, lengths, codes, not stretches[0].begins, ambiguous, first)


def whole_sequences(
    blocks: Iterable[Block], wanted: Container[str] | None = None
) -> Iterator[tuple[str, npt.NDArray[np.uint8]]]:
    """Give names and codes of whole sequences, in memory that grows with the longest of them.

    Parameters
    ----------
    blocks : iterable of Block
    wanted : container of str, optional
        Names of the sequences to give. Default: all.
    """
    name, parts = "", list[npt.NDArray[np.uint8]]()
    for block in blocks:
        ends = np.cumsum(block.lengths).tolist()
        for number, (each, end) in enumerate(zip(block.names, ends, strict=True)):
            if number or not block.continues:
                if parts:
                    yield name, np.concatenate(parts)
                name, parts = each, []
            if wanted is None or each in wanted:
                parts.append(block.codes[end - int(block.lengths[number]) : end])
    if parts:
        yield name, np.concatenate(parts)


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
    _pending: str | None = None  # the last record so far, while it has no known letter

    def add(self, block: Block) -> None:
        """Count what a block holds; `end` counts the last record."""
        self.letters += len(block.codes)
        self.ambiguous += block.ambiguous
        self.first_ambiguous = self.first_ambiguous or block.first_ambiguous
        self.records += len(block.names) - block.continues
        known = np.logical_or.reduceat(block.codes < N, np.cumsum(block.lengths) - block.lengths)
        if block.continues and self._pending is None:
            known[0] = True
        if not block.continues:
            self.end()
        self._pending = None if known[-1] else block.names[-1]
        for number in np.flatnonzero(~known[:-1]):
            self._count_unknown(block.names[number])

    def end(self) -> None:
        """Take the last record as complete."""
        if self._pending is not None:
            self._count_unknown(self._pending)
            self._pending = None

    def _count_unknown(self, name: str) -> None:
        self.unknown += 1
        self.first_unknown = self.first_unknown or name


def _check_letters(source: str, stretch: Stretch) -> None:
    if foreign := _FOREIGN.search(stretch.letters):
        place = f"record {stretch.name!r} has the letter {foreign.group()!r} in line {stretch.line}"
        only = "only A, C, G, U, T, N and ambiguous bases (R, Y, ...) can be scored"
        raise DataError(f"{source}: {place}; {only}")
