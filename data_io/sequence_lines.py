"""Sequences out of plain text, one a line, or out of a table separated by tabs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np

from data_io.alphabet import CODE_OF_BYTE, N
from data_io.errors import DataError
from data_io.inputs import decode
from data_io.sequence_blocks import BLANKS, CHUNK, WANTED, Block, Stretch, block_of

SEQUENCE_COLUMNS = ("sequence", "seq", "rna_seq", "rna_sequence")
NAME_COLUMNS = ("name", "id", "probe_id", "sequence_name", "transcript_id")


def read_lines(name: str, text: IO[str]) -> Iterator[Block]:
    """Read a sequence a line, called sequence_1, sequence_2, ...; blank lines are passed over.

    Parameters
    ----------
    name : str
        Of the file, for messages.
    text : text file
        As `data_io.inputs.Input.open` gives it; a line may be of any length.

    Raises
    ------
    DataError
        As `data_io.sequence_blocks.block_of`, and when there is no sequence.
    """
    line, records, within = 1, 0, False
    while part := text.read(CHUNK) + text.readline(CHUNK):
        stretches = []
        for number, row in enumerate(part.split("\n")):
            if letters := decode(row).strip(BLANKS + "\xa0"):
                goes_on = within and not number
                records += not goes_on
                stretches.append(Stretch(f"sequence_{records}", line + number, letters, not goes_on))
        line += part.count("\n")
        within = not part.endswith("\n") and bool(part.rpartition("\n")[2].strip(BLANKS))
        if stretches:
            yield _joined(name, stretches)
    if not records:
        raise DataError(f"{name}: holds no sequence; give {WANTED}")


def read_table(name: str, text: IO[str]) -> Iterator[Block]:
    """Read a table separated by tabs.

    With a header, the sequences stand in the column called sequence, seq or RNA_Seq, in any case, and the
    names in the one called name, id or Probe_ID, if there is one. Without, each row is a name and a sequence.

    Raises
    ------
    DataError
        As `read_lines`, and when the columns are not told, or a row lacks one.
    """
    columns: _Columns | None = None
    line, records = 1, 0
    while part := text.read(CHUNK) + text.readline():
        stretches = []
        for number, row in enumerate(part.split("\n"), line):
            if not row.strip(BLANKS):
                continue
            cells = [cell.strip() for cell in decode(row).strip("\r\n").split("\t")]
            if columns is None:
                columns = _Columns.of(name, cells)
                if columns.in_header:
                    continue
            records += 1
            stretches.append(columns.read(name, number, cells, records))
        line += part.count("\n")
        if stretches:
            yield _joined(name, stretches)
    if not records:
        raise DataError(f"{name}: holds no sequence; give {WANTED}")


@dataclass(frozen=True)
class _Columns:
    """Where a table has names and sequences."""

    sequence: int
    name: int | None
    in_header: bool

    @classmethod
    def of(cls, source: str, cells: list[str]) -> _Columns:
        known = [cell.lower() for cell in cells]
        found = [known.index(column) for column in SEQUENCE_COLUMNS if column in known]
        if found:
            names = [known.index(column) for column in NAME_COLUMNS if column in known]
            return cls(found[0], names[0] if names else None, True)
        if len(cells) != 2:
            raise DataError(
                f"{source}: has {len(cells)} columns, and none is called sequence; call it so in a header, "
                "or give two columns, name and sequence"
            )
        return cls(1, 0, False)

    def read(self, source: str, line: int, cells: list[str], record: int) -> Stretch:
        if len(cells) <= max(self.sequence, self.name or 0) or not cells[self.sequence]:
            raise DataError(f"{source}: line {line} has no sequence; complete it or remove it")
        name = "" if self.name is None else " ".join(cells[self.name].split())
        return Stretch(name or f"sequence_{record}", line, cells[self.sequence])


def _joined(source: str, stretches: list[Stretch]) -> Block:
    """Join lines at once where all is plain; `block_of` says what is not."""
    joined = "".join([stretch.letters for stretch in stretches])
    if joined.isascii():
        codes = CODE_OF_BYTE[np.frombuffer(joined.encode("ascii"), np.uint8)]
        if codes.max() <= N:
            lengths = np.array([len(stretch.letters) for stretch in stretches])
            names = [stretch.name for stretch in stretches]
            return Block(names, lengths, codes, not stretches[0].begins)
    return block_of(source, stretches)
