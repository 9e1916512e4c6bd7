"""Test scores of published methods, where they may stand beside a study's."""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from importlib import resources

from search.evidence.evidence import Missing, Published

SOURCE = (
    "Pearson on Set B after training on Set A of the whole array, from Supplementary Table S3 of MultiRBP "
    "(Karin et al. 2021); MultiRBP learns from all proteins at once"
)
WHOLE_SET = 115_000
"""Measured and missing probes that a set of the whole array has at least; it has 120,326 and 121,031."""


@functools.cache
def published_scores() -> Mapping[str, Mapping[str, float]]:
    """Test Pearson of each method, by experiment."""
    table = resources.files("search.evidence").joinpath("tables/pearson.tsv")
    with table.open(encoding="utf-8") as file:
        rows = {row.pop("Motif_ID"): row for row in csv.DictReader(file, delimiter="\t")}
    return {
        experiment: {method: float(score) for method, score in row.items()}
        for experiment, row in rows.items()
    }


def find_published(experiment: str, probes_a: int, probes_b: int | None) -> Published | Missing:
    """Give the published scores of an experiment, or why they may not be compared.

    Parameters
    ----------
    experiment : str
        Its id.
    probes_a, probes_b : int
        Probes of Set A and of the test; None where there was no test.
    """
    scores = published_scores().get(experiment)
    if scores is None:
        return Missing(f"no score is published for {experiment}")
    if probes_b is None:
        return Missing("published scores are of a test, and this study has none")
    if min(probes_a, probes_b) < WHOLE_SET:
        return Missing(
            f"published scores are of the whole array; here are {probes_a:,} probes of Set A and "
            f"{probes_b:,} of Set B"
        )
    return Published(experiment, scores, SOURCE)
