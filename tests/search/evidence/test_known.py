"""Comparison with published motifs."""

import numpy as np
import pytest

from search.evidence.evidence import Known, Missing
from search.evidence.known import align, compare_known, published_motifs
from search.evidence.pwm import from_iupac


def test_the_table():
    motifs = published_motifs()
    assert len(motifs) == 244
    assert motifs["RNCMPT00002"] == "AGACGWW"
    assert motifs["RNCMPT00047"] == "ACUAACV"
    assert all(from_iupac(motif).shape == (len(motif), 4) for motif in motifs.values())


@pytest.mark.parametrize(
    ("motif", "other", "offset", "overlap"),
    [
        ("AGACGWW", "AGACGWW", 0, 7),
        ("NNAGACGWW", "AGACGWW", 2, 7),
        ("GACGWW", "AGACGWW", -1, 6),
        ("UGCAUG", "GCAUGUU", 1, 5),
        ("AG", "UUAG", -2, 2),
    ],
)
def test_the_best_alignment(motif, other, offset, overlap):
    found = align(from_iupac(motif), from_iupac(other))
    assert (found.offset, found.overlap) == (offset, overlap)


def test_how_surprising():
    of = {
        other: align(from_iupac("GACGUAC"), from_iupac(other)).p
        for other in ("GACGUAC", "GACGUUU", "UUUUUUU")
    }
    assert of["GACGUAC"] == pytest.approx(1e-5, abs=3e-5)
    assert of["GACGUAC"] < of["GACGUUU"] < 0.05
    assert of["UUUUUUU"] > 0.2


def test_what_is_common_in_published_motifs_is_less_surprising():
    common, rare = (align(from_iupac(word), from_iupac(word)).p for word in ("UUUUUU", "CGCCGC"))
    assert common > 10 * rare


def test_p_of_random_motifs_is_uniform():
    """Both motifs drawn from what is published; of 300 the deviation of a share is 0.03 at most."""
    positions = np.concatenate([from_iupac(motif) for motif in published_motifs().values()])
    random = np.random.default_rng(0)
    drawn = [positions[random.integers(0, len(positions), 7)] for _ in range(600)]
    p = np.array(
        [align(a, b, k, draws=999).p for k, (a, b) in enumerate(zip(drawn[::2], drawn[1::2], strict=True))]
    )
    for level in (0.05, 0.1, 0.25, 0.5, 0.75):
        assert abs((p <= level).mean() - level) < 4 * np.sqrt(level * (1 - level) / len(p))


def test_an_experiment():
    known = compare_known(from_iupac("UAGACGAAN"), "RNCMPT00002")
    assert isinstance(known, Known)
    assert (known.iupac, known.offset, known.overlap) == ("AGACGWW", 1, 7)
    assert known.p < 0.001
    assert compare_known(from_iupac("UAGACGAAN"), "RNCMPT00002") == known
    assert compare_known(from_iupac("UGCAUG"), "RNCMPT90001") == Missing(
        "no motif is published for RNCMPT90001"
    )
