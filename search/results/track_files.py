"""The files that tracks are written to, beside the table of scores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data_io.errors import ConfigError
from data_io.outputs import check_output, is_descriptor, open_text_output
from models.weights import LoadedModel
from search.results.scoring import Part
from search.results.tracks import PeakFinder, PeakWriter, TrackWriter, track_of

Follow = Callable[[Iterator[Part]], Iterator[Part]]
_PEAK_PERCENTILE = 99


@dataclass(frozen=True)
class Tracks:
    """Tracks to write beside the table.

    Parameters
    ----------
    track : Path
        The bedGraph file (`search.results.tracks`). The peaks go to a file beside it, whose name ends in
        .peaks.bed instead of .bedgraph, .bedGraph or .bg; both are compressed if it ends in .gz.
    threshold : float, optional
        Of the peaks. Default: the 99th of the model's percentiles (see `LoadedModel.percentiles`).
    """

    track: Path
    threshold: float | None = None

    @property
    def peaks(self) -> Path:
        """Where the peaks go."""
        name, packed = (self.track.stem, ".gz") if self.track.suffix == ".gz" else (self.track.name, "")
        for ending in (".bedgraph", ".bedGraph", ".bg"):
            name = name.removesuffix(ending)
        return self.track.with_name(f"{name}.peaks.bed{packed}")

    def check(self, inputs: list[Path], table: Path) -> None:
        """Refuse names that cannot be written to, or not both."""
        if is_descriptor(self.track):
            raise ConfigError(f"--track {self.track}: two files are written, give the name of one")
        for path in (self.track, self.peaks):
            if path.resolve() == table.resolve():
                raise ConfigError(f"{path}: is the table of scores, too; give another name")
            check_output(path, inputs)

    @contextmanager
    def open(self, model: LoadedModel) -> Iterator[Follow]:
        """Give a function that writes parts to both files as they pass by."""
        with open_text_output(self.track) as track, open_text_output(self.peaks) as peaks:
            writer, finder = TrackWriter(track, self.track.stem), PeakFinder(self._threshold_for(model))
            peak_writer = PeakWriter(peaks, model.percentiles)

            def follow(parts: Iterator[Part]) -> Iterator[Part]:
                for part in parts:
                    positions = track_of(part)
                    writer.add(positions)
                    peak_writer.add(finder.find(positions))
                    yield part

            yield follow

    def _threshold_for(self, model: LoadedModel) -> float:
        if self.threshold is not None:
            return self.threshold
        if model.quantiles is None:
            raise ConfigError("--threshold: is needed for peaks, since this older model kept no quantiles")
        return float(np.interp(_PEAK_PERCENTILE, np.linspace(0, 100, len(model.quantiles)), model.quantiles))
