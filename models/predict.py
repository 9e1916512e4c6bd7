"""Predictions of a trained network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


def predict(
    model: nn.Module | Sequence[nn.Module], codes: NDArray[np.uint8] | Tensor, batch_size: int = 2048
) -> NDArray[np.float32]:
    """Predict without dropout and gradients.

    Parameters
    ----------
    model : nn.Module or sequence of them
        A network, or the members of an ensemble, whose predictions are averaged.
    codes : uint8 array or Tensor (n, 41)
        Sequences as `data_io.alphabet.encode` gives them.
    batch_size : int, default 2048
        Sequences taken at once; changes memory and speed alone.

    Returns
    -------
    float32 array (n,)
        On the scale of the targets that the model was trained on.
    """
    members = [model] if isinstance(model, nn.Module) else list(model)
    if not members:
        raise ValueError("an ensemble needs at least one member, received none")
    if codes.ndim != 2:
        raise ValueError(f"codes must be (n, width), received {tuple(codes.shape)}")
    tensor = torch.as_tensor(codes)
    predictions = [predict_tensor(member, tensor, batch_size).cpu().numpy() for member in members]
    return np.mean(predictions, axis=0, dtype=np.float32) if len(predictions) > 1 else predictions[0]


@torch.inference_mode()
def predict_tensor(model: nn.Module, codes: Tensor, batch_size: int = 2048) -> Tensor:
    """The same of one network: codes (n, 41) -> float32 (n,), on the device of the network."""
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    outputs = [model(batch.to(device)) for batch in torch.split(codes, batch_size) if len(batch)]
    model.train(was_training)
    return torch.cat(outputs).float() if outputs else torch.empty(0, device=device)
