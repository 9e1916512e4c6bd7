"""The motif in a model's strongest 7-mers, of models whose answer is known."""

import numpy as np
import pytest
from torch import nn

from data_io.alphabet import encode
from search.evidence.evidence import Missing
from search.evidence.known import align
from search.evidence.pwm import from_iupac, to_iupac, trimmed
from search.evidence.words import WORDS, align_words, find_words
from tests.support.toys import Binder, Matcher


def aligned(*words):
    codes, _ = encode(words)
    matrix = align_words(codes[:, : len(words[0])])
    return to_iupac(matrix[trimmed(matrix)])


@pytest.mark.parametrize("planted", ["UGCAUG", "UGUAWAU", "GARGAAG", "UUUUU", "ACGAAK"])
def test_the_planted_motif(planted):
    found = find_words(Binder(**{planted: 1.0}))
    assert len(set(found.kmers)) == WORDS
    assert len(found.iupac) == len(found.probabilities)
    assert align(np.array(found.probabilities), from_iupac(planted)).p < 0.001
    assert find_words(Binder(**{planted: 1.0})) == found


def test_an_ensemble():
    assert "UGCAUG" in find_words([Binder(UGCAUG=1.0), Binder(CCCCC=0.01)]).iupac


def test_words_beside_each_other():
    assert aligned("AUGCAUG", "UGCAUGC", "CUGCAUG", "UGCAUGA", "GUGCAUG", "UGCAUGG") == "UGCAUG"
    assert aligned("UUUUUUU", "GUUUUUU", "CUUUUUU", "AUUUUUU") in ("UUUUUU", "NUUUUUU", "UUUUUUU")


def test_counts():
    codes, _ = encode(["GACGU", "GACGU", "ACGUC"])
    matrix = align_words(codes[:, :5])
    assert matrix.shape == (11, 4)
    np.testing.assert_allclose(matrix.sum(axis=1), 1)
    np.testing.assert_array_equal(matrix[:3], 0.25)
    np.testing.assert_allclose(matrix[3], [(1 + 1) / 4 / 4] * 2 + [(2 + 0.5) / 4, 0.125])  # G twice
    np.testing.assert_allclose(matrix[4], [3.25 / 4, *[0.25 / 4] * 3])  # A in all three
    np.testing.assert_allclose(matrix[8], [0.75 / 4, 1.75 / 4, 0.75 / 4, 0.75 / 4])  # C of the last alone


def test_one_word_and_no_effect():
    assert aligned("GACGU") == "GACGU"

    class Constant(nn.Linear):
        def forward(self, codes):
            return codes.sum(dim=1) * 0.0

    assert find_words(Constant(1, 1)) == Missing("no 7-mer raises its prediction")
    assert find_words(Matcher("UGCAUG", weight=0.0)) == Missing("no 7-mer raises its prediction")
