import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_io import splits
from data_io.alphabet import decode, encode
from data_io.errors import ConfigError, DataError
from data_io.splits import PROTOCOLS, Split, hash_sequences, split_set_a

# few letters and short sequences, so that many are equal
probes = st.lists(st.text("AC", min_size=1, max_size=5), min_size=20, max_size=200)


def split_or_none(codes, protocol, seed=42):
    try:
        return split_set_a(codes, protocol, seed=seed)
    except DataError:
        return None


@given(probes, st.sampled_from(PROTOCOLS))
def test_the_sides_part_all_rows(texts, protocol):
    split = split_or_none(encode(texts)[0], protocol)
    if split is None:
        return
    assert split.train.dtype == split.validation.dtype == np.int64
    assert sorted([*split.train, *split.validation]) == list(range(len(texts)))
    assert (np.diff(split.train) > 0).all()
    assert (np.diff(split.validation) > 0).all()


@given(probes)
def test_grouped_no_sequence_stands_on_both_sides(texts):
    split = split_or_none(encode(texts)[0], "grouped")
    if split is not None:
        assert not {texts[i] for i in split.train} & {texts[i] for i in split.validation}


@given(probes)
def test_grouped_the_share_is_a_fifth_but_for_one_group(texts):
    split = split_or_none(encode(texts)[0], "grouped")
    largest = max(texts.count(text) for text in texts)
    if split is None:
        assert largest > 0.2 * len(texts) - 1
    else:
        assert 0.2 * len(texts) - largest <= len(split.validation) <= 0.2 * len(texts)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_grouped_the_order_of_the_rows_does_not_matter(seed):
    random = np.random.default_rng(seed)
    texts = ["".join(row) for row in random.choice(list("ACGU"), size=(300, 4))]
    order = random.permutation(300)
    first = split_set_a(encode(texts)[0])
    second = split_set_a(encode([texts[i] for i in order])[0])
    assert {texts[i] for i in first.validation} == {texts[order[i]] for i in second.validation}


def test_seeded_shuffle_is_the_published_one():
    rows = np.arange(100)
    np.random.RandomState(42).shuffle(rows)
    split = split_set_a(np.zeros((100, 41), np.uint8), "seeded-shuffle")
    assert split.validation.tolist() == sorted(rows[:20].tolist())
    assert split.train.tolist() == sorted(rows[20:].tolist())


def test_seeded_shuffle_of_the_whole_set_a_has_the_published_sizes():
    split = split_set_a(np.zeros((120_326, 41), np.uint8), "seeded-shuffle")
    assert (len(split.train), len(split.validation)) == (96_261, 24_065)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_seed_decides(protocol):
    codes = np.random.default_rng(0).integers(0, 4, size=(500, 41), dtype=np.uint8)
    assert_same(split_set_a(codes, protocol), split_set_a(codes.copy(), protocol))
    other = split_set_a(codes, protocol, seed=1)
    assert set(other.validation) != set(split_set_a(codes, protocol).validation)


def assert_same(one: Split, other: Split):
    assert np.array_equal(one.train, other.train)
    assert np.array_equal(one.validation, other.validation)


def test_the_real_probes(probe_design):
    import pandas as pd

    table = pd.read_csv(probe_design, sep="\t")
    texts = table.loc[table["Probe_Set"] == "SetA", "RNA_Seq"].tolist()
    codes, _ = encode(texts)
    assert decode(codes) == texts
    split = split_set_a(codes)
    assert len(split.validation) == int(0.2 * len(texts))
    assert not {texts[i] for i in split.train} & {texts[i] for i in split.validation}


def test_what_cannot_be_split():
    codes = np.zeros((100, 41), np.uint8)
    with pytest.raises(ConfigError) as caught:
        split_set_a(codes, "random")
    assert str(caught.value) == "split 'random' is unknown; choose grouped or seeded-shuffle"
    with pytest.raises(ConfigError, match=r"a validation share of 1\.5 is impossible"):
        split_set_a(codes, fraction=1.5)


@pytest.mark.parametrize(
    ("protocol", "distinct", "message"),
    [
        ("grouped", 1, "have only 1 distinct sequence, too few for training and validation"),
        ("grouped", 2, "have only 2 distinct sequences, too few for training and validation"),
        ("grouped", 4, "are too few for training and validation; give more"),
        ("seeded-shuffle", 4, "are too few for training and validation; give more"),
    ],
)
def test_too_few_to_split_says_of_what(protocol, distinct, message):
    codes = np.tile(np.arange(distinct, dtype=np.uint8)[:, None], (1 if distinct == 4 else 50, 41))
    with pytest.raises(DataError) as caught:
        split_set_a(codes, protocol)
    more = "; give more sequences, since equal ones are never parted" if distinct < 4 else ""
    assert str(caught.value) == f"{len(codes)} probes in Set A {message}{more}"


def test_a_hash_does_not_depend_on_how_many_are_hashed_at_once(monkeypatch):
    codes, _ = encode(["ACGU" * 10, "A", "GGCCA" * 8 + "N", "C" * 41, "ACGU", "GU" * 7, "A"])
    hashes = hash_sequences(codes)
    assert len(set(hashes.tolist())) == 6, "two are the same sequence"
    for rows in (1, 3, 7):
        monkeypatch.setattr(splits, "_ROWS", rows)
        assert hash_sequences(codes).tolist() == hashes.tolist()
