import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_io.alphabet import PAD, WIDTH, decode, encode, encode_slices
from data_io.errors import DataError

sequences = st.lists(st.text("ACGUN", min_size=1, max_size=WIDTH), max_size=30)


def test_letters_are_numbered_and_padded():
    codes, lengths = encode(["ACGUN", "U"])
    assert codes.shape == (2, 41)
    assert codes.dtype == lengths.dtype == np.uint8
    assert codes[0].tolist() == [0, 1, 2, 3, 4] + [5] * 36
    assert codes[1].tolist() == [3] + [5] * 40
    assert lengths.tolist() == [5, 1]


@given(sequences)
def test_decode_undoes_encode(texts):
    codes, lengths = encode(texts)
    assert decode(codes) == texts
    assert lengths.tolist() == [len(text) for text in texts]
    assert ((codes == PAD).sum(axis=1) + lengths == WIDTH).all()


@given(sequences, st.randoms())
def test_case_and_t_make_no_difference(texts, random):
    same = {"A": "Aa", "C": "Cc", "G": "Gg", "U": "UuTt", "N": "Nn"}
    spelt = ["".join(random.choice(same[letter]) for letter in text) for text in texts]
    assert np.array_equal(encode(spelt)[0], encode(texts)[0])


@given(sequences)
def test_each_sequence_is_encoded_by_itself(texts):
    together = encode(texts)[0]
    for row, text in zip(together, texts, strict=True):
        assert np.array_equal(row, encode([text])[0][0])


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["ACG", "ACXG"], "sequence 2: 'X' in 'ACXG' is no RNA letter; use A, C, G, U, T or N"),
        (["AC G"], "sequence 1: ' ' in 'AC G' is no RNA letter; use A, C, G, U, T or N"),
        (["A\nC", "G"], "sequence 1: '\\n' in 'A\\nC' is no RNA letter; use A, C, G, U, T or N"),
        (["ACÄ"], "sequence 1: 'Ä' in 'ACÄ' is no RNA letter; use A, C, G, U, T or N"),
        (["A\0C"], "sequence 1: '\\x00' in 'A\\x00C' is no RNA letter; use A, C, G, U, T or N"),
        (["A", ""], "sequence 2: the sequence is empty; remove the row or give its sequence"),
        (["A", float("nan")], "sequence 2: the sequence is empty; remove the row or give its sequence"),
        (["A" * 42], f"sequence 1: '{'A' * 41}...' has 42 letters; cut it to at most 41"),
    ],
)
def test_what_cannot_be_encoded_is_named(texts, message):
    with pytest.raises(DataError) as caught:
        encode(texts)
    assert str(caught.value) == message


def test_the_caller_names_the_sequences():
    with pytest.raises(DataError, match=r"^record b: '!'"):
        encode(["A", "!"], describe=lambda index: f"record {'ab'[index]}")


def test_slices_of_one_text_and_which_are_bad():
    text = np.frombuffer(b"xxACGUyyAXG" + b"A" * 50, np.uint8)
    starts, ends = np.array([2, 8, 5, 11, 58]), np.array([6, 11, 5, 61, 61])
    codes, lengths, bad = encode_slices(text, starts, ends)
    assert bad.tolist() == [False, True, True, True, False]
    assert decode(codes[[0, 4]]) == ["ACGU", "AAA"]  # the last one ends with the text
    assert lengths[[0, 4]].tolist() == [4, 3]


def test_nothing_is_encoded_as_nothing():
    codes, lengths = encode([])
    assert codes.shape == (0, 41)
    assert lengths.shape == (0,)
    assert decode(codes) == []
