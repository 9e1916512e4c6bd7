"""Tests of the k-mers that a model prefers, on toy models whose answer is known."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from data_io.errors import DataError
from data_io.planting import IUPAC
from models.registry import get_architecture
from search.evidence.kmers import agreement, all_words, marginalize, strongest_kmer, strongest_kmers
from tests.support.toys import TINY, Matcher


@pytest.mark.parametrize("word", ["UGCAUG", "AAAAAA", "GUACCA"])
def test_the_planted_word_is_the_strongest(word):
    assert strongest_kmer(Matcher(word), k=6) == word


@pytest.mark.parametrize(("k", "word"), [(3, "GCU"), (4, "ACGG"), (7, "UGUAAAU"), (9, "CAGGUAAGU")])
def test_words_of_other_lengths(k, word):
    assert strongest_kmer(Matcher(word), k=k) == word


def test_table_is_ranked():
    table = strongest_kmers(Matcher("UGCAUG"), k=6, top=5)
    assert list(table.columns) == ["rank", "kmer", "effect", "spread"]
    assert list(table["rank"]) == [1, 2, 3, 4, 5]
    assert table["kmer"].is_unique
    assert table["effect"].is_monotonic_decreasing
    assert table["effect"].iloc[0] > table["effect"].iloc[1]
    assert all(agreement(kmer, "UGCAUG") >= 5 / 6 for kmer in table["kmer"])


def test_a_word_that_lowers_the_prediction_is_not_strong():
    assert agreement(strongest_kmer(Matcher("UGCAUG", weight=-1.0)), "UGCAUG") < 1
    assert strongest_kmers(Matcher("UGCAUG", weight=-1.0), top=64)["effect"].iloc[0] <= 0.5


def test_every_member_of_an_ensemble_counts():
    light, heavy = Matcher("UGCAUG", 1.0), Matcher("UGCACG", 3.0)
    assert strongest_kmer([light]) == "UGCAUG"
    assert strongest_kmer([light, heavy]) == "UGCACG"
    assert strongest_kmer([heavy, light, light]) == "UGCACG"
    assert strongest_kmer([light] * 4 + [heavy]) == "UGCAUG"


def test_same_seed_same_table():
    model = Matcher("UGCAUG")
    first, again = strongest_kmers(model, seed=3), strongest_kmers(model, seed=3)
    assert first.equals(again)
    assert not first.equals(strongest_kmers(model, seed=4))


@pytest.mark.parametrize("name", ["cnn", "rnn"])
def test_real_networks(name):
    architecture = get_architecture(name)
    torch.manual_seed(0)
    model = architecture.build(architecture.config(**TINY[name]))
    table = strongest_kmers(model, k=6, top=3)
    assert len(table) == 3
    assert np.isfinite(table[["effect", "spread"]].to_numpy()).all()


def test_marginalize_against_one_by_one():
    model = Matcher("GCAU")
    backgrounds = np.random.default_rng(0).integers(0, 4, (5, 41), dtype=np.uint8)
    words = all_words(4)[100:140]
    expected = np.empty((40, 5), np.float32)
    for i, word in enumerate(words):
        for j, background in enumerate(backgrounds):
            changed = background.copy()
            changed[18:22] = word
            both = torch.tensor(np.stack([changed, background]))
            after, before = model(both).tolist()
            expected[i, j] = after - before
    np.testing.assert_array_equal(marginalize(model, words, backgrounds), expected)


def test_marginalize_leaves_its_arguments():
    backgrounds = np.zeros((4, 41), np.uint8)
    marginalize(Matcher("GCAU"), all_words(2), backgrounds)
    assert not backgrounds.any()


def test_memory_is_bounded():
    sizes = []

    class Spy(Matcher):
        def forward(self, sequences):
            sizes.append(len(sequences))
            return super().forward(sequences)

    strongest_kmers(Spy("UGCAUG"), k=7)
    assert max(sizes) <= 4096
    assert sum(sizes) < 12_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": 0}, "k must be from 1 to 12, received 0"),
        ({"k": 13}, "k must be from 1 to 12, received 13"),
        ({"top": 0}, "top must be from 1 to 64, received 0"),
        ({"backgrounds": 3}, "backgrounds must be at least 4, received 3"),
    ],
)
def test_numbers_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        strongest_kmers(Matcher("UGCAUG"), **arguments)


def test_all_words():
    assert all_words(2).tolist()[:6] == [[0, 0], [0, 1], [0, 2], [0, 3], [1, 0], [1, 1]]
    assert all_words(3).shape == (64, 3)


@pytest.mark.parametrize(
    ("kmer", "motif", "expected"),
    [
        ("UGCAUG", "UGCAUG", 1.0),
        ("tgcatg", "UGCAUG", 1.0),
        ("GCAUGU", "UGCAUG", 5 / 6),
        ("GCAUG", "UGCAUG", 1.0),
        ("UGCAUGA", "UGCAUG", 1.0),
        ("CCCCCC", "AAAAAA", 0.0),
        ("UGUAUA", "UGUAWAU", 1.0),
        ("UGUACA", "UGUAWAU", 5 / 5.5),  # C is not one of W; UGUA and A match
        ("UAACUA", "ACUANNNUAAC", 1.0),  # beyond the end, at the second half
        ("ACUAAC", "ACUANNNUAAC", 1.0),  # the first half, and anything for N
        ("ACGU", "NNNN", 0.0),
        ("A", "R", 1.0),
        ("C", "R", 0.0),
    ],
)
def test_agreement(kmer, motif, expected):
    assert agreement(kmer, motif) == pytest.approx(expected)


@given(st.text("ACGU", min_size=1, max_size=9), st.text("ACGU", min_size=1, max_size=9))
def test_agreement_of_plain_words_is_the_best_share_of_matching_letters(kmer, motif):
    shifts = range(-len(kmer) + 1, len(motif))
    matches = [
        sum(0 <= i + shift < len(motif) and motif[i + shift] == kmer[i] for i in range(len(kmer)))
        for shift in shifts
    ]
    assert agreement(kmer, motif) == pytest.approx(max(matches) / min(len(kmer), len(motif)))
    assert agreement(kmer, motif) == pytest.approx(agreement(motif, kmer))


@given(st.text("".join(IUPAC), min_size=1, max_size=12), st.data())
def test_every_word_of_a_motif_agrees_with_it(motif, data):
    word = "".join(data.draw(st.sampled_from(IUPAC[letter])) for letter in motif)
    expected = 0.0 if set(motif) == {"N"} else 1.0
    assert agreement(word, motif) == pytest.approx(expected)


def test_agreement_refuses_other_letters():
    with pytest.raises(DataError, match="'X'"):
        agreement("UGXAUG", "UGCAUG")
    with pytest.raises(ValueError, match="received 'UGCAX'"):
        agreement("UGCAUG", "UGCAX")
    with pytest.raises(ValueError, match="received ''"):
        agreement("UGCAUG", "")
