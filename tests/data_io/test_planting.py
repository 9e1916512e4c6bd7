import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_io.alphabet import encode
from data_io.planting import IUPAC, Affinity, plan


def affinity_by_hand(sequence, motif):
    """Every window of the sequence: a fifth for each letter that the motif does not allow."""
    total = 0.0
    for start in range(len(sequence) - len(motif) + 1):
        window = sequence[start : start + len(motif)]
        total += 0.2 ** sum(base not in IUPAC[letter] for base, letter in zip(window, motif, strict=True))
    return total


@given(
    st.lists(st.text("ACGU", min_size=12, max_size=41), min_size=1, max_size=5),
    st.sampled_from(["UGCAUG", "YUCUYUY", "ACUANNNUAAC", "GARGAAG", "A", "GNNNNNNNNNC"]),
)
def test_affinity_is_the_sum_over_windows(sequences, motif):
    affinity = Affinity(*encode(sequences))
    for _ in range(2):  # the second time from the words looked up before
        expected = [affinity_by_hand(sequence, motif) for sequence in sequences]
        np.testing.assert_allclose(affinity.of(motif), expected, rtol=1e-4)


def test_the_plan_has_what_a_search_should_meet():
    motifs = plan(6, seed=0)
    assert [motif.motif_id for motif in motifs] == [f"RNCMPT9000{i}" for i in range(1, 7)]
    proteins = [motif.protein for motif in motifs]
    assert len(set(proteins)) == 5, "one protein has two experiments"
    assert len({motif.species for motif in motifs}) == 3
    assert any("N" in motif.motif for motif in motifs), "one motif is in two parts"
    assert any(set(motif.motif) & set("RYSWKM") for motif in motifs), "one motif is degenerate"
    assert all(0 < motif.strength < 1 for motif in motifs)


@pytest.mark.parametrize("count", [1, 3, 6, 7, 244])
def test_any_number_of_experiments(count):
    motifs = plan(count, seed=3)
    assert len({motif.motif_id for motif in motifs}) == count
    assert motifs == plan(300, seed=3)[:count], "more experiments leave the first ones as they are"
    assert all(re.fullmatch("[ACGURYSWKMN]{6,11}", motif.motif) for motif in motifs)
