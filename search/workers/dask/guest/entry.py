"""What runs first on a worker of others: it puts the driver's own code in place and runs a task with it.

This file travels as text, because neither the scheduler nor the worker needs to have this package. So it
uses the standard library and Dask alone, in syntax that older Pythons read too. What it leaves in the
worker's process is one package under a name that says its version, and for a while a child process.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import os
import shutil
import sys
import tempfile
import threading
import time
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

PYTHON = (3, 11)
KEPT = 4  # versions of the code, the last used
KEPT_SECONDS = 24 * 3600  # and all that were used since


def enter(parcel: dict[str, Any]) -> None:
    """Run the task of a parcel, with the code that its driver laid out.

    Parameters
    ----------
    parcel : dict
        What `search.workers.dask.parcel.Parcels.pack` made.

    Raises
    ------
    RuntimeError
        With one of the parcel's marks, and after it what the driver is to know.
    """
    from distributed import get_worker

    worker = get_worker()
    try:
        if sys.version_info < PYTHON:
            found, needed = sys.version.split()[0], ".".join(map(str, PYTHON))
            raise ImportError(f"its Python is {found}; {needed} is needed")
        with sys.__dict__.setdefault("_rbptune_lock", threading.Lock()):
            folder = find_code(parcel, Path(worker.local_directory))
            running = load_guest(folder, "_rbptune_" + parcel["digest"])
        child = running.take_child(folder)
    except LookupError:
        raise RuntimeError(parcel["gone"], parcel["code"]) from None
    except Exception as error:
        raise RuntimeError(parcel["cannot run"], worker.address, str(error) or type(error).__name__) from None
    running.run_in_child(parcel, child)


def find_code(parcel: dict[str, Any], fallback: Path) -> Path:
    """Give the folder of the parcel's version of the code; fetch it if it is not on this machine yet.

    It is unpacked, since compiled kernels are kept beside the files they come from: into the user's
    cache folder, where the next worker finds it again, or into `fallback` where that cannot be written.

    Raises
    ------
    LookupError
        When the worker is gone on which it lay.
    """
    digest = str(parcel["digest"])
    cached, beside = cache_folder() / digest, fallback / ("rbptune-" + digest)
    if not cached.is_dir() and not beside.is_dir():
        code = fetch_code(parcel["code"])
        try:
            unpack(code, cached)
        except (OSError, RuntimeError):
            unpack(code, beside)
    if not cached.is_dir():
        return beside
    os.utime(str(cached))
    remove_old(cached.parent)
    return cached


def fetch_code(key: str) -> bytes:
    """Get the archive, by way of the scheduler."""
    from distributed import get_client

    client = get_client()
    scheduler: Any = client.scheduler
    answer = client.sync(scheduler.gather, keys=[key])
    if answer["status"] != "OK":
        raise LookupError(key)
    code: bytes = answer["data"][key]
    return code


def load_guest(folder: Path, name: str) -> ModuleType:
    """Import the package `guest` of a version under a name of its own; gives its module `running`."""
    if name not in sys.modules:
        root = folder / "search" / "workers" / "dask" / "guest"
        spec = importlib.util.spec_from_file_location(
            name, str(root / "__init__.py"), submodule_search_locations=[str(root)]
        )
        if spec is None or spec.loader is None:
            raise ImportError(f"{root}: cannot be imported")
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return importlib.import_module(name + ".running")


def cache_folder() -> Path:
    """Give the folder of the versions that were unpacked for this user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rbptune" / "code"


def unpack(code: bytes, folder: Path) -> None:
    """Unpack an archive into `folder`, which is there as a whole or not at all."""
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


def remove_old(versions: Path) -> None:
    """Remove the versions that nobody used lately, but for the last few."""
    used = {}
    for folder in versions.iterdir():
        try:
            used[folder] = folder.stat().st_mtime
        except OSError:  # another worker was faster
            continue
    for folder in sorted(used, key=lambda folder: -used[folder])[KEPT:]:
        if time.time() - used[folder] > KEPT_SECONDS:
            shutil.rmtree(str(folder), ignore_errors=True)
