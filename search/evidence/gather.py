"""All evidence of a study at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from data_io.experiments import Experiment
from data_io.training_set import Examples, TrainingSet
from search.evidence.ceiling import noise_ceiling
from search.evidence.evidence import (
    Baselines,
    Ceiling,
    Ceilings,
    Evidence,
    FirstTrial,
    Missing,
    RankScore,
    TestTable,
)
from search.evidence.filters import find_filters
from search.evidence.known import compare_known, most_similar, views_of
from search.evidence.motif_records import DataMotif, Word
from search.evidence.motifs import find_motifs
from search.evidence.published import find_published
from search.evidence.ridge import ridge_baseline
from search.evidence.verdict import Findings, judge
from search.evidence.words import find_words
from search.evidence.zscores import strongest_words

SCANNED = 20_000


def gather(
    models: Sequence[nn.Module],
    training: TrainingSet,
    test: TestTable | None,
    figures: Mapping[str, Any],
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
        test_pearson (without the last two before the test), members with the same of each, and refit.
    experiment : Experiment
    trial_0 : float, optional
        Validation Spearman of trial 0.
    seed : int
        Of everything that is drawn; the same seed gives the same evidence. Default: 0.
    """
    set_a = training.whole
    set_b = None if test is None else Examples(test.codes, test.measured)
    probes = some_of(set_a, seed)
    motifs = find_motifs(models, probes)
    ceilings = Ceilings(_ceiling(set_a, seed), _ceiling(set_b, seed))
    ridge = ridge_baseline(
        training.train, training.validation, set_b, whole=set_a if figures.get("refit") else None
    )
    baselines = Baselines(ridge, _first_trial(trial_0))
    published = find_published(experiment.motif_id, len(set_a), None if set_b is None else len(set_b))
    data_motif = DataMotif(*(_strongest_words(training, examples) for examples in (set_a, set_b)))
    words = find_words(models, seed)
    views = views_of(motifs, words)
    known = compare_known(views, experiment.motif_id, seed) if views else Missing("the model has no motif")
    similar = most_similar(views, seed=seed)
    binds = motifs, words, known, similar, data_motif
    verdict = judge(Findings(figures, ceilings.set_b, baselines, published, *binds))
    filters = find_filters(models[0], probes)
    return Evidence(
        ceilings, baselines, published, motifs, words, filters, data_motif, known, similar, verdict
    )


def some_of(examples: Examples, seed: int) -> NDArray[np.uint8]:
    """Draw up to 20,000 probes, which are enough to find strongly bound ones among."""
    rows = np.random.default_rng(seed).permutation(len(examples))[:SCANNED]
    return examples.codes[np.sort(rows)]


def _ceiling(examples: Examples | None, seed: int) -> Ceiling | Missing:
    if examples is None:
        return Missing("there was no test")
    return noise_ceiling(examples.codes, examples.targets, seed)


def _strongest_words(training: TrainingSet, examples: Examples | None) -> tuple[Word, ...]:
    if examples is None:
        return ()
    return strongest_words(examples.codes, training.scaling.undo(examples.targets))


def _first_trial(spearman: float | None) -> FirstTrial | Missing:
    return Missing("trial 0 did not finish") if spearman is None else FirstTrial(RankScore(spearman))
