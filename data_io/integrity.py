"""Whether a published file is whole: by its own checksums, and by the SHA-256 learned when it was fetched."""

import gzip
import hashlib
import zipfile
import zlib
from pathlib import Path
from typing import cast

from isal import igzip, isal_zlib

from data_io.files import write_atomically

_CHUNK = 1 << 20
_DAMAGED = (
    *(gzip.BadGzipFile, EOFError, cast(type[Exception], isal_zlib.error)),
    *(zipfile.BadZipFile, zlib.error, ValueError, RuntimeError),  # all of zipfile
)


def find_damage(path: Path, suffix: str) -> str | None:
    """Read a whole file and say what is wrong with it, or None.

    Parameters
    ----------
    path : Path
    suffix : str
        Of the name that it has or shall have: ".gz", or ".xlsx", which is a zip archive.
    """
    try:
        return _damage_of_gzip(path) if suffix == ".gz" else _damage_of_zip(path)
    except _DAMAGED as error:
        return str(error)


def _damage_of_gzip(path: Path) -> str | None:
    with path.open("rb") as raw, igzip.IGzipFile(fileobj=raw) as unpacked:
        start = unpacked.read(_CHUNK)
        if start.startswith(b"\x1f\x8b"):
            return "compressed twice"
        while unpacked.read(_CHUNK):
            pass
    return None if start else "empty"


def _damage_of_zip(path: Path) -> str | None:
    with zipfile.ZipFile(path) as book:
        broken = book.testzip()
    return None if broken is None else f"bad checksum of {broken}"


def sha256(path: Path) -> str:
    """Digest a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def learned_sha256(path: Path) -> str | None:
    """Give the digest that was learned when the file was fetched, or None where none was."""
    try:
        return _note(path).read_text().split()[0]
    except (OSError, ValueError, IndexError):
        return None


def learn_sha256(path: Path, digest: str) -> None:
    """Keep a file's digest beside it, in the form that ``sha256sum --check`` reads."""
    with write_atomically(_note(path)) as temporary:
        temporary.write_text(f"{digest}  {path.name}\n")


def _note(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")
