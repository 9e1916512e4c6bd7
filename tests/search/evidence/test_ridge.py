"""The ridge baseline against the normal equations of counts that are counted one by one."""

import itertools

import numpy as np
import pytest

from data_io.alphabet import decode, encode
from data_io.training_set import Examples
from search.evidence.evidence import Missing, Scores
from search.evidence.ridge import _Problem, longest_words, predict_by_words, ridge_baseline

WORDS = ["".join(word) for k in range(1, 7) for word in itertools.product("ACGU", repeat=k)]


def counts(codes):
    place = {word: number for number, word in enumerate(WORDS)}
    table = np.zeros((len(codes), len(WORDS)))
    for row, sequence in enumerate(decode(codes)):
        for start, length in itertools.product(range(len(sequence)), range(1, 7)):
            word = sequence[start : start + length]
            if len(word) == length and "N" not in word:
                table[row, place[word]] += 1
    return table


def draw(count, seed, noise=0.5):
    random = np.random.default_rng(seed)
    codes = random.integers(0, 4, (count, 41), dtype=np.uint8)
    codes[np.arange(41) >= random.integers(25, 42, count)[:, None]] = 5
    codes[0, 5] = 4
    signal = np.array([sequence.count("UGC") - 0.3 * sequence.count("A") for sequence in decode(codes)])
    targets = (signal + noise * random.standard_normal(count)).astype(np.float32)
    targets[3] = np.nan
    return Examples(codes, targets)


def test_words_stand_for_their_beginnings():
    codes, _ = encode(["ACGUACGU", "AN", "GUNACGUA"])
    weights = np.random.default_rng(0).standard_normal(len(WORDS))
    words = longest_words(codes)
    assert words[0, 0] == WORDS.index("ACGUAC")
    assert words[0, 6] == WORDS.index("GU")
    assert words[1, 0] == WORDS.index("A")
    assert words[1, 1] == words[0, 8] == len(WORDS)
    np.testing.assert_allclose(predict_by_words(weights, words), counts(codes) @ weights)


@pytest.mark.parametrize("penalty", [10.0, 1000.0])
def test_the_solution(penalty):
    examples = draw(400, 1)
    measured = ~np.isnan(examples.targets)
    features, targets = counts(examples.codes[measured]), examples.targets[measured].astype(float)
    features, targets = features - features.mean(axis=0), targets - targets.mean()
    inner = features @ features.T + penalty * np.eye(len(features))
    expected = features @ (features.T @ np.linalg.solve(inner, targets))
    weights = _Problem.of(examples).solve(penalty, np.zeros(len(WORDS)))
    np.testing.assert_allclose(features @ weights, expected, atol=5e-3 * np.abs(expected).max())


def test_it_is_chosen_by_validation():
    train, validation, test = draw(2000, 2), draw(500, 3), draw(500, 4)
    found = ridge_baseline(train, validation, test)
    assert found.validation.spearman > 0.8
    assert found.test.spearman == pytest.approx(found.validation.spearman, abs=0.08)
    noisy = ridge_baseline(draw(2000, 2, noise=5), draw(500, 3, noise=5), None)
    assert noisy.penalty > found.penalty
    assert noisy.test == Missing("there was no test")


def test_it_is_tested_after_a_fit_to_the_whole_with_the_penalty_that_was_chosen():
    train, validation, test = draw(200, 2), draw(2000, 3), draw(500, 4)
    alone, both = (ridge_baseline(train, validation, test, whole) for whole in (None, validation))
    assert (both.penalty, both.validation) == (alone.penalty, alone.validation)
    assert both.test.spearman > alone.test.spearman + 0.02


def test_nothing_to_learn():
    silent = Examples(draw(300, 5).codes, np.zeros(300, np.float32))
    assert ridge_baseline(silent, silent, None).validation == Scores(0.0, 0.0)
