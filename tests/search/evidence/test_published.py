"""Published scores, and when they may be compared."""

import numpy as np
import pytest

from search.evidence.evidence import Missing, Published
from search.evidence.published import find_published, published_scores


def test_the_table():
    scores = published_scores()
    assert len(scores) == 244
    assert all(-1 <= score <= 1 for row in scores.values() for score in row.values())
    means = {method: np.mean([row[method] for row in scores.values()]) for method in scores["RNCMPT00002"]}
    published = {"MultiRBP": 0.693, "ThermoNet": 0.671, "Rdense": 0.642, "DLPRB-CNN": 0.606, "RCK": 0.460}
    assert {
        method: pytest.approx(mean, abs=1e-3) for method, mean in means.items()
    } | published == means | published
    assert "RNAcontext" not in means  # its column repeats another one


def test_of_the_whole_array():
    found = find_published("RNCMPT00002", 120_326, 121_031)
    assert isinstance(found, Published)
    assert found.experiment == "RNCMPT00002"
    assert found.pearson["MultiRBP"] == pytest.approx(0.8584)
    assert "MultiRBP" in found.source


@pytest.mark.parametrize(
    ("experiment", "probes", "reason"),
    [
        ("RNCMPT90001", (120_326, 121_031), "no score is published for RNCMPT90001"),
        ("RNCMPT00002", (120_326, None), "published scores are of a test, and this study has none"),
        (
            "RNCMPT00002",
            (30_000, 30_000),
            "published scores are of the whole array; here are 30,000 probes of Set A and 30,000 of Set B",
        ),
        (
            "RNCMPT00002",
            (120_326, 90_000),
            "published scores are of the whole array; here are 120,326 probes",
        ),
    ],
)
def test_where_they_cannot_be_compared(experiment, probes, reason):
    found = find_published(experiment, *probes)
    assert isinstance(found, Missing)
    assert found.reason.startswith(reason)
