"""Everything compiled for the CPU: delete this folder and all networks still run, slower.

`models.kernels` is the one door to it; the functions below are what it hands out.
"""

from numba import config

if config.DISABLE_JIT:  # type: ignore[attr-defined]  # numba would run the kernels as plain Python, which the vectors in them cannot
    raise ImportError("NUMBA_DISABLE_JIT is set")

from models.fast.convolution import (
    convolve,
    convolve_and_pool,
    convolve_and_slide,
    pool_features,
    run_block,
)
from models.fast.dropout import drop
from models.fast.head import apply_head
from models.fast.memory import keep_freed_memory
from models.fast.recurrent import run_lstm

keep_freed_memory()

__all__ = [
    "apply_head",
    "convolve",
    "convolve_and_pool",
    "convolve_and_slide",
    "drop",
    "pool_features",
    "run_block",
    "run_lstm",
]
