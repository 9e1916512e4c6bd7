"""The header of an intensity matrix: the names of its columns, as R, Excel and Python write them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data_io.errors import DataError
from data_io.lines import Head
from data_io.rows import Layout

SET_COLUMN, SEQUENCE_COLUMN, ID_COLUMN = "Probe_Set", "RNA_Seq", "Probe_ID"


@dataclass(frozen=True)
class Header:
    """Names of columns, one a cell of each row, and whether cells stand between quotation marks."""

    path: Path
    names: tuple[str, ...]
    quoted: bool

    @classmethod
    def of(cls, path: Path, head: Head) -> "Header":
        """Understand the first line of a file.

        Raises
        ------
        DataError
            When it is no header of a matrix.
        """
        if head.line.startswith(b"\x1f\x8b"):
            raise DataError(f"{path}: is compressed; rename it to norm_data.txt.gz")
        names = _split(head.line)
        for needed in (SET_COLUMN, SEQUENCE_COLUMN):
            if needed not in names:
                raise DataError(f"{path}: has no column {needed}; it must be tab separated, with a header")
        if _has_row_names(head, names):
            names = ["", *names]
        return cls(path, tuple(names), quoted=any(b'"' in line for line in (head.line, *head.following)))

    @property
    def experiments(self) -> list[str]:
        """The names of all columns that hold intensities."""
        return [name for name in self.names if name and name not in {SET_COLUMN, SEQUENCE_COLUMN, ID_COLUMN}]

    def layout(self, experiments: Sequence[str], strict: bool) -> Layout:
        """Say where the columns of some experiments are.

        Raises
        ------
        DataError
            When there is no column of such a name, or more than one.
        """
        for name in (SET_COLUMN, SEQUENCE_COLUMN, *experiments):
            if self.names.count(name) > 1:
                raise DataError(f"{self.path}: has {self.names.count(name)} columns {name}; keep one")
        held = self.experiments
        for name in experiments:
            if name not in held:
                there = ", ".join(held) if len(held) <= 6 else f"{len(held)} others"
                problem = f"has no column {name}, only {there or 'no experiment'}"
                raise DataError(f"{self.path}: {problem}; choose another")
        return Layout(
            width=len(self.names),
            probe_set=self.names.index(SET_COLUMN),
            sequence=self.names.index(SEQUENCE_COLUMN),
            probe_id=self.names.index(ID_COLUMN) if ID_COLUMN in self.names else None,
            experiments={name: self.names.index(name) for name in sorted(experiments, key=self.names.index)},
            strict=strict,
            quoted=self.quoted,
        )


def _split(line: bytes) -> list[str]:
    return [_unquote(cell.strip()) for cell in line.decode("utf-8", "replace").split("\t")]


def _unquote(cell: str) -> str:
    quoted = len(cell) > 1 and cell[0] == cell[-1] == '"'
    return cell[1:-1].strip() if quoted else cell


def _has_row_names(head: Head, names: Sequence[str]) -> bool:
    """Whether each row begins with a name for which the header has no cell, as R writes tables."""
    rows = [row for row in head.following if row.strip()]
    shifted = names.index(SET_COLUMN) + 1
    return bool(rows) and all(
        row.count(b"\t") == len(names) and _split(row)[shifted] in {"SetA", "SetB"} for row in rows
    )
