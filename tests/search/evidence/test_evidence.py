"""The evidence as JSON and back."""

import json
from dataclasses import replace

import pytest

from data_io.errors import StudyError
from search.evidence.evidence import Baselines, Evidence, Missing, Ridge, Scores
from tests.support.evidence import EVIDENCE, PWM


def test_its_form():
    matrix = [list(row) for row in PWM]
    assert EVIDENCE.to_dict() == {
        "format": 2,
        "ceiling": {
            "set_a": {"pairs": 41, "reliability": 0.81, "spearman": [0.83, 0.87], "pearson": [0.88, 0.91]},
            "set_b": {"reason": "no sequence stands twice in it"},
        },
        "baselines": {
            "ridge": {
                "penalty": 3.16,
                "validation": {"spearman": 0.41, "pearson": 0.52},
                "test": {"spearman": 0.4, "pearson": 0.51},
            },
            "trial_0": {"validation": {"spearman": 0.45}},
        },
        "published": {
            "experiment": "RNCMPT00168",
            "pearson": {"MultiRBP": 0.82, "DeepBind": 0.71},
            "source": "Karin et al. 2021, table S3",
        },
        "motifs": [
            {"iupac": "UGCW", "share": 0.8, "probabilities": matrix, "sites": 120},
            {"iupac": "GCAU", "share": 0.1, "probabilities": matrix[::-1], "sites": 30},
        ],
        "words": {"iupac": "UGC", "probabilities": matrix[:3], "kmers": ["UGCAUGU", "UGCAUGC"]},
        "filters": [{"filter": 3, "iupac": "UGC", "effect": 0.4, "probabilities": matrix[:3]}],
        "data_motif": {
            "set_a": [{"kmer": "UGCAUGU", "z": 21.5}, {"kmer": "GCAUGUA", "z": 14.0}],
            "set_b": [{"kmer": "UGCAUGU", "z": 20.1}],
        },
        "known": {
            "iupac": "UGCAUG",
            "source": "Ray et al. 2013",
            "of": "sites",
            "p": 1e-5,
            "offset": 0,
            "overlap": 4,
        },
        "similar": [
            {"iupac": "UGCAUG", "genes": ["RBFOX1"], "experiments": ["RNCMPT00168"], "p": 1e-5},
        ],
        "verdict": {
            "colour": "green",
            "sentences": ["It reaches 0.54 of a possible 0.87.", "Its members agree.", "Its motif is known."],
        },
    }


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"published": Missing("why"), "known": Missing("why"), "filters": ()},
        {"baselines": Baselines(Missing("why"), Missing("why"))},
        {"baselines": Baselines(Ridge(1.0, Scores(0.1, 0.2), Missing("not tested")), Missing("why"))},
    ],
)
def test_read_back(changes):
    written = json.dumps(replace(EVIDENCE, **changes).to_dict())
    assert Evidence.from_dict(json.loads(written)) == replace(EVIDENCE, **changes)


def test_whole_numbers_are_read_as_numbers():
    content = EVIDENCE.to_dict()
    content["data_motif"]["set_a"][1]["z"] = 14
    assert Evidence.from_dict(content) == EVIDENCE


@pytest.mark.parametrize("known", [EVIDENCE.known, Missing("why")])
def test_what_was_gathered_before_7_mers_were_compared_is_read(known):
    content = replace(EVIDENCE, known=known).to_dict()
    del content["words"], content["similar"]
    content["known"].pop("of", None)
    read = Evidence.from_dict({**content, "format": 1})
    assert isinstance(read.words, Missing)
    assert read.similar == ()
    assert read.known == (known if isinstance(known, Missing) else replace(known, of="sites"))
    assert read.verdict == EVIDENCE.verdict


def _broken(**changes):
    return {**EVIDENCE.to_dict(), **changes}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "evidence.json: not evidence of this version"),
        (_broken(format=3), "evidence.json: not evidence of this version"),
        ({"format": 1}, "damaged"),
        (_broken(extra=1), "damaged"),
        (_broken(verdict={"colour": 3, "sentences": []}), "damaged .*received 3"),
        (_broken(verdict={"colour": "red"}), r"damaged \(Verdict has"),
        (_broken(known={"iupac": "A"}), r"damaged \(one of \['Known', 'Missing'\]"),
        (_broken(known=None), "damaged"),
        (_broken(motifs={}), "damaged"),
        (_broken(motifs=[{"iupac": "A", "share": True, "probabilities": [], "sites": 1}]), "received True"),
        (
            _broken(motifs=[{"iupac": "A", "share": 1, "probabilities": [[1, 2]], "sites": 1}]),
            "4 values expected, received 2",
        ),
    ],
)
def test_what_is_no_evidence(content, message):
    with pytest.raises(StudyError, match=message):
        Evidence.from_dict(content)
