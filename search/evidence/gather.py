"""All evidence of a study at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from torch import nn

from data_io.experiments import Experiment
from data_io.training_set import Examples, TrainingSet
from search.evidence.ceiling import noise_ceiling
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
    Word,
)
from search.evidence.published import find_published
from search.evidence.zscores import strongest_words

NO_TEST = Missing("there was no test")


def gather(
    models: Sequence[nn.Module],  # noqa: ARG001
    training: TrainingSet,
    test: TestTable | None,
    figures: Mapping[str, Any],  # noqa: ARG001
    experiment: Experiment,
    *,
    trial_0: float | None = None,
    seed: int = 0,
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
    set_a = all_of(training)
    set_b = None if test is None else Examples(test.codes, test.measured)
    return Evidence(
        Ceilings(
            noise_ceiling(set_a.codes, set_a.targets, seed),
            NO_TEST if set_b is None else noise_ceiling(set_b.codes, set_b.targets, seed),
        ),
        Baselines(later, _first_trial(trial_0)),
        find_published(experiment.motif_id, len(set_a), None if set_b is None else len(set_b)),
        (),
        (),
        DataMotif(*(_strongest_words(training, examples) for examples in (set_a, set_b))),
        later,
        Verdict("grey", ()),
    )


def all_of(training: TrainingSet) -> Examples:
    """Give all probes of Set A."""
    parts = training.train, training.validation
    return Examples(
        np.concatenate([part.codes for part in parts]), np.concatenate([part.targets for part in parts])
    )


def _strongest_words(training: TrainingSet, examples: Examples | None) -> tuple[Word, ...]:
    if examples is None:
        return ()
    return strongest_words(examples.codes, training.scaling.undo(examples.targets))


def _first_trial(spearman: float | None) -> FirstTrial | Missing:
    return Missing("trial 0 did not finish") if spearman is None else FirstTrial(RankScore(spearman))
