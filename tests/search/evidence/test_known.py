"""Comparison with published motifs."""

import numpy as np
import pytest

from search.evidence.evidence import Missing
from search.evidence.known import align, compare, compare_known, most_similar, published_motifs, views_of
from search.evidence.motif_records import Known, Motif, WordMotif
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
    views = {"sites": from_iupac("UAGACGAAN"), "words": from_iupac("UUUUUUU")}
    known = compare_known(views, "RNCMPT00002")
    assert isinstance(known, Known)
    assert (known.iupac, known.of, known.offset, known.overlap) == ("AGACGWW", "sites", 1, 7)
    assert known.p == 2 * align(views["sites"], from_iupac("AGACGWW")).p < 0.001
    assert compare_known(views, "RNCMPT00002") == known
    assert compare_known(views, "RNCMPT90001") == Missing("no motif is published for RNCMPT90001")


def test_p_of_the_better_of_two_views_is_no_smaller_than_chance():
    positions = np.concatenate([from_iupac(motif) for motif in published_motifs().values()])
    random = np.random.default_rng(1)
    drawn = [positions[random.integers(0, len(positions), 7)] for _ in range(900)]
    triples = enumerate(zip(drawn[::3], drawn[1::3], drawn[2::3], strict=True))
    p = np.array([compare({"sites": a, "words": b}, c, k, draws=999)[1].p for k, (a, b, c) in triples])
    for level in (0.05, 0.1, 0.25, 0.5):
        assert (p <= level).mean() <= level + 3 * np.sqrt(level * (1 - level) / len(p))


def test_the_most_similar_published_motifs():
    views = {"sites": from_iupac("UGCAUG"), "words": from_iupac("CCCCCC")}
    first, *others = found = most_similar(views)
    assert (first.iupac, first.genes) == ("UGCAUG", ("A2BP1",))  # RBFOX1 by its older name
    assert first.iupac == published_motifs()[first.experiments[0]]
    assert first.p == compare(views, from_iupac(first.iupac))[1].p < 0.001
    assert len(others) < 5
    assert [each.p for each in found] == sorted(each.p for each in found)


def test_no_motif_is_like_it():
    assert most_similar({"sites": from_iupac("NNNNNN")}) == most_similar({}) == ()


def test_views():
    motif, words = Motif("U", 0.5, ((0, 0, 0, 1.0),), 20), WordMotif("A", ((1.0, 0, 0, 0),), ("AAAAAAA",))
    assert list(views_of((motif, motif), words)) == ["sites", "words"]
    assert list(views_of((), words)) == ["words"]
    assert views_of((), Missing("why")) == {}
