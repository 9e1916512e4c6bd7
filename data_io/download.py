"""The published files: fetched once, checked to be whole, and fetched again where they are damaged."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from data_io.errors import DataError
from data_io.folder import DataFolder, find_files
from data_io.integrity import find_damage, learn_sha256, learned_sha256, sha256
from data_io.transfer import Progress, Transfer

PUBLISHED = "http://hugheslab.ccbr.utoronto.ca/supplementary-data/RNAcompete_eukarya/"
FILES: Mapping[str, bytes] = {  # with the bytes that a file of its kind begins with
    "norm_data.txt.gz": b"\x1f\x8b",
    "SupplementaryData1_RNAcompete_master_file.xlsx": b"PK",
}

_PAUSES = (1.0, 2.0, 4.0, 8.0)  # seconds between tries without progress
_log = logging.getLogger(__name__)


def fetch(
    out: str | Path,
    base_url: str = PUBLISHED,
    on_progress: Progress | None = None,
    pauses: Sequence[float] = _PAUSES,
) -> DataFolder:
    """Download the intensity matrix and the master sheet (Ray et al. 2013).

    A file that is there and whole is kept; a damaged one is replaced; one that was begun is continued, unless
    it has changed on the server. Since no checksum is published, the SHA-256 of what came is kept beside it.

    Parameters
    ----------
    out : str or Path
        The folder, made if missing.
    base_url : str
        Where both files lie. Default: the publishers' site.
    on_progress : callable, optional
        Called with a file's name, the bytes there so far and the bytes in all, or None if that is unknown.
    pauses : sequence of float
        Seconds to wait after each try that brings nothing; behind the last the download fails.
        Default: 1, 2, 4 and 8.

    Raises
    ------
    DataError
        When the server cannot be reached, refuses, or sends something else or a damaged file.
    StorageError
        When the disk is full or the folder cannot be written to.
    """
    if not base_url.startswith(("http://", "https://")):
        raise DataError(f"{base_url!r} is no address; it must begin with http:// or https://")
    for name, magic in FILES.items():
        target = Path(out) / name
        try:
            there = target.exists() and _is_whole(target)
        except OSError as error:
            raise DataError(
                f"{target}: cannot be read ({error.strerror}); check the file and its rights"
            ) from None
        if not there:
            Transfer(f"{base_url.rstrip('/')}/{name}", target, on_progress).run(magic, pauses)
            _learn(target)
    return find_files(out)


def _is_whole(target: Path) -> bool:
    """Whether a file that is there can be kept: it is the one that was fetched, or at least undamaged."""
    learned = learned_sha256(target)
    if learned is not None and sha256(target) == learned:
        return True
    damage = find_damage(target, target.suffix)
    if damage:
        _log.warning("%s: is damaged (%s); fetching it again", target, damage)
        return False
    if learned is not None:
        _log.warning("%s: is whole, but not what was fetched; delete it to fetch it again", target)
    return True


def _learn(target: Path) -> None:
    digest, before = sha256(target), learned_sha256(target)
    if before not in {None, digest}:
        _log.warning("%s: the server sends another file than it did before", target)
    learn_sha256(target, digest)
