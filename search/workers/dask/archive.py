"""The packages as this process has them, in one archive for workers of others."""

from __future__ import annotations

import functools
import hashlib
import importlib
import io
import zipfile
from pathlib import Path

PACKAGES = ("data_io", "models", "search", "studies")
SUFFIXES = {".py", ".toml", ".tsv"}
_DATE = (1980, 1, 1, 0, 0, 0)  # the same files make the same archive


@functools.cache
def pack_code() -> tuple[str, bytes]:
    """Put the packages into an archive; gives its digest too."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in _files():
            packed.writestr(zipfile.ZipInfo(name, _DATE), content, zipfile.ZIP_DEFLATED)
    return hashlib.sha256(archive.getvalue()).hexdigest()[:16], archive.getvalue()


def _files() -> list[tuple[str, bytes]]:
    """List the packages' files, as paths from above the packages, with what is in them."""
    found = []
    for package in PACKAGES:
        (root,) = map(Path, importlib.import_module(package).__path__)
        for path in sorted(root.rglob("*")):
            if path.suffix in SUFFIXES and "__pycache__" not in path.parts:
                found.append((f"{package}/{path.relative_to(root).as_posix()}", path.read_bytes()))
    return found
