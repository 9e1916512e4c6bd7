"""The noise ceiling where the truth is known."""

import itertools

import numpy as np
import pytest
from scipy.stats import spearmanr

from data_io.alphabet import encode
from search.evidence.ceiling import find_pairs, noise_ceiling, reliability
from search.evidence.evidence import Ceiling, Missing


def sequences(names):
    """Codes (n, 41) of sequences that are alike where the names (n,) are."""
    codes = np.full((len(names), 41), 5, np.uint8)
    codes[:, :12] = names[:, None] // 4 ** np.arange(12) % 4
    return codes


def normal(count, random):
    return random.standard_normal(count)


def skewed(count, random):
    return random.exponential(1.0, count)


def rare(count, random):
    """Most probes are hardly bound, some strongly."""
    z = random.standard_normal(count)
    return np.where(random.random(count) < 0.1, 2.7 + 0.7 * z, 0.2 * z)


def measure(signal, noise, random):
    """Heavy-tailed noise, more of it where there is less signal, as measured probes have it."""
    scale = noise * np.exp(-0.3 * np.clip(signal, -2, 2))
    return signal + scale * random.standard_t(5, len(signal))


def test_it_holds_the_truth():
    """In 9 of 10 data sets, whatever the distribution of the signal, the noise and the number of pairs."""
    random, held = np.random.default_rng(0), []
    for draw, noise in itertools.product((normal, skewed, rare), (0.4, 2.0)):
        signal = draw(30_000, random)
        measured = measure(signal, noise, random)
        truth = np.corrcoef(signal, measured)[0, 1], spearmanr(signal, measured).statistic
        for pairs in (50, 400):
            for _ in range(3):
                once = draw(5 * pairs, random)
                signal = np.concatenate([once, once[:pairs]])
                names = np.concatenate([np.arange(5 * pairs), np.arange(pairs)])
                found = noise_ceiling(sequences(names), measure(signal, noise, random))
                assert found.pairs == pairs
                held.append(
                    [
                        found.pearson[0] <= truth[0] <= found.pearson[1],
                        found.spearman[0] <= truth[1] <= found.spearman[1],
                    ]
                )
    assert (np.mean(held, axis=0) >= 0.9).all()


def test_more_pairs_say_more():
    random = np.random.default_rng(1)
    widths = []
    for pairs in (60, 6000):
        signal = np.repeat(random.standard_normal(pairs), 2)
        found = noise_ceiling(sequences(np.repeat(np.arange(pairs), 2)), measure(signal, 0.5, random))
        widths.append(found.pearson[1] - found.pearson[0])
    assert widths[1] < widths[0] / 4


def test_noise_alone_and_none():
    names = np.repeat(np.arange(500), 2)
    noise = np.random.default_rng(2).standard_normal(1000)
    nothing = noise_ceiling(sequences(names), noise)
    assert nothing.pearson[0] == nothing.spearman[0] == 0
    assert nothing.reliability < 0.1
    everything = noise_ceiling(sequences(names), np.repeat(noise[:500], 2))
    assert everything == Ceiling(500, 1.0, (pytest.approx(1), 1.0), (1.0, 1.0))


def test_repeated_probes_that_are_unlike_the_others_widen_it():
    random = np.random.default_rng(3)
    names = np.concatenate([np.arange(4000), np.arange(1000)])
    signal = np.concatenate([0.3 * random.standard_normal(1000), random.standard_normal(3000)])
    signal = np.append(signal, signal[:1000])
    found = noise_ceiling(sequences(names), signal + 0.5 * random.standard_normal(5000))
    assert found.pearson[0] < 0.6
    assert found.pearson[1] > np.sqrt(1 / 1.25) - 0.05


def test_pairs():
    codes, _ = encode(["ACG", "UUU", "ACG", "ACGN", "ACG", "UUU", "ACG", "ACG"])
    assert {tuple(sorted(pair)) for pair in find_pairs(codes).tolist()} == {(0, 2), (4, 6), (1, 5)}
    assert find_pairs(codes[:0]).shape == (0, 2)


def test_reliability():
    assert reliability(np.array([[1.0, 3.0], [2.0, 2.0]]), total=4.0) == 0.75
    assert reliability(np.array([[1.0, 9.0]]), total=4.0) == 0
    assert reliability(np.array([[1.0, 1.0]]), total=0.0) == 0


@pytest.mark.parametrize(
    ("repeats", "reason"),
    [
        (0, "no sequence stands twice in it"),
        (49, "only 49 sequences stand twice in it, at least 50 are needed"),
    ],
)
def test_too_few_repeats(repeats, reason):
    names = np.concatenate([np.arange(100), np.arange(repeats)])
    assert noise_ceiling(sequences(names), np.arange(100.0 + repeats)) == Missing(reason)


def test_what_was_not_measured_is_no_pair():
    names = np.repeat(np.arange(50), 2)
    measured = np.random.default_rng(4).standard_normal(100)
    measured[:70:2] = np.nan
    assert noise_ceiling(sequences(names), measured) == Missing(
        "only 15 sequences stand twice in it, at least 50 are needed"
    )
