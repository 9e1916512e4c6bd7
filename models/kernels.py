"""The one door to the compiled kernels of `models.fast`.

Without that folder, without numba or with `NUMBA_DISABLE_JIT=1` there are none: the networks then run in
plain torch, slower, with the same results within rounding.
"""

from __future__ import annotations

import logging
from types import ModuleType

import torch
from torch import Tensor

log = logging.getLogger(__name__)

fast: ModuleType | None
try:
    from models import fast
except (ImportError, OSError) as error:  # OSError: numba's own library cannot be loaded
    log.warning("no compiled kernels, networks run slower: %s", error)
    fast = None


def kernels_for(*tensors: Tensor) -> ModuleType | None:
    """The functions of `models.fast` if they can take these tensors, else None.

    They run on the CPU alone, and calculate with float32 alone; integers are codes.
    """
    for x in tensors:
        if not x.is_cpu or (x.dtype != torch.float32 and x.is_floating_point()):
            return None
    return fast
