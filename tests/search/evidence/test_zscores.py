"""7-mer Z-scores against a slow implementation."""

import numpy as np
import pytest
from scipy.stats import trim_mean

from data_io.alphabet import decode, encode
from data_io.experiments import Experiment
from data_io.training_set import load_training_set
from search.evidence.zscores import strongest_words, z_scores

ANKHD1 = Experiment("RNCMPT00002", "ANKHD1", "Homo_sapiens")


def slow(sequences, intensity, k, fewest=8):
    words = {}
    for sequence, value in zip(sequences, intensity, strict=True):
        if not np.isnan(value):
            for word in {sequence[i : i + k] for i in range(len(sequence) - k + 1)}:
                words.setdefault(word, []).append(value)
    means = {w: trim_mean(v, 0.025) for w, v in words.items() if len(v) >= fewest and set(w) <= set("ACGU")}
    centre, spread = np.mean(list(means.values())), np.std(list(means.values()))
    return {word: (mean - centre) / spread for word, mean in means.items()}


@pytest.fixture(scope="module")
def probes():
    random = np.random.default_rng(0)
    codes = random.integers(0, 4, (3000, 41), dtype=np.uint8)
    codes[np.arange(41) >= random.integers(3, 42, 3000)[:, None]] = 5
    codes[5, 2] = 4
    intensity = np.exp(random.standard_normal(3000))
    intensity[random.random(3000) < 0.1] = np.nan
    return codes, intensity


@pytest.mark.parametrize("k", [2, 4, 5])
def test_every_word(probes, k):
    codes, intensity = probes
    scores = z_scores(codes, intensity, k)
    expected = slow(decode(codes), intensity, k)
    words = [format(number, "b").zfill(2 * k) for number in range(4**k)]
    names = ["".join("ACGU"[int(word[i : i + 2], 2)] for i in range(0, 2 * k, 2)) for word in words]
    assert {name for name, score in zip(names, scores, strict=True) if np.isfinite(score)} == set(expected)
    assert {name: pytest.approx(scores[names.index(name)], abs=1e-9) for name in expected} == expected


def test_no_word_in_enough_probes():
    codes, _ = encode(["ACGUACGUA"] * 7)
    assert strongest_words(codes, np.arange(7.0)) == ()
    assert strongest_words(codes[:0], np.empty(0)) == ()


def test_words_that_are_all_alike_have_no_score():
    codes, _ = encode(["ACGUACGUA"] * 20)
    assert strongest_words(codes, np.ones(20)) == ()


@pytest.mark.real_data
def test_measured_probes(real_data):
    found = load_training_set(real_data, ANKHD1)
    top = strongest_words(found.train.codes, found.scaling.undo(found.train.targets))
    assert top[0].kmer[:5] == "AGACG"
    assert all("GACG" in word.kmer for word in top[:5])
    assert top[0].z > 15
    assert len(top) == 10
