"""The checkpoints of a study's unfinished tasks, each a file that is replaced as a whole."""

from __future__ import annotations

import shutil
from pathlib import Path

from data_io.files import write_atomically


class CheckpointStore:
    """Keeps bytes by name in a folder.

    Parameters
    ----------
    folder : Path
        Made when the first checkpoint is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.safetensors"

    def keep(self, name: str, content: bytes) -> None:
        """Keep `content`, in the place of what was kept under `name` before.

        Raises
        ------
        StorageError
            When the disk is full or the folder cannot be written to.
        """
        with write_atomically(self._path(name)) as temporary:
            temporary.write_bytes(content)

    def find(self, name: str) -> bytes | None:
        """Give what is kept under `name`, or None."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            return None

    def drop(self, name: str) -> None:
        """Keep nothing under `name` any more."""
        self._path(name).unlink(missing_ok=True)

    def drop_all(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)
