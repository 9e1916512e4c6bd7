"""The evidence as JSON and back."""

import json

import pytest

from data_io.errors import StudyError
from search.evidence.evidence import (
    Baselines,
    Ceiling,
    Ceilings,
    DataMotif,
    Evidence,
    Filter,
    FirstTrial,
    Known,
    Missing,
    Motif,
    Published,
    RankScore,
    Ridge,
    Scores,
    Verdict,
    Word,
)

PWM = ((0.7, 0.1, 0.1, 0.1), (0.0, 0.0, 1.0, 0.0))


def evidence(**changes):
    parts = {
        "ceiling": Ceilings(
            Ceiling(500, 0.8, (0.85, 0.9), (0.88, 0.91)), Missing("no sequence stands twice in it")
        ),
        "baselines": Baselines(
            Ridge(10.0, Scores(0.4, 0.6), Scores(0.41, 0.62)), FirstTrial(RankScore(0.45))
        ),
        "published": Published("RNCMPT00002", {"MultiRBP": 0.82}, "somewhere"),
        "motifs": (Motif("AGACGWW", 0.8, PWM, 100),),
        "filters": (Filter(3, "AG", 0.5, PWM),),
        "data_motif": DataMotif((Word("AGACGAA", 12.5),), ()),
        "known": Known("AGACGWW", "somewhere", 1e-5, 0, 7),
        "verdict": Verdict("green", ("one.", "two.", "three.")),
    }
    return Evidence(**{**parts, **changes})


def test_its_form():
    assert evidence().to_dict() == {
        "format": 1,
        "ceiling": {
            "set_a": {"pairs": 500, "reliability": 0.8, "spearman": [0.85, 0.9], "pearson": [0.88, 0.91]},
            "set_b": {"reason": "no sequence stands twice in it"},
        },
        "baselines": {
            "ridge": {
                "penalty": 10.0,
                "validation": {"spearman": 0.4, "pearson": 0.6},
                "test": {"spearman": 0.41, "pearson": 0.62},
            },
            "trial_0": {"validation": {"spearman": 0.45}},
        },
        "published": {"experiment": "RNCMPT00002", "pearson": {"MultiRBP": 0.82}, "source": "somewhere"},
        "motifs": [
            {"iupac": "AGACGWW", "share": 0.8, "probabilities": [list(row) for row in PWM], "sites": 100}
        ],
        "filters": [{"filter": 3, "iupac": "AG", "effect": 0.5, "probabilities": [list(row) for row in PWM]}],
        "data_motif": {"set_a": [{"kmer": "AGACGAA", "z": 12.5}], "set_b": []},
        "known": {"iupac": "AGACGWW", "source": "somewhere", "p": 1e-5, "offset": 0, "overlap": 7},
        "verdict": {"colour": "green", "sentences": ["one.", "two.", "three."]},
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
    written = json.dumps(evidence(**changes).to_dict())
    assert Evidence.from_dict(json.loads(written)) == evidence(**changes)


def test_whole_numbers_are_read_as_numbers():
    content = evidence().to_dict()
    content["baselines"]["ridge"]["penalty"] = 10
    assert Evidence.from_dict(content) == evidence()


def _broken(**changes):
    return {**evidence().to_dict(), **changes}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "evidence.json: not evidence of this version"),
        (_broken(format=2), "evidence.json: not evidence of this version"),
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
