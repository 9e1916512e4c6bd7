"""Tests of scoring sequences with an exported model."""

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_io.alphabet import encode
from data_io.errors import DataError, ModelError, StorageError
from models.weights import load_model
from search.results.scoring import Score, predict_fasta, score_sequences
from tests.support.toys import Matcher, finish_study, toy_model

HEADER = "name\tlength\tscore\tbest_window_start"


def scores_of(model, *sequences, **options):
    return list(score_sequences(model, [(f"s{i}", s) for i, s in enumerate(sequences)], **options))


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    finish_study(folder)
    return folder / "model"


def test_short_sequences_are_scored_whole():
    found = scores_of(toy_model(Matcher("UGCAUG")), "AAUGCAUGAA", "A", "UGCAU" + "A" * 36)
    assert found == [Score("s0", 10, 6.0, 1), Score("s1", 1, 0.0, 1), Score("s2", 41, 5.0, 1)]


def test_the_best_window_of_a_long_sequence():
    sequence = "C" * 100 + "UGCAUG" + "C" * 60
    [found] = scores_of(toy_model(Matcher("UGCAUG")), sequence)
    # The first window that holds the whole word, which ends at position 106, begins at 106 - 40.
    assert found == Score("s0", 166, 6.0, 66)


def test_a_word_cut_by_two_batches_is_found():
    model = toy_model(Matcher("UGCAUG"))
    for before in range(0, 60):
        [found] = scores_of(model, "C" * before + "UGCAUG" + "C" * 60, batch_size=8)
        assert found.score == 6.0, before


def test_members_are_averaged_before_the_best_window_is_chosen():
    model = toy_model(Matcher("GGGG", 1.0), Matcher("AAAA", 3.0))
    [found] = scores_of(model, "GGGG" + "C" * 60 + "AAAA")
    assert (found.score, found.best_window_start) == (6.0, 68 - 40)


sequences = st.lists(st.text("ACGUN", min_size=1, max_size=130), min_size=1, max_size=12)


@settings(deadline=None)
@given(sequences, st.integers(1, 50))
def test_against_one_window_at_a_time(texts, batch_size):
    model = toy_model(Matcher("UGCAUG"), Matcher("GAC", -0.5))
    expected = []
    for i, text in enumerate(texts):
        windows = [text[j : j + 41] for j in range(max(len(text) - 40, 1))]
        values = [float(model.predict(encode([window])[0])[0]) for window in windows]
        expected.append(Score(f"s{i}", len(text), max(values), int(np.argmax(values)) + 1))
    assert scores_of(model, *texts, batch_size=batch_size) == expected


def test_memory_is_bounded_and_records_come_one_by_one():
    seen, sizes = [], []

    class Spy(Matcher):
        def forward(self, codes):
            sizes.append(len(codes))
            return super().forward(codes)

    def records():
        for i in range(100):
            seen.append(i)
            yield f"s{i}", "ACGU" * 100

    stream = score_sequences(toy_model(Spy("UGCAUG")), records(), batch_size=1000)
    assert next(stream).name == "s0"
    assert len(seen) < 10
    assert len(list(stream)) == 99
    assert max(sizes) <= 1000


def test_foreign_letters_name_the_record():
    with pytest.raises(DataError, match=r"record 's1'.*'P'"):
        scores_of(toy_model(Matcher("UGCAUG")), "ACGU", "A" * 50 + "PROTEIN")


def test_table_as_text(export, tmp_path):
    fasta = tmp_path / "x.fasta"
    fasta.write_text(f">first some words\nacgtACGTNN\n\n>second\n{'ACGUU' * 20}\n")
    text = predict_fasta(export, fasta)
    lines = [line.split("\t") for line in text.splitlines()]
    assert "\t".join(lines[0]) == HEADER
    assert [line[:2] for line in lines[1:]] == [["first", "10"], ["second", "100"]]
    whole = load_model(export).predict(encode(["ACGUACGUNN"])[0])
    assert float(lines[1][2]) == pytest.approx(float(whole[0]), rel=1e-5)
    assert (lines[1][3], 1 <= int(lines[2][3]) <= 60) == ("1", True)


def test_table_as_file_is_the_same(export, tmp_path):
    fasta = tmp_path / "x.fasta.gz"
    fasta.write_bytes(gzip.compress(b">a\nACGUACGU\n"))
    assert predict_fasta(export, fasta, tmp_path / "new" / "x.tsv") == ""
    assert (tmp_path / "new" / "x.tsv").read_text() == predict_fasta(export, fasta)


def test_no_half_table_is_left(export, tmp_path):
    fasta, out = tmp_path / "x.fasta", tmp_path / "x.tsv"
    fasta.write_text(">a\nACGU\n>protein\nMKVLA\n")
    with pytest.raises(DataError, match="record 'protein' has the letter 'M'"):
        predict_fasta(export, fasta, out)
    assert [path.name for path in tmp_path.iterdir()] == ["x.fasta"]


def test_bad_places(export, tmp_path):
    fasta = tmp_path / "x.fasta"
    fasta.write_text(">a\nACGU\n")
    with pytest.raises(DataError, match="no such file"):
        predict_fasta(export, tmp_path / "none.fasta")
    with pytest.raises(ModelError, match=r"config\.json"):
        predict_fasta(tmp_path, fasta)
    with pytest.raises(StorageError, match=r"x\.fasta"):
        predict_fasta(export, fasta, fasta / "below-a-file.tsv")
