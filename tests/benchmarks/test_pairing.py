"""What folding would add to a prediction is found where there is something, and nothing is made up."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.pairing import corrected, fold


def test_a_correction_is_fitted_on_other_probes_than_it_is_used_on() -> None:
    rng = np.random.default_rng(0)
    features, prediction = rng.normal(size=(3000, 5)), rng.normal(size=3000)
    noise = rng.normal(size=3000)
    along = prediction + features[:, 1] + 0.5 * features[:, 2] * prediction + noise
    assert np.std(along - corrected(prediction, along, features)) == pytest.approx(1.0, abs=0.05)
    nothing = prediction + noise
    assert np.std(nothing - corrected(prediction, nothing, features)) >= 0.999 * np.std(noise)


def test_a_hairpin_is_paired_in_its_stem() -> None:
    pytest.importorskip("RNA", reason="ViennaRNA is no requirement")
    energy, *paired = fold("GGGGGCAAAAGCCCCC")
    assert energy < -5
    assert min(paired[1:5]) > 0.9
    assert max(paired[7:9]) < 0.1
    assert not any(paired[16:])
