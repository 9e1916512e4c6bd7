"""Intensities to what a network learns: clipped, logarithmic, standardised."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from data_io.errors import DataError

CLIP_PERCENTILE = 99.95
_OFFSET = 1e-6


@dataclass(frozen=True)
class TargetScaling:
    """The transformation of intensities, with figures taken from the training probes alone.

    Attributes
    ----------
    clip : float
        Higher intensities count as this one.
    floor : float
        The lowest training intensity; lower ones, which other probes may have, count as this one, since the
        logarithm need not exist below it.
    shift : float
        Added before the logarithm; 0 where all training intensities are above 0.
    mean, std : float
        Of the logarithms.
    """

    clip: float
    floor: float
    shift: float
    mean: float
    std: float

    def apply(self, intensity: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Transform intensities; NaN stays NaN.

        Parameters
        ----------
        intensity : float array, shape (n,)

        Returns
        -------
        float32 array, shape (n,)
        """
        logarithm = _logarithm(intensity, self.clip, self.floor, self.shift)
        targets: npt.NDArray[np.float32] = ((logarithm - self.mean) / self.std).astype(np.float32)
        return targets

    def undo(self, targets: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Give the intensities, shape (n,), from which `apply` made targets; what was clipped stays so."""
        logarithm = np.asarray(targets, np.float64) * self.std + self.mean
        intensity: npt.NDArray[np.float64] = np.exp(logarithm) - self.shift - _OFFSET
        return intensity

    def to_dict(self) -> dict[str, float]:
        """Give the figures by name, fit for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, figures: Mapping[str, float]) -> "TargetScaling":
        """Undo `to_dict`."""
        return cls(**{name: float(figures[name]) for name in cls.__dataclass_fields__})


def fit_scaling(intensity_train: npt.NDArray[np.floating]) -> TargetScaling:
    """Fit the transformation: clip at the 99.95 percentile, log(x + shift + 1e-6), z-score.

    Parameters
    ----------
    intensity_train : float array, shape (n,)
        Intensities of the training probes; NaN is left out.

    Raises
    ------
    DataError
        When nothing was measured or all values are the same.
    """
    measured = np.asarray(intensity_train, np.float64)
    measured = measured[~np.isnan(measured)]
    if not len(measured):
        raise DataError("no training probe is measured; choose another experiment")
    lowest = float(measured.min())
    clip = _percentile(measured, CLIP_PERCENTILE)
    shift = abs(lowest) + 1 if lowest <= 0 else 0.0
    logarithm = _logarithm(measured, clip, lowest, shift)
    if np.ptp(logarithm) == 0:
        raise DataError(f"all training probes have the intensity {lowest:g}; choose another experiment")
    return TargetScaling(clip, lowest, shift, float(logarithm.mean()), float(logarithm.std()))


def _percentile(values: npt.NDArray[np.float64], percent: float) -> float:
    """Give what np.percentile does, whose first call imports all of numpy.ma."""
    place = percent / 100 * (len(values) - 1)
    below = int(place)
    above = min(below + 1, len(values) - 1)
    low, high = np.partition(values, (below, above))[[below, above]]
    share = place - below
    return float(low + (high - low) * share if share < 0.5 else high - (high - low) * (1 - share))


def _logarithm(
    intensity: npt.NDArray[np.floating], clip: float, floor: float, shift: float
) -> npt.NDArray[np.float64]:
    clipped = np.clip(np.asarray(intensity, np.float64), floor, clip)
    logarithm: npt.NDArray[np.float64] = np.log(clipped + shift + _OFFSET)
    return logarithm
