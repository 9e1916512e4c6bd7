"""Position weight matrices and their letters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_io.alphabet import encode
from data_io.planting import IUPAC
from search.evidence.pwm import as_tuples, from_iupac, from_sites, information, to_iupac, trimmed

motifs = st.text("".join(IUPAC), min_size=1, max_size=12)


def test_letters_as_probabilities():
    assert from_iupac("AWN").tolist() == [[1, 0, 0, 0], [0.5, 0, 0, 0.5], [0.25] * 4]
    assert from_iupac("t").tolist() == [[0, 0, 0, 1]]


@given(motifs)
def test_there_and_back(motif):
    assert to_iupac(from_iupac(motif)) == motif


@given(motifs, st.floats(0.0, 0.2))
def test_some_noise_changes_no_letter_of_one_or_two_bases(motif, noise):
    mixed = to_iupac((1 - noise) * from_iupac(motif) + noise / 4)
    assert all(b == a for a, b in zip(motif, mixed, strict=True) if len(IUPAC[a]) < 3)


@pytest.mark.parametrize("motif", ["", "UGCAX"])
def test_other_letters_are_refused(motif):
    with pytest.raises(ValueError, match="motif must be letters of"):
        from_iupac(motif)


def test_information():
    assert information(from_iupac("AWN")).tolist() == [2, 1, 0]


@pytest.mark.parametrize(
    ("motif", "kept"), [("NNUGNAN", "UGNA"), ("UG", "UG"), ("NNN", "N"), ("NVUGB", "VUGB")]
)
def test_empty_ends_are_trimmed(motif, kept):
    matrix = from_iupac(motif)
    assert to_iupac(matrix[trimmed(matrix)]) == kept


def test_sites():
    codes, _ = encode(["AC", "AG", "AN", "A"])
    matrix = from_sites(codes[:, :2], pseudocount=0)
    assert matrix.tolist() == [[1, 0, 0, 0], [0, 0.5, 0.5, 0]]
    weighted = from_sites(codes[:, :2], np.array([3.0, 1.0, 9.0, 9.0]), pseudocount=0)
    assert weighted[1].tolist() == [0, 0.75, 0.25, 0]
    assert from_sites(codes[:0, :2]).tolist() == [[0.25] * 4] * 2


@given(motifs)
def test_what_is_kept_sums_to_one(motif):
    assert np.allclose(np.sum(as_tuples(0.9 * from_iupac(motif) + 0.025), axis=1), 1, atol=3e-4)
