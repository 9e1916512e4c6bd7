"""Memory that stays at hand between two training steps.

As it comes, the C library gives megabytes that a step has freed back to the system at once, which hands them
out again page by page, zeroed: half of the time of a residual network's step went there.
"""

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # numbers of mallopt's parameters in glibc's malloc.h
_KEPT = 256 * 2**20  # bytes free at the end of the heap before any goes back
_OWN_MAPPING = 64 * 2**20  # bytes from which a piece of memory is mapped for itself, and unmapped with it


def keep_freed_memory() -> None:
    """Keep freed memory in the process; where the C library has no such setting, nothing happens."""
    try:
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, _OWN_MAPPING)
        library.mallopt(_TRIM_THRESHOLD, _KEPT)
    except (AttributeError, OSError, TypeError):  # not glibc
        return
