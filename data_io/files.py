"""Files that are either complete or absent: written beside their place, then moved into it."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data_io.errors import StorageError


@contextmanager
def write_atomically(path: str | Path, durable: bool = True) -> Iterator[Path]:
    """Give a temporary path beside `path` and move it to `path` when the block ends well.

    A reader sees the old file or the new one, never a part of it; a block that raises leaves the old
    file as it was. The temporary path keeps the suffix of `path`, since several writers choose their
    format by it. Missing parent folders are made.

    Parameters
    ----------
    path : str or Path
        The file to write or to replace.
    durable : bool
        Wait until the disk has it, so that a power cut leaves the old file or the new one. Without, it may
        leave a damaged one, which does for what is checked and made again. Default: True.

    Yields
    ------
    Path
        A path in the same folder that does not exist yet; the block has to create it.

    Raises
    ------
    StorageError
        When the disk is full, the folder cannot be written to or `path` is a folder itself.
    """
    path = Path(path)
    if path.is_dir():
        raise StorageError(f"{path}: is a folder; give the name of a file")
    temporary = path.with_name(f".{path.stem}-{os.getpid()}-{secrets.token_hex(4)}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        if durable:
            _flush_to_disk(temporary)
        temporary.replace(path)
    except OSError as error:
        if _is_about(error, path, temporary):
            raise storage_error(path, error) from error
        raise
    finally:
        _remove(temporary)


def storage_error(path: Path, error: OSError) -> StorageError:
    """Put a failure to write `path` into one line that says what to do."""
    reason = (error.strerror or str(error)).lower()
    return StorageError(f"{path}: cannot be written ({reason}); {_remedy(error)}")


def _flush_to_disk(path: Path) -> None:
    """Without this, a power cut right after the move could leave an empty file under the final name."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_about(error: OSError, path: Path, temporary: Path) -> bool:
    """Tell a failure to write `path` from one of another file in the block; a full disk names none."""
    if error.filename is None:
        return True
    return Path(os.fsdecode(error.filename)) in {path, temporary, *path.parents}


def _remedy(error: OSError) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "make room on the disk and try again"
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return "choose a folder that you may write to"
    return "check the path and the disk"


def _remove(temporary: Path) -> None:
    try:
        temporary.unlink(missing_ok=True)
    except OSError:
        return  # a folder that cannot be written to holds no temporary file either
