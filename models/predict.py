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
    predictions = [_predict_one(member, torch.as_tensor(codes), batch_size) for member in members]
    return np.mean(predictions, axis=0, dtype=np.float32) if len(predictions) > 1 else predictions[0]


@torch.inference_mode()
def _predict_one(model: nn.Module, codes: Tensor, batch_size: int) -> NDArray[np.float32]:
    if len(codes) == 0:
        return np.empty(0, np.float32)
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    outputs = [model(batch.to(device)) for batch in torch.split(codes, batch_size)]
    model.train(was_training)
    result: NDArray[np.float32] = torch.cat(outputs).float().cpu().numpy()
    return result
