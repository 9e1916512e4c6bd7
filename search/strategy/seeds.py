"""Seeds that follow from what they are for, so that nothing depends on the order in which they are drawn."""

from __future__ import annotations

import hashlib


def derive_seed(*parts: object) -> int:
    """Give a seed in [0, 2**32) that depends on all of `parts` and on nothing else."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:4], "little")
