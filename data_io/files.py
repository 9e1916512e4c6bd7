"""Files that are either complete or absent: written beside their place, then moved into it."""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from data_io.errors import StorageError


@contextmanager
def write_atomically(path: str | Path, durable: bool = True) -> Iterator[Path]:
    """Give a temporary path beside `path` and move it to `path` when the block ends well.

    A reader sees the old file or the new one, never a part of it; a block that raises leaves the old
    file as it was. The temporary path keeps the suffix of `path`, since several writers choose their
    format by it. Missing parent folders are made. A symbolic link stays, and the file it leads to is
    replaced; owner, group and mode of a file that is replaced stay.

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
        When the disk is full, the folder cannot be written to or `path` is no regular file.
    """
    path = Path(path)
    target = _follow_links(path)
    own = f"{os.getpid()}-{secrets.token_hex(4)}"
    temporary = target.with_name(f".{target.stem[:40]}-{own}{target.suffix}")  # a name may have 255 bytes
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        keep_access(target, temporary)
        if durable:
            _flush_to_disk(temporary)
        temporary.replace(target)
    except OSError as error:
        if is_about(error, path, target, temporary):
            raise storage_error(path, error) from error
        raise
    finally:
        with suppress(OSError):  # a folder that cannot be written to holds no temporary file either
            temporary.unlink(missing_ok=True)


def storage_error(path: Path, error: OSError) -> StorageError:
    """Put a failure to write `path` into one line that says what to do."""
    reason = (error.strerror or str(error)).lower()
    return StorageError(f"{path}: cannot be written ({reason}); {_remedy(error)}")


def is_about(error: OSError, *paths: Path) -> bool:
    """Whether a failure concerns `paths`, not another file in the block; a full disk names none."""
    if error.filename is None:
        return True
    return any(Path(os.fsdecode(error.filename)) in {path, *path.parents} for path in paths)


def keep_access(old: Path, new: Path) -> None:
    """Give a new file or folder the owner, group and mode of the one it replaces, if there is one."""
    try:
        was = old.stat()
    except FileNotFoundError:
        return
    mode = stat.S_IMODE(was.st_mode)
    if not (_give(new, was.st_uid, was.st_gid) or _give(new, -1, was.st_gid)):
        mode &= ~stat.S_IRWXG  # what the old group might do is not for another one
    with suppress(PermissionError):  # some file systems have one mode for all
        new.chmod(mode)


def _give(path: Path, owner: int, group: int) -> bool:
    """Change owner and group, where that is allowed: owners by root, groups by their members."""
    try:
        os.chown(path, owner, group)
    except OSError:
        return False
    return True


def _follow_links(path: Path) -> Path:
    """The regular file that a path leads to, there or not."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return Path(os.path.realpath(path))
    except OSError as error:
        raise storage_error(path, error) from error
    if stat.S_ISDIR(mode):
        raise StorageError(f"{path}: is a folder; give the name of a file")
    if not stat.S_ISREG(mode):
        raise StorageError(
            f"{path}: is a device or a pipe, which cannot be replaced; give the name of a file"
        )
    return Path(os.path.realpath(path))


def _flush_to_disk(path: Path) -> None:
    """Without this, a power cut right after the move could leave an empty file under the final name."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remedy(error: OSError) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return "make room on the disk and try again"
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return "choose a folder that you may write to"
    return "check the path and the disk"
