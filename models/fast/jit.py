"""How kernels are compiled, and where their machine code is kept.

numba keeps a kernel's machine code by the content of the kernel's own file, and overlooks a change in a
function that is inlined from another one. So it is kept in a folder named by a digest of all files here, of
the compiler and of the processor: after any change it is looked for elsewhere.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import llvmlite
import numba
import numpy as np
from llvmlite import binding
from numba import extending, njit

P = ParamSpec("P")
R = TypeVar("R")
Array = np.ndarray[Any, np.dtype[Any]]

config: Any = numba.config
HERE = Path(__file__).parent
KEPT = 8  # versions and processors that one folder serves, such as a home directory of a cluster
_DAY = 86_400.0


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile at the first call, and keep the machine code for the next process, where that can be."""
    with _caching_in(CACHE):
        kernel: Callable[P, R] = njit(cache=CACHE is not None, nogil=True, error_model="numpy")(function)
    return kernel


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Compile into the kernels that call it."""
    part: Callable[P, R] = njit(forceinline=True, nogil=True, error_model="numpy")(function)
    return part


def intrinsic(build: Callable[..., Any]) -> Callable[..., Any]:
    """``numba.extending.intrinsic`` with a type that strict checking accepts."""
    lowered: Callable[..., Any] = extending.intrinsic(build)
    return lowered


def digest(folder: Path) -> str:
    """Name of the machine code that the sources in a folder give here: 32 letters of a SHA-256."""
    state = hashlib.sha256()
    for part in (numba.__version__, llvmlite.__version__, binding.get_host_cpu_name()):
        state.update(f"{part}\n".encode())
    for path in sorted(folder.rglob("*.py")):
        content = path.read_bytes()
        state.update(f"{path.relative_to(folder).as_posix()} {len(content)}\n".encode() + content)
    return state.hexdigest()[:32]


def find_cache(name: str, parents: list[Path]) -> Path | None:
    """Make folder `name` in the first of some folders that can be written to; None if none can.

    Where it is new, stale folders in the same place are removed.
    """
    for parent in parents:
        folder = parent / name
        try:
            is_new = not folder.is_dir()
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
            os.utime(folder)
        except OSError:
            continue
        if is_new:
            _remove_stale(parent)
        return folder
    return None


def cache_parents() -> list[Path]:
    """Where machine code may be kept: by NUMBA_CACHE_DIR, else beside the sources or in the user's cache."""
    if config.CACHE_DIR:
        return [Path(config.CACHE_DIR) / "rbptune"]
    parents = [HERE / "__pycache__" / "kernels"]
    with contextlib.suppress(RuntimeError):  # a user without a home
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        parents.append(Path(base) / "rbptune" / "kernels")
    return parents


def _remove_stale(parent: Path) -> None:
    """Remove what was not used for a day and is not among the last used; who still uses it compiles again."""
    with contextlib.suppress(OSError):  # another process does the same
        used = sorted(((folder.stat().st_mtime, folder) for folder in parent.iterdir()), reverse=True)
        for last, folder in used[KEPT:]:
            if last < time.time() - _DAY:
                shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _caching_in(folder: Path | None) -> Iterator[None]:
    """Let numba choose `folder` for a function that is declared meanwhile; that of others stays theirs."""
    before = config.CACHE_DIR, getattr(config, "CACHE_LOCATOR_CLASSES", "")  # the latter from numba 0.62 on
    config.CACHE_DIR, config.CACHE_LOCATOR_CLASSES = str(folder or ""), ""
    try:
        yield
    finally:
        config.CACHE_DIR, config.CACHE_LOCATOR_CLASSES = before


CACHE = find_cache(digest(HERE), cache_parents())
