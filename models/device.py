"""Where a network is trained."""

from __future__ import annotations

import torch

from data_io.errors import ConfigError


def choose_device(name: str = "auto") -> torch.device:
    """The device of a name; `"auto"` is a CUDA device if there is one, else the CPU.

    On a CUDA device, cuDNN is set for the whole process to use what gives the same figures every time.

    Raises
    ------
    ConfigError
        If torch knows no such device, or this machine does not have it.
    """
    device = _find(name)
    if device.type == "cuda":
        torch.backends.cudnn.deterministic = True
    return device


def _find(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(f"device = {name!r}: not usable on this machine; use 'auto' or 'cpu'") from error
