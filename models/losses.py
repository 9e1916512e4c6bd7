"""What training minimises: how much an error of a prediction counts."""

from __future__ import annotations

from torch import Tensor

MEAN_SQUARE, LOG_COSH = "mean_square", "log_cosh"
LOSSES = MEAN_SQUARE, LOG_COSH
"""Of an error e, in standard deviations of the measurements: e^2, and 2 log cosh e.

Both are e^2 where e is small. What noise or a failed probe puts far off counts as 2|e| in the second.
"""


def mean_gradient(loss: str, error: Tensor) -> Tensor:
    """The gradient of a batch's mean loss by its predictions, without the calls that autograd would make.

    Parameters
    ----------
    loss : str
        One of `LOSSES`.
    error : float32 Tensor (B,)
        Predictions minus targets.

    Returns
    -------
    float32 Tensor (B,)
    """
    slope = error.tanh() if loss == LOG_COSH else error
    return slope * (2.0 / len(error))
