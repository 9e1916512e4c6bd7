"""What keeps where along the probe a feature stands: a block of dilated convolutions, pooling by windows.

In the manner of ResidualBind (P. K. Koo, A. Majdandzic, M. Ploenzke, P. Anand and S. B. Paul, Global
importance analysis: an interpretability method to quantify importance of genomic features in deep neural
networks, 2021).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.dropout import Dropout
from models.kernels import kernels_for
from models.layers import BatchNorm, pool

KERNEL = 3


class ResidualBlock(nn.Module):
    """Dilated convolutions whose result is added to what they read.

    Each sees twice as far as the one before it: its `KERNEL` inputs stand 1, 2, 4, ... positions apart.

    Parameters
    ----------
    channels : int
        Read and given.
    layers : int
        Convolutions.
    batch_norm : bool
        Normalise each convolution's output before its ReLU.
    dropout : float
        Before each convolution; also of what is added in the end.
    """

    def __init__(self, channels: int, layers: int, batch_norm: bool = True, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(channels, channels, KERNEL, dilation=2**layer, padding="same", bias=not batch_norm)
            for layer in range(layers)
        )
        self.norms = nn.ModuleList(
            BatchNorm(channels) if batch_norm else nn.Identity() for _ in range(layers)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Features (B, C, P), none of them negative -> (B, C, P), likewise."""
        x = y = self.dropout(x)
        for layer, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            y = norm(convolution(self.dropout(F.relu(y)) if layer else y))
        return F.relu(x + y)

    def in_order(self, x: Tensor) -> Tensor:
        """Features position by position, perhaps in bfloat16: (B, P, C) -> (B, P, C)."""
        if fast := kernels_for(*self.convolutions.parameters()):
            pairs = zip(self.convolutions, self.norms, strict=True)
            layers = [(a.weight, b if isinstance(b, BatchNorm) else None, a.bias) for a, b in pairs]
            rows: Tensor = fast.run_block(x, layers, self.dropout.draw_keys(len(layers)), self.dropout.limit)
            return rows
        features: Tensor = self(x.transpose(1, 2))
        return features.transpose(1, 2)


def average_windows(x: Tensor, window: int) -> Tensor:
    """Means over windows of positions side by side: (B, C, P) -> (B, C * (P // window)).

    The positions of a channel come one after the other; those that fill no window are left out.
    """
    return F.avg_pool1d(x, window).flatten(1)


def pool_in_order(x: Tensor, how: str, window: int) -> Tensor:
    """Pool features (B, P, C), perhaps in bfloat16: by `"windows"`, or as `models.layers.pool` does."""
    in_half = x.is_cpu and x.dtype == torch.bfloat16  # as compiled layers alone give it
    if fast := kernels_for() if in_half else kernels_for(x):
        pooled: Tensor = fast.pool_features(x, how, window)
        return pooled
    x = x.transpose(1, 2)
    return average_windows(x, window) if how == "windows" else pool(x, how)
