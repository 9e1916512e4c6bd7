"""What the filters of a CNN detect, ranked by what the prediction loses without them."""

from __future__ import annotations

import copy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from models.cnn import CNN
from models.layers import ConvStack, pad_codes
from models.predict import predict
from search.evidence.motif_records import Filter
from search.evidence.pwm import as_tuples, from_sites, to_iupac, trimmed

MOST = 10
_STRONGEST = 0.5  # of the highest response: a place with more is one that the filter detects (DeepBind)
_SCANNED = 2_000
_ABLATED = 500


def find_filters(model: nn.Module, codes: NDArray[np.uint8], most: int = MOST) -> tuple[Filter, ...]:
    """Tell what each filter of a CNN's first layer detects.

    A filter's matrix counts the bases where it responds by more than half of its highest response, in 2,000
    probes. Its effect is measured without it: how far the predictions of 500 probes move (root mean square)
    when it never responds, in standard deviations of the predictions.

    Parameters
    ----------
    model : nn.Module
    codes : uint8 array, shape (n, 41)
        Probes as they come, bound or not.
    most : int
        Filters to give. Default: 10.

    Returns
    -------
    tuple of Filter
        By effect; none for a network that is no CNN. Those that never respond are left out.
    """
    if not isinstance(model, CNN):
        return ()
    responses, windows = _responses(model.convolutions, codes[:_SCANNED])
    effects = _effects(model, codes[:_ABLATED])
    best = [number for number in np.argsort(-effects, kind="stable")[:most] if effects[number] > 0]
    return tuple(_describe(int(number), responses[:, number], windows, effects[number]) for number in best)


def _describe(
    number: int, responses: NDArray[np.float32], windows: NDArray[np.uint8], effect: np.floating
) -> Filter:
    """Describe a filter by its responses (n, places) to windows (n, places, length)."""
    detected = (responses > _STRONGEST * responses.max()) & (responses > 0)
    matrix = from_sites(windows[detected])
    matrix = matrix[trimmed(matrix)]
    return Filter(number, to_iupac(matrix), float(effect), as_tuples(matrix))


@torch.inference_mode()
def _responses(layers: ConvStack, codes: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Responses (n, filters, places) after normalisation and ReLU, and what was read (n, places, length)."""
    length = layers.motifs.weight.shape[2]
    read = torch.as_tensor(codes)
    if layers.padded:
        read = pad_codes(read, length)
    found = layers.motifs(read)
    if layers.norm is not None:
        found = layers.norm.eval()(found)
    return torch.relu(found).numpy(), read.unfold(1, length, 1).numpy()


def _effects(model: CNN, codes: NDArray[np.uint8]) -> NDArray[np.float64]:
    """How far predictions move without each filter (filters,), in standard deviations of the predictions."""
    cut = copy.deepcopy(model).eval()
    weight, bias = cut.convolutions.motifs.weight.data, cut.convolutions.motifs.bias.data
    silent = _silent(cut.convolutions.norm, len(bias))
    before = predict(cut, codes).astype(np.float64)
    moved = np.zeros(len(bias))
    for number, level in enumerate(silent):
        kept = weight[number].clone(), bias[number].clone()
        weight[number], bias[number] = 0.0, level
        moved[number] = np.sqrt(np.square(predict(cut, codes) - before).mean())
        weight[number], bias[number] = kept
    spread = before.std()
    return moved / spread if spread > 0 else np.zeros(len(bias))


def _silent(norm: nn.BatchNorm1d | None, filters: int) -> Tensor:
    """The output (filters,) of each filter that becomes -1 after normalisation, and nothing after ReLU.

    A channel that is scaled by nothing responds alike whatever the filter says, and stays as it is.
    """
    if norm is None or norm.running_mean is None or norm.running_var is None:
        return -torch.ones(filters)
    spread = torch.sqrt(norm.running_var + norm.eps)
    scale = torch.where(norm.weight == 0, torch.ones_like(norm.weight), norm.weight)
    level: Tensor = norm.running_mean + spread * (-1 - norm.bias) / scale
    return level.detach()
