"""Tests of the evidence of a study as files."""

import numpy as np
import pytest
from Bio import motifs
from memelite.io import read_meme

from data_io.errors import StudyError
from search.results.evidence_files import as_meme, logo_files, read_evidence, write_evidence
from tests.support.evidence import EVIDENCE

MOTIFS = [*(motif.__dict__ for motif in EVIDENCE.motifs), {**EVIDENCE.words.__dict__, "sites": 2}]


def test_what_was_written_is_read_back(tmp_path):
    assert read_evidence(tmp_path) is None
    write_evidence(tmp_path, EVIDENCE.to_dict(), ["<svg/>", "<svg/>"], [b"one", b"two"])
    assert read_evidence(tmp_path) == EVIDENCE
    assert [path.name for path in logo_files(tmp_path)] == [
        f"motif_{number}.{kind}" for number in (1, 2) for kind in ("png", "svg")
    ]
    write_evidence(tmp_path, EVIDENCE.to_dict(), ["<svg/>"], [b"one"])
    assert len(logo_files(tmp_path)) == 2, "a motif that is no more has no logo"


@pytest.mark.parametrize("text", ["{half", "{}", '{"format": 1}'])
def test_damaged_evidence_is_refused(text, tmp_path):
    (tmp_path / "evidence.json").write_text(text)
    with pytest.raises(StudyError, match=r"evidence\.json: .*(restore|remove|--again)"):
        read_evidence(tmp_path)


def test_independent_readers_find_the_same_motifs(tmp_path):
    write_evidence(tmp_path, EVIDENCE.to_dict(), [], [])
    path = tmp_path / "motifs.meme"
    with path.open() as file:
        record = motifs.parse(file, "minimal")
    assert (record.alphabet, len(record)) == ("ACGU", len(MOTIFS))
    light = read_meme(str(path))
    assert list(light) == ["motif_1 UGCW", "motif_2 GCAU", "words UGC"]
    for read, matrix, motif in zip(record, light.values(), MOTIFS, strict=True):
        wanted = np.array(motif["probabilities"])
        np.testing.assert_allclose(matrix.T, wanted, atol=1e-6)
        counts = np.array([read.counts[letter] for letter in "ACGU"]).T
        np.testing.assert_array_equal(counts, np.round(wanted * motif["sites"]))


def test_no_motif_is_an_empty_file_of_the_format(tmp_path):
    path = tmp_path / "motifs.meme"
    path.write_text(as_meme({}))
    assert read_meme(str(path)) == {}
