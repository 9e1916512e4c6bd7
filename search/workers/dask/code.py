"""What the driver sends to a Dask worker: a task, and the code that runs it."""

from __future__ import annotations

import functools
import hashlib
import importlib
import io
import zipfile
from pathlib import Path
from typing import Any

from distributed.protocol.pickle import dumps

from search.workers.dask import entry as dask_entry
from search.workers.tasks import Task

PACKAGES = ("data_io", "models", "search", "studies")
SUFFIXES = {".py", ".toml"}
CANNOT_RUN = "rbptune cannot run here"
ENTRY = f"{Path(dask_entry.__file__).read_text(encoding='utf-8')}\nenter(parcel)\n"
_DATE = (1980, 1, 1, 0, 0, 0)  # the same files make the same archive


def pack_task(task: Task, run: str, outbox: str, with_code: bool) -> dict[str, Any]:
    """Put a task into a parcel for `search.workers.dask.entry.enter`, of plain values alone.

    Text and bytes go through a scheduler as they are, whatever is installed there; objects it would
    have to unpack.

    Parameters
    ----------
    task : Task
    run : str
        Names this try at the task.
    outbox : str
        Name of the Dask queue for its events.
    with_code : bool
        Whether the worker is to use this process's version of the packages; needless where workers are
        processes of the same installation.
    """
    digest, code = pack_code() if with_code else ("", None)
    return {
        "task": dumps(task),
        "run": run,
        "outbox": outbox,
        "digest": digest,
        "code": code,
        "mark": CANNOT_RUN,
    }


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
