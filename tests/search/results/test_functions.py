"""What ``import rbptune`` offers, on models whose answers are known."""

import json
import subprocess
import sys

import numpy as np
import pytest

import rbptune
from data_io.errors import DataError, StudyError
from tests.support.toys import Matcher, finish_study, toy_model


def test_each_is_there_and_documented():
    assert set(rbptune.FUNCTIONS) <= set(dir(rbptune))
    for name in rbptune.FUNCTIONS:
        assert getattr(rbptune, name).__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'models'; it has load_model, saturate"):
        rbptune.models  # noqa: B018


def test_importing_it_loads_nothing_else():
    program = "import rbptune, sys; print(sorted({'torch', 'numpy', 'search', 'models'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_words_of_a_known_model():
    """It counts the letters of a word at one place: the word itself raises that most."""
    table = rbptune.marginalize(toy_model(Matcher("UGCAUG")), ["TGCATG", "UGCAUC", "CCCCCC"])
    assert list(table.index) == ["UGCAUG", "UGCAUC", "CCCCCC"]
    assert table["effect"].is_monotonic_decreasing
    assert table["effect"].iloc[0] > 1.5
    for words, said in ((["AC", "ACG"], "words have 2 to 3 letters"), (["AX"], "word 1: 'X' in 'AX'")):
        with pytest.raises(DataError, match=said):
            rbptune.marginalize(toy_model(Matcher("UG")), words)


def test_the_motif_of_a_known_model():
    found = rbptune.motif(toy_model(Matcher("UGCAUG")))
    assert found is not None
    assert "GCAU" in found.iupac
    assert rbptune.motif(toy_model(Matcher("UGCAUG", 0.0)), ["ACGU" * 10]) is None


def test_the_ceiling_of_made_up_measurements():
    rng = np.random.default_rng(0)
    texts = ["".join(row) for row in rng.choice(list("ACGU"), (400, 30))]
    signal = rng.normal(size=400)
    measured = np.concatenate([signal, signal]) + rng.normal(size=800) / 2
    found = rbptune.ceiling(texts * 2, measured)
    assert found.pairs == 400
    assert found.pearson[0] < 1 / np.sqrt(1.25) < found.pearson[1]
    assert "twice" in rbptune.ceiling(texts, signal).reason
    with pytest.raises(DataError, match=r"measured has the shape \(3,\); give one value for each of 400"):
        rbptune.ceiling(texts, signal[:3])


def test_the_verdict_of_an_export(tmp_path):
    finish_study(tmp_path)
    with pytest.raises(StudyError, match=r"evidence\.json: no such file; export the study anew"):
        rbptune.verdict(tmp_path)
    missing = {"reason": "no"}
    evidence = {
        "format": 2,
        "ceiling": {"set_a": missing, "set_b": missing},
        "baselines": {"ridge": missing, "trial_0": missing},
        "published": missing,
        "motifs": [],
        "words": missing,
        "filters": [],
        "data_motif": {"set_a": [], "set_b": []},
        "known": missing,
        "similar": [],
        "verdict": {"colour": "amber", "sentences": ["One.", "Two.", "Three."]},
    }
    (tmp_path / "evidence.json").write_text(json.dumps(evidence))
    assert rbptune.verdict(tmp_path).colour == "amber"
    assert rbptune.verdict(str(tmp_path)).sentences == ("One.", "Two.", "Three.")
