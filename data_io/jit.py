"""How the kernels of readers and networks are compiled.

numba caches a kernel's machine code by the file the kernel stands in: after a change in code that is
inlined from another file, touch the kernel's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numba import extending, njit

P = ParamSpec("P")
R = TypeVar("R")
Array = np.ndarray[Any, np.dtype[Any]]


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile at the first call, and keep the machine code on disk for the next process.

    It is kept beside the source, or in the user's cache folder where that is read-only; where neither can
    be written to, each process compiles for itself.
    """
    kernel: Callable[P, R]
    try:
        kernel = njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:  # numba found no folder for its cache
        kernel = njit(nogil=True, error_model="numpy")(function)
    return kernel


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Compile into the kernels that call it."""
    part: Callable[P, R] = njit(forceinline=True, nogil=True, error_model="numpy")(function)
    return part


def intrinsic(build: Callable[..., Any]) -> Callable[..., Any]:
    """``numba.extending.intrinsic`` with a type that strict checking accepts."""
    lowered: Callable[..., Any] = extending.intrinsic(build)
    return lowered
