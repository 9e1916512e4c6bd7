"""What runs first on a Dask worker: it puts the driver's own code in place and runs a task with it.

This file travels as text, because neither the scheduler nor the worker needs to have this package. So it
uses the standard library alone, in syntax that older Pythons read too.
"""

from __future__ import annotations

import importlib
import io
import os
import shutil
import sys
import tempfile
import threading
import zipfile
from pathlib import Path
from typing import Any

PYTHON = (3, 11)


def enter(parcel: dict[str, Any]) -> None:
    """Run the task of a parcel, with the code that came with it.

    Parameters
    ----------
    parcel : dict
        What `search.workers.dask.code.pack_task` made.

    Raises
    ------
    RuntimeError
        With the parcel's mark, the worker's address and the reason, where the task cannot run here.
    """
    from distributed import get_worker

    try:
        if sys.version_info < PYTHON:
            raise ImportError(f"its Python is {sys.version.split()[0]}; {PYTHON[0]}.{PYTHON[1]} is needed")
        if parcel["code"] is not None:
            with sys.__dict__.setdefault("_rbptune_lock", threading.Lock()):
                use_code(parcel["code"], parcel["digest"], Path(get_worker().local_directory))
        run_on_worker = importlib.import_module("search.workers.dask.worker").run_on_worker
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise RuntimeError(parcel["mark"], get_worker().address, reason) from error
    run_on_worker(parcel["task"], parcel["run"], parcel["outbox"])


def use_code(code: bytes, digest: str, fallback: Path) -> None:
    """Let imports find the packages of a zip archive, and no other version of them.

    They are unpacked, since compiled kernels are kept beside the files they come from: into the user's
    cache folder, where the next worker finds them again, or into `fallback` where there is none.

    Parameters
    ----------
    code : bytes
        The archive.
    digest : str
        Names this version.
    fallback : Path
        A folder that can be written to.
    """
    try:
        folder = unpack(code, cache_folder() / digest)
    except (OSError, RuntimeError):
        folder = unpack(code, fallback / ("rbptune-" + digest))
    if str(folder) not in sys.path[:1]:
        sys.path[:] = [str(folder), *(path for path in sys.path if path != str(folder))]
        importlib.invalidate_caches()
    packages = {entry.name for entry in folder.iterdir()}
    for name, module in list(sys.modules.items()):
        source = getattr(module, "__file__", None) or ""
        if name.split(".")[0] in packages and not source.startswith(str(folder) + os.sep):
            del sys.modules[name]


def cache_folder() -> Path:
    """Give the folder of the versions that were unpacked for this user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rbptune" / "code"


def unpack(code: bytes, folder: Path) -> Path:
    """Unpack an archive into `folder`, which is there as a whole or not at all."""
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(dir=str(folder.parent)))
        try:
            zipfile.ZipFile(io.BytesIO(code)).extractall(str(beside))
            beside.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another worker was faster
                raise
        finally:
            shutil.rmtree(str(beside), ignore_errors=True)
    return folder
