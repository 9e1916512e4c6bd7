"""What the table of whole arrays tells."""

import pytest

from search.evidence.published import published_scores
from tests.benchmarks import whole_arrays


def study(ensemble, published):
    figures = dict.fromkeys(whole_arrays.MODELS, (0.5, 0.6))
    return {"name": "A, FAMILY", **figures, "ensemble": ensemble, "published": published}


def test_the_published_range_is_over_the_experiments_of_the_family():
    ranges = whole_arrays.published_of("QKI")
    scores = published_scores()["RNCMPT00047"]  # QKI has one
    method, best = scores["MultiRBP-No-Structure"], max(scores.values())
    assert ranges == {"method": (method, method), "best": (best, best)}
    several = whole_arrays.published_of("KHDRBS")
    assert several["method"][0] < several["method"][1] <= several["best"][1]


def test_a_row_has_each_model_and_the_ranges():
    line = whole_arrays.row(study((0.7, 0.8), {"method": (0.5, 0.64), "best": (0.7, 0.7)}))
    assert (
        line
        == "| A, FAMILY | 0.500, 0.600 | 0.500, 0.600 | 0.500, 0.600 | 0.700, 0.800 | 0.50 .. 0.64 | 0.70 |"
    )


def test_ends_that_look_alike_are_shown_once():
    line = whole_arrays.row(study((0.7, 0.8), {"method": (0.836, 0.844), "best": (0.848, 0.852)}))
    assert line.endswith("| 0.84 | 0.85 |")


def test_means_take_the_middle_of_a_range():
    ranges = {"method": (0.5, 0.7), "best": (0.8, 0.8)}, {"method": (0.4, 0.4), "best": (0.6, 0.7)}
    line = whole_arrays.means([study((0.7, 0.8), ranges[0]), study((0.6, 0.9), ranges[1])])
    assert line.startswith("| mean | 0.500, 0.600 |")
    assert line.endswith("| 0.650, 0.850 | 0.50 | 0.72 |")


def test_it_needs_a_workspace(monkeypatch):
    monkeypatch.setattr("sys.argv", ["whole_arrays", "data"])
    with pytest.raises(SystemExit, match="2"):
        whole_arrays.main()
