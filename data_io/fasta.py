"""Sequences to score, out of a FASTA file."""

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from data_io.errors import DataError

_FOREIGN = re.compile("[^ACGUTNacgutn]")


def read_fasta(path: str | Path) -> list[tuple[str, str]]:
    """Read all records of a FASTA file; see `stream_fasta`."""
    return list(stream_fasta(path))


def stream_fasta(path: str | Path) -> Iterator[tuple[str, str]]:
    """Read the records of a FASTA file, plain or compressed (.gz), one at a time.

    Parameters
    ----------
    path : str or Path

    Yields
    ------
    (name, sequence)
        The name is the first word behind ">"; the sequence is in capital letters A, C, G, U and N, of any
        length.

    Raises
    ------
    DataError
        When the file cannot be read, holds no record, or a record is empty or holds another letter.
    """
    path = Path(path)
    records = 0
    name, parts = "", list[str]()
    for number, text in enumerate(map(str.strip, _read_lines(path)), start=1):
        if text.startswith(">"):
            if records:
                yield name, _joined(path, name, parts)
            records += 1
            name = text[1:].split()[0] if text[1:].strip() else f"sequence_{records}"
            parts = []
        elif text and not records:
            raise DataError(f"{path}: line {number} stands before the first '>'; is this a FASTA file?")
        elif text:
            _check_letters(path, name, number, text)
            parts.append(text.upper().replace("T", "U"))
    if not records:
        raise DataError(f"{path}: holds no sequence; give a FASTA file with at least one record")
    yield name, _joined(path, name, parts)


def _joined(path: Path, name: str, parts: list[str]) -> str:
    if not parts:
        raise DataError(f"{path}: record {name!r} has no sequence; complete it or remove it")
    return "".join(parts)


def _check_letters(path: Path, name: str, number: int, text: str) -> None:
    foreign = _FOREIGN.search(text)
    if foreign:
        where = f"{path}: record {name!r} has the letter {foreign.group()!r} in line {number}"
        raise DataError(f"{where}; only A, C, G, U, T and N can be scored")


def _read_lines(path: Path) -> Iterator[str]:
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8-sig") as lines:
            yield from lines
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; give a FASTA file") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: is no text; give a FASTA file") from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error}); give a FASTA file") from None
