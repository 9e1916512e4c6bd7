"""Every single substitution, on models whose answer is known."""

import numpy as np
import pytest
import torch

from data_io.alphabet import encode
from models.predict import predict
from models.registry import get_architecture
from search.evidence.mutagenesis import importance, saturate
from tests.support.toys import TINY, Matcher


def test_a_word():
    codes, _ = encode(["AAUGCAAA"])
    effects = saturate(Matcher("UGC"), codes)
    assert effects.shape == (1, 41, 4)
    places = [2, 3, 4]
    expected = np.zeros((41, 4))
    expected[places] = -1
    expected[places, [3, 2, 1]] = 0
    np.testing.assert_array_equal(effects[0], expected)
    worth = importance(codes, effects)
    np.testing.assert_array_equal(np.flatnonzero(worth[0]), places)
    np.testing.assert_allclose(worth[0, places], 1)


@pytest.mark.parametrize("name", ["cnn", "rnn"])
def test_one_by_one(name):
    architecture = get_architecture(name)
    torch.manual_seed(0)
    models = [architecture.build(architecture.config(**TINY[name])) for _ in range(2)]
    codes = np.random.default_rng(0).integers(0, 4, (103, 41), dtype=np.uint8)
    codes[:, 38:] = 5
    codes[0, 3] = 4
    effects = saturate(models, codes)
    for row, place, base in [(0, 0, 1), (0, 3, 2), (57, 20, 0), (102, 37, 3)]:
        mutant = codes[[row]]
        mutant[0, place] = base
        expected = predict(models, mutant) - predict(models, codes[[row]])
        assert effects[row, place, base] == pytest.approx(float(expected[0]), abs=1e-6)
    assert not effects[:, 38:].any()
    assert not effects[np.arange(103), 5, codes[:, 5]].any()


def test_gains_are_worth_nothing():
    codes, _ = encode(["AAAA"])
    effects = saturate(Matcher("AUAA"), codes)
    assert effects.max() == 1
    worth = importance(codes, effects)
    assert worth[0, 1] == 0
    assert worth.min() == 0


def test_no_sequence():
    assert saturate(Matcher("UGC"), np.empty((0, 41), np.uint8)).shape == (0, 41, 4)
