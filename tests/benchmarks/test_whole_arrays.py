"""What the table of whole arrays tells."""

import json

import numpy as np
import pytest
from scipy.stats import pearsonr

from data_io.alphabet import WIDTH
from data_io.predictions import NAME, Predictions, pack_predictions
from data_io.targets import fit_scaling
from search.evidence.published import published_scores
from tests.benchmarks import whole_arrays


def study(ensemble, published):
    figures = dict.fromkeys(whole_arrays.MODELS, (0.5, 0.6))
    return {"name": "A, FAMILY", **figures, "ensemble": ensemble, "intensities": 0.65, "published": published}


def test_the_published_range_is_over_the_experiments_of_the_family():
    ranges = whole_arrays.published_of("QKI")
    scores = published_scores()["RNCMPT00047"]  # QKI has one
    method, best = scores["MultiRBP-No-Structure"], max(scores.values())
    assert ranges == {"method": (method, method), "best": (best, best)}
    several = whole_arrays.published_of("KHDRBS")
    assert several["method"][0] < several["method"][1] <= several["best"][1]


def test_a_row_has_each_model_and_the_ranges():
    line = whole_arrays.row(study((0.7, 0.8), {"method": (0.5, 0.64), "best": (0.7, 0.7)}))
    models = "0.500, 0.600 | 0.500, 0.600 | 0.500, 0.600 | 0.700, 0.800"
    assert line == f"| A, FAMILY | {models} | 0.650 | 0.50 .. 0.64 | 0.70 |"


def test_ends_that_look_alike_are_shown_once():
    line = whole_arrays.row(study((0.7, 0.8), {"method": (0.836, 0.844), "best": (0.848, 0.852)}))
    assert line.endswith("| 0.84 | 0.85 |")


def test_means_take_the_middle_of_a_range():
    ranges = {"method": (0.5, 0.7), "best": (0.8, 0.8)}, {"method": (0.4, 0.4), "best": (0.6, 0.7)}
    line = whole_arrays.means([study((0.7, 0.8), ranges[0]), study((0.6, 0.9), ranges[1])])
    assert line.startswith("| mean | 0.500, 0.600 |")
    assert line.endswith("| 0.650, 0.850 | 0.650 | 0.50 | 0.72 |")


def test_it_needs_a_workspace(monkeypatch):
    monkeypatch.setattr("sys.argv", ["whole_arrays", "data"])
    with pytest.raises(SystemExit, match="2"):
        whole_arrays.main()


def test_intensities_are_correlated_on_their_own_scale(tmp_path):
    intensity = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    scaling = fit_scaling(intensity)
    predicted = np.array([[2.0, 1.0, 4.0, 9.0, 12.0]])
    measured = scaling.apply(np.append(intensity[:-1], np.nan))
    table = Predictions(np.zeros((5, WIDTH), np.uint8), measured, scaling.apply(predicted))
    (tmp_path / NAME).write_bytes(pack_predictions(table))
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text(json.dumps({"scaling": scaling.to_dict()}))
    expected = pearsonr(intensity[:-1], predicted[0, :-1]).statistic
    assert whole_arrays.of_intensities(tmp_path) == pytest.approx(expected, abs=1e-6)
