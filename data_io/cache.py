"""Arrays read out of a matrix, kept so that the next run need not read the matrix again.

A cache folder holds one folder a matrix, and in it, apart for Set A and Set B, a file of the sequences and
one of each experiment's intensities: columns, opened one by one; and for Set B which of its sequences stand
in Set A. Each file says which matrix it came from (its path, size and time of change) and carries a
checksum; one that is stale, damaged or of another version counts as absent.
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from isal import isal_zlib
from safetensors import safe_open
from safetensors.numpy import save

from data_io.files import write_atomically

_VERSION = 2
_NAME, _NOTE = "values", "checksum and source"
_T = TypeVar("_T")
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
        return self._folder / f"{name}.safetensors"

    def load(self, name: str) -> npt.NDArray[np.generic] | None:
        """Give back a stored array, or None where there is no usable one."""
        return self._open(name, _values)

    def holds(self, name: str) -> bool:
        """Whether an array of this matrix is there, without a look at its values."""
        return self._open(name, lambda *_: True) is not None

    def _open(self, name: str, look: Callable[[safe_open, str], _T]) -> _T | None:
        """What `look` makes of a file of this matrix and its checksum; None where there is none."""
        path = self.path(name)
        try:
            with safe_open(path, "np") as file:
                checksum, _, source = file.metadata()[_NOTE].partition(" ")
                return look(file, checksum) if source == self._label else None
        except FileNotFoundError:
            return None
        except Exception as error:  # damaged bytes make the library raise nearly anything
            _log.warning("%s: is damaged (%s); reading the matrix again", path, type(error).__name__)
            return None

    def store(self, name: str, values: npt.NDArray[np.generic]) -> None:
        """Keep an array; a StorageError says why that is impossible."""
        values = np.ascontiguousarray(values)
        note = f"{_checksum(values)} {self._label}"
        with write_atomically(self.path(name), durable=False) as temporary:  # damage is noticed
            temporary.write_bytes(save({_NAME: values}, {_NOTE: note}))


def _values(file: safe_open, checksum: str) -> npt.NDArray[np.generic]:
    values: npt.NDArray[np.generic] = file.get_tensor(_NAME)  # type: ignore[no-untyped-call]
    if _checksum(values) != checksum:
        raise ValueError("bad checksum")
    return values


def _checksum(values: npt.NDArray[np.generic]) -> str:
    return f"{isal_zlib.crc32(values.data.cast('B') if values.size else b''):08x}"
