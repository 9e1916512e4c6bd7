"""All evidence of a study at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from data_io.experiments import Experiment
from data_io.training_set import TrainingSet
from search.evidence.evidence import (
    Baselines,
    Ceilings,
    DataMotif,
    Evidence,
    FirstTrial,
    Missing,
    RankScore,
    TestTable,
    Verdict,
)


def gather(
    models: Sequence[nn.Module],  # noqa: ARG001
    training: TrainingSet,  # noqa: ARG001
    test: TestTable | None,  # noqa: ARG001
    figures: Mapping[str, Any],  # noqa: ARG001
    experiment: Experiment,  # noqa: ARG001
    *,
    trial_0: float | None = None,
    seed: int = 0,  # noqa: ARG001
) -> Evidence:
    """Compute what speaks for a model and against it, from arrays and models alone.

    Parameters
    ----------
    models : sequence of nn.Module
        The members of the ensemble.
    training : TrainingSet
        Set A, as the study saw it.
    test : TestTable or None
        The test that was made; None before it.
    figures : mapping
        The figures of the study as result.json has them: val_spearman, val_pearson, test_spearman,
        test_pearson (without the last two before the test), and members with the same of each.
    experiment : Experiment
    trial_0 : float, optional
        Validation Spearman of trial 0.
    seed : int
        Of everything that is drawn; the same seed gives the same evidence. Default: 0.
    """
    later = Missing("not computed by this version")
    first = Missing("trial 0 did not finish") if trial_0 is None else FirstTrial(RankScore(trial_0))
    return Evidence(
        Ceilings(later, later),
        Baselines(later, first),
        later,
        (),
        (),
        DataMotif((), ()),
        later,
        Verdict("grey", ()),
    )
