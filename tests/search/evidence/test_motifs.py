"""Motifs of models whose answer is known."""

import numpy as np
import pytest
import torch
from torch import nn

from data_io.alphabet import encode
from data_io.folder import find_matrix
from data_io.rnacompete import read_probes
from models.registry import get_architecture
from search.evidence.known import align
from search.evidence.motifs import BEST_PROBES, explain, find_motifs
from search.evidence.pwm import from_iupac
from tests.support.toys import TINY, Binder, Matcher


@pytest.fixture(scope="module")
def probes(simulated):
    """Codes (n, 41) like those of the array; what was planted does not matter here."""
    return read_probes(find_matrix(simulated), "RNCMPT90001", "SetA").codes


@pytest.mark.parametrize("planted", ["UGCAUG", "UGUAWAU", "YUCUYUY", "ACUANNNUAAC", "GARGAAG", "UUUUU"])
def test_the_planted_motif(probes, planted):
    first = find_motifs(Binder(**{planted: 1.0}), probes)[0]
    assert first.share > 0.5
    assert first.sites > BEST_PROBES / 2
    found = align(np.array(first.probabilities), from_iupac(planted))
    assert found.p < 0.001
    assert found.overlap >= len(planted) - 1
    assert abs(len(first.iupac) - len(planted)) <= 1


def test_two_motifs(probes):
    first, second, *_ = find_motifs([Binder(UGCAUG=1.0, GACGU=0.6)], probes)
    assert (first.iupac, second.iupac) == ("UGCAUG", "GACGU")
    assert first.share > second.share > 0.1
    assert first.share + second.share < 1


def test_an_ensemble(probes):
    members = Binder(UGCAUG=1.0), Binder(UGCAUG=0.9), Binder(CCCCC=0.1)
    assert find_motifs(members, probes)[0].iupac == "UGCAUG"


def test_a_repressed_word_is_no_motif(probes):
    assert all("UGCAUG" not in motif.iupac for motif in find_motifs(Binder(UGCAUG=-1.0), probes))


class Constant(nn.Linear):
    def forward(self, codes):
        return torch.zeros(len(codes))


def test_a_model_that_says_nothing(probes):
    assert find_motifs(Constant(1, 1), probes) == ()


def test_too_few_sites():
    codes, _ = encode(["AAUGCAUGAA", "CCCCCCCC"])
    assert find_motifs(Matcher("UGCAUG"), codes) == ()


@pytest.mark.parametrize("name", ["cnn", "rnn"])
def test_networks_that_learned_nothing(probes, name):
    architecture = get_architecture(name)
    torch.manual_seed(0)
    model = architecture.build(architecture.config(**TINY[name]))
    found = find_motifs(model, probes[:300], most=2)
    assert len(found) <= 2
    assert found == find_motifs(model, probes[:300], most=2)
    for motif in found:
        np.testing.assert_allclose(np.sum(motif.probabilities, axis=1), 1, atol=1e-3)
        assert len(motif.iupac) == len(motif.probabilities)


def test_the_best_probes_are_explained_once_each(probes):
    model = Binder(UGCAUG=1.0)
    explained = explain(model, np.concatenate([probes, probes]), best=50)
    assert len(np.unique(explained.codes, axis=0)) == 50
    assert (explained.worth >= 0).all()
    assert not explained.worth[explained.codes == 5].any()
