"""What a worker does after the test of a study: gather its evidence, and draw its motifs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from data_io.experiments import Experiment
from data_io.predictions import unpack_predictions
from data_io.training_set import TrainingSet
from models.config import split_params
from models.weights import build_member
from search.workers.events import Event, Gathered, Stopped


@dataclass(frozen=True)
class EvidenceTask:
    """Gather the evidence of a study that was tested.

    Attributes
    ----------
    key : str
    architecture : str
    params : tuple of dict
        The members' hyperparameters, flat.
    members : tuple of bytes
        Their weights, safetensors.
    data : TrainingSet
    predictions : bytes or None
        The table of `data_io.predictions`; None where the test was made before it was kept.
    figures : dict
        The study's result.
    experiment : Experiment
    trial_0 : float or None
        Validation Spearman of trial 0.
    seed : int
    """

    key: str
    architecture: str
    params: tuple[Mapping[str, Any], ...]
    members: tuple[bytes, ...]
    data: TrainingSet
    predictions: bytes | None
    figures: Mapping[str, Any]
    experiment: Experiment
    trial_0: float | None
    seed: int

    def run(self, wanted: Callable[[], bool]) -> Iterator[Event]:
        """Gather and draw, and yield a `Gathered`."""
        from search.evidence.evidence import TestTable
        from search.evidence.gather import gather
        from search.evidence.logos import draw_logo

        test = None
        if self.predictions is not None:
            kept = unpack_predictions(self.predictions)
            test = TestTable(kept.codes, kept.measured, kept.predicted, kept.members)
        networks = [split_params(self.architecture, dict(params))[0] for params in self.params]
        models = [
            build_member(self.architecture, *member) for member in zip(networks, self.members, strict=True)
        ]
        given = models, self.data, test, self.figures, self.experiment
        evidence = gather(*given, trial_0=self.trial_0, seed=self.seed)
        if not wanted():
            yield Stopped(self.key)
            return
        logos = [draw_logo(motif.probabilities) for motif in evidence.motifs]
        svgs, pngs = tuple(logo.svg for logo in logos), tuple(logo.png for logo in logos)
        yield Gathered(self.key, evidence.to_dict(), svgs, pngs)
