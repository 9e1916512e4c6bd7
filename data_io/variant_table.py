"""Substitutions to score, out of a table: name, position, reference, alternative; VCF is one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from data_io.errors import DataError
from data_io.inputs import decode, open_input

_WANTED = "a table of name, position, ref and alt, separated by tabs"
_COLUMNS = {
    "name": ("name", "chrom", "sequence", "transcript"),
    "position": ("position", "pos"),
    "reference": ("ref", "reference"),
    "alternative": ("alt", "alternative"),
}
_LETTERS = frozenset("ACGUTacgut")


@dataclass(frozen=True)
class Variant:
    """A substitution.

    Attributes
    ----------
    where : str
        File and line, for messages.
    name : str
        Of the sequence.
    position : int
        Of the first letter that is replaced, from 1.
    reference, alternative : str
        As many letters of one as of the other, as they are written.
    """

    where: str
    name: str
    position: int
    reference: str
    alternative: str


def read_variants(path: Path) -> list[Variant]:
    """Read a table of substitutions, plain or compressed by gzip; "-" is standard input.

    With a header, columns are found by their names: name or CHROM, position or POS, ref, alt, in any case and
    order; others are left out, and so are lines that begin with "##". Without, they are the four columns. A
    row with several alternatives between commas, as VCF has them, is as many substitutions.

    Raises
    ------
    DataError
        When the file cannot be read, columns are missing, a position is no number, or a row is no
        substitution of known letters by as many others.
    """
    variants: list[Variant] = []
    columns: list[int] | None = None
    with open_input(path, _WANTED) as source, source.open() as text:
        for number, row in enumerate(text, 1):
            if not row.strip() or row.startswith("##"):
                continue
            cells = [cell.strip() for cell in decode(row).rstrip("\r\n").split("\t")]
            if columns is None:
                columns, is_header = _find_columns(source.name, cells)
                if is_header:
                    continue
            where = f"{source.name}: line {number}"
            if len(cells) <= max(columns):
                raise DataError(f"{where} has {len(cells)} columns; give {_WANTED}")
            variants += _variants_of(where, *[cells[column] for column in columns])
        if not variants:
            raise DataError(f"{source.name}: holds no variant; give {_WANTED}")
    return variants


def _find_columns(source: str, cells: list[str]) -> tuple[list[int], bool]:
    """Where the columns are, and whether a header says so."""
    known = [cell.lower().lstrip("#") for cell in cells]
    found = {
        column: next((known.index(name) for name in names if name in known), None)
        for column, names in _COLUMNS.items()
    }
    places = [place for place in found.values() if place is not None]
    if len(places) == len(_COLUMNS):
        return places, True
    if not places and len(cells) == len(_COLUMNS):
        return [0, 1, 2, 3], False
    missing = [column for column, place in found.items() if place is None]
    if not places:
        raise DataError(f"{source}: has {len(cells)} columns and no header; give {_WANTED}")
    raise DataError(f"{source}: the header lacks {', '.join(missing)}; give {_WANTED}")


def _variants_of(
    where: str, name: str, position: str, reference: str, alternatives: str
) -> Iterator[Variant]:
    if not position.isascii() or not position.isdigit() or int(position) < 1:
        raise DataError(f"{where}: position {position!r} is no whole number from 1; correct it")
    _check_letters(where, "ref", reference)
    for alternative in alternatives.split(","):
        _check_letters(where, "alt", alternative)
        if len(alternative) != len(reference):
            lengths = f"ref {reference!r} and alt {alternative!r} differ in length"
            raise DataError(f"{where}: {lengths}; only substitutions are scored, leave it out")
        if _plain(alternative) == _plain(reference):
            raise DataError(f"{where}: ref and alt are both {reference!r}; correct it or leave it out")
        yield Variant(where, name, int(position), reference, alternative)


def _check_letters(where: str, column: str, letters: str) -> None:
    if not letters or not _LETTERS.issuperset(letters):
        raise DataError(f"{where}: {column} is {letters!r}; only letters A, C, G, U and T can be scored")


def _plain(letters: str) -> str:
    return letters.upper().replace("T", "U")
