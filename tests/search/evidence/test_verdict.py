"""The verdict on studies that never were."""

import pytest

from search.evidence.evidence import (
    Baselines,
    Ceiling,
    FirstTrial,
    Missing,
    Published,
    RankScore,
    Ridge,
    Scores,
)
from search.evidence.motif_records import DataMotif, Known, Motif, Similar, Word, WordMotif
from search.evidence.pwm import as_tuples, from_iupac
from search.evidence.verdict import Findings, judge

WORD = "GACGUAA"


def figures(score, members=(0.595, 0.6), **others):
    found = {"val_spearman": 0.61, "test_spearman": score, "test_pearson": score + 0.1}
    return {**found, "members": [{"test_spearman": member} for member in members], **others}


def findings(score=0.62, linear=0.5, **changes):
    parts = {
        "figures": figures(score),
        "ceiling": Ceiling(10_000, 0.6, (0.7, 0.8), (0.75, 0.8)),
        "baselines": Baselines(
            Ridge(10.0, Scores(0.5, 0.6), Scores(linear, 0.6)), FirstTrial(RankScore(0.51))
        ),
        "published": Published("RNCMPT00002", {"RCK": 0.6, "MultiRBP": 0.86}, "somewhere"),
        "motifs": (Motif(WORD, 0.8, as_tuples(0.9 * from_iupac(WORD) + 0.025), 100),),
        "words": WordMotif("ACGWA", as_tuples(from_iupac("ACGWA")), ("GACGUAA", "ACGAACC")),
        "known": Known("GACGWW", "somewhere", "sites", 2e-5, 0, 6),
        "similar": (Similar("GACGWW", ("A", "B"), ("RNCMPT00002", "RNCMPT00003"), 2e-5),),
        "data_motif": DataMotif((), (Word(WORD, 20.0),)),
    }
    return Findings(**{**parts, **changes})


def test_a_good_one():
    verdict = judge(findings())
    assert verdict.colour == "green"
    assert verdict.sentences == (
        "Its test Spearman of 0.620 is 78 % to 89 % of the 0.70 to 0.80 that any model could reach; counting "
        "k-mers reaches 0.500, and its Pearson of 0.720 is above 1 of 2 published methods (0.600 to 0.860); "
        "in validation it is 0.100 above trial 0.",
        "Its 2 members, each trained by itself, agree: alone they reach 0.595 to 0.600.",
        "Its motif GACGUAA, 80 % of the effect, is the published GACGWW (p = 2e-05).",
    )


@pytest.mark.parametrize(
    ("ceiling", "words"),
    [
        ((0.0, 0.8), "is 78 % to 100 % of the 0.00 to 0.80"),
        ((0.5, 0.6), "is 100 % of the 0.50 to 0.60"),
        ((0.0, 0.0), "is more than the repeated probes say any model could reach; counting"),
    ],
)
def test_a_score_beside_a_ceiling_that_says_little(ceiling, words):
    assert words in judge(findings(ceiling=Ceiling(60, 0.1, ceiling, (0.0, 0.5)))).sentences[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"known": Known("UUUUUU", "somewhere", "words", 0.4, 0, 6)},
            "Good score, wrong motif: its motif GACGUAA",
        ),
        ({"score": 0.55}, "69 % to 79 %"),
        ({"linear": 0.63}, "counting k-mers reaches 0.630"),
        (
            {"figures": figures(0.62, (0.55, 0.6))},
            "disagree, so that chance plays a part: alone they reach 0.550 to",
        ),
    ],
)
def test_doubts(changes, words):
    verdict = judge(findings(**changes))
    assert verdict.colour == "amber"
    assert words in " ".join(verdict.sentences)
    assert len(verdict.sentences) == 3


def test_no_signal():
    nothing = findings(
        score=0.11,
        linear=0.05,
        ceiling=Ceiling(10_000, 0.1, (0.0, 0.4), (0.0, 0.4)),
        published=Published("RNCMPT00047", {"RCK": 0.08, "MultiRBP": 0.12}, "somewhere"),
        known=Known("ACUAACV", "somewhere", "sites", 0.3, 0, 6),
    )
    verdict = judge(nothing)
    assert verdict.colour == "red"
    assert verdict.sentences[0] == (
        "No signal: its test Spearman is 0.110, and nobody models this one (counting k-mers reaches 0.050, "
        "and its Pearson of 0.210 is above 2 of 2 published methods (0.080 to 0.120))."
    )
    assert "Good score" not in verdict.sentences[2]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"linear": 0.05}, "of 0.70 that could be reached at least: there is a signal that it did not find"),
        (
            {"linear": 0.5, "ceiling": Missing("why")},
            "it says next to nothing of this protein; counting k-mers",
        ),
    ],
)
def test_a_signal_that_was_not_found(changes, words):
    verdict = judge(findings(score=0.1, **changes))
    assert verdict.colour == "red"
    assert words in verdict.sentences[0]


def test_with_little_to_compare_with():
    missing = Missing("why")
    changes = {
        "ceiling": missing,
        "published": missing,
        "known": missing,
        "baselines": Baselines(missing, missing),
    }
    verdict = judge(findings(figures=figures(0.62, (0.6,)), **changes))
    assert verdict.colour == "green"
    assert verdict.sentences == (
        "Its test Spearman of 0.620 has no ceiling to be held against (why).",
        "How much chance there is in it is not known, since it has one member only.",
        "Its motif GACGUAA, 80 % of the effect, or ACGWA in its strongest 7-mers, has no published one of "
        "its experiment to be held against; it agrees with the strongest 7-mer of the data, GACGUAA (p = "
        "6e-05); of the published motifs GACGWW of A and B is most like it (p = 2e-05).",
    )
    alone = judge(findings(known=missing, similar=()))
    assert alone.sentences[2].endswith("; no published motif is like it.")
    wordless = judge(findings(known=missing, words=missing))
    assert wordless.sentences[2].startswith("Its motif GACGUAA, 80 % of the effect, has no published one")
    nothing = judge(findings(score=0.05, known=missing))
    assert "most like" not in nothing.sentences[2], "whatever is like noise is so by chance"


def test_a_motif_that_shows_in_its_words():
    known = Known("GACGWW", "somewhere", "words", 2e-5, 0, 5)
    assert judge(findings(known=known)).sentences[2] == (
        "Its motif GACGUAA, 80 % of the effect, or ACGWA in its strongest 7-mers, is the published GACGWW "
        "(p = 2e-05)."
    )


def test_no_motif_and_no_test():
    assert judge(findings(motifs=(), known=Missing("why"))).sentences[2].startswith("It has no motif")
    assert judge(findings(figures={"val_spearman": 0.6})).colour == "grey"
