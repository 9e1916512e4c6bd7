"""Arrays read out of a matrix, kept so that the next run need not read the matrix again.

A cache folder holds one folder a matrix, and in it, apart for Set A and Set B, a file of the sequences and
one of each experiment's intensities: columns, opened one by one; and for Set B which of its sequences stand
in Set A. Each file says which matrix it came from (its path, size and time of change) and carries checksums,
as every .npz does; one that is stale, damaged or of another version counts as absent.
"""

import hashlib
import io
import logging
import os
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
from isal import isal_zlib

from data_io.files import write_atomically

_VERSION = 1
_LENGTHS = struct.Struct("<26x2H")  # of name and extra field, at the end of a member's head
_LONGEST_HEADER = 1 << 12
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """A matrix as it was when it was read."""

    path: str
    size: int
    changed: int

    @staticmethod
    def of(matrix: Path) -> "Source":
        """Look at a file that exists."""
        state = matrix.stat()
        return Source(str(matrix.resolve()), state.st_size, state.st_mtime_ns)

    @property
    def label(self) -> str:
        """What must be the same for a cached file to be used."""
        return f"version {_VERSION}, {self.size} bytes, changed {self.changed}, {self.path}"


class ArrayCache:
    """The cached arrays of one matrix.

    Parameters
    ----------
    folder : Path
        The cache folder, shared by all matrices; made when something is first stored.
    source : Source
    """

    def __init__(self, folder: Path, source: Source) -> None:
        digest = hashlib.sha256(source.path.encode()).hexdigest()[:12]
        self._folder = folder / f"{Path(source.path).parent.name or 'data'}-{digest}"
        self._label = source.label

    def path(self, name: str) -> Path:
        """Where the array called `name` is kept."""
        return self._folder / f"{name}.npz"

    def load(self, name: str) -> npt.NDArray[np.generic] | None:
        """Give back a stored array, or None where there is no usable one."""
        return self._read(name, "values")

    def holds(self, name: str) -> bool:
        """Whether an array of this matrix is there, without a look at its values."""
        return self._read(name, "source") is not None

    def _read(self, name: str, member: str) -> npt.NDArray[np.generic] | None:
        path = self.path(name)
        try:
            with path.open("rb") as file, zipfile.ZipFile(file) as packed:
                current = str(_read(file, packed, "source")) == self._label
                return _read(file, packed, member) if current else None
        except FileNotFoundError:
            return None
        except Exception as error:  # damaged bytes make zipfile and numpy raise nearly anything
            _log.warning("%s: is damaged (%s); reading the matrix again", path, type(error).__name__)
            return None

    def store(self, name: str, values: npt.NDArray[np.generic]) -> None:
        """Keep an array; a StorageError says why that is impossible."""
        with write_atomically(self.path(name), durable=False) as temporary:  # damage is noticed
            np.savez(temporary, source=np.array(self._label), values=values)


def _read(file: IO[bytes], packed: zipfile.ZipFile, name: str) -> npt.NDArray[np.generic]:
    """Read a whole member, and check it, before numpy believes the shape that it tells.

    As zipfile and numpy do for a member that is stored as it is, but with one copy, not three, and a checksum
    that takes a sixth of the time.
    """
    member = packed.getinfo(f"{name}.npy")
    file.seek(member.header_offset)
    file.seek(sum(_LENGTHS.unpack(file.read(_LENGTHS.size))), os.SEEK_CUR)
    content = np.empty(member.file_size, np.uint8)
    whole = file.readinto(content) == len(content)  # type: ignore[attr-defined]
    if member.compress_type != zipfile.ZIP_STORED or not whole or isal_zlib.crc32(content) != member.CRC:
        raise zipfile.BadZipFile(f"Bad CRC-32 for file {member.filename!r}")
    stream = io.BytesIO(content[:_LONGEST_HEADER].tobytes())
    np.lib.format.read_magic(stream)
    shape, by_column, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype.hasobject:
        raise ValueError("an array of Python objects")
    return content[stream.tell() :].view(dtype).reshape(shape, order="F" if by_column else "C")
