"""Tests of scoring sequences with an exported model."""

import gzip
import io
import json
import logging
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from data_io.alphabet import decode, encode
from data_io.errors import ConfigError, DataError, ModelError, StorageError
from data_io.fasta import read_fasta
from data_io.sequence_blocks import Block
from models.predict import predict
from models.weights import load_model, quantiles_of
from search.results.predicting import predict_file
from search.results.scoring import best_of_parts, predict_blocks
from tests.support.toys import Matcher, finish_study, toy_model

HEADER = "name\tlength\tscore\tspread\tpercentile\tbest_window_start\tunknown"


class Score(NamedTuple):
    name: str
    length: int
    score: float
    start: int
    unknown: float = 0.0


def scores_of(model, *sequences, chunk=1 << 20, threads=None):
    """What is scored of a file of such sequences of which `chunk` letters are read at once."""
    text = io.StringIO("".join(f">s{i}\n{s}\n" for i, s in enumerate(sequences)))
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("data_io.fasta.CHUNK", chunk)
        for part in best_of_parts(predict_blocks(model.members, read_fasta("x", text), threads)):
            best = part.best
            columns = part.names, part.lengths, best.score, best.start + 1, best.unknown
            found += [Score(*row) for row in zip(*columns, strict=True)]
    return found


def table(export, fasta, out, **options):
    """Predict into a file and read it."""
    predict_file(export, fasta, out, **options)
    return out.read_text()


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
        [found] = scores_of(model, "C" * before + "UGCAUG" + "C" * 60, chunk=20)
        assert found.score == 6.0, before


def test_members_are_averaged_before_the_best_window_is_chosen():
    model = toy_model(Matcher("GGGG", 1.0), Matcher("AAAA", 3.0))
    [found] = scores_of(model, "GGGG" + "C" * 60 + "AAAA")
    assert (found.score, found.start) == (6.0, 68 - 40)


sequences = st.lists(st.text("ACGUN", min_size=1, max_size=130), min_size=1, max_size=12)


@settings(deadline=None)
@given(sequences, st.integers(10, 200), st.booleans())
def test_against_one_window_at_a_time(texts, chunk, threaded):
    model = toy_model(Matcher("UGCAUG"), Matcher("GAC", -0.5))
    expected = []
    for i, text in enumerate(texts):
        windows = [text[j : j + 41] for j in range(max(len(text) - 40, 1))]
        values = [float(model.predict(encode([window])[0])[0]) for window in windows]
        best = windows[int(np.argmax(values))]
        unknown = pytest.approx(best.count("N") / len(best))
        expected.append(Score(f"s{i}", len(text), max(values), int(np.argmax(values)) + 1, unknown))
    with ThreadPoolExecutor(2) as threads:
        assert scores_of(model, *texts, chunk=chunk, threads=threads if threaded else None) == expected


def test_memory_is_bounded_and_records_come_one_by_one():
    seen = []

    def blocks():
        for i in range(100):
            seen.append(i)
            yield Block([f"s{i}"], np.array([400]), np.zeros(400, np.uint8))

    stream = best_of_parts(predict_blocks([Matcher("UGCAUG")], blocks()))
    assert next(stream).names == ["s0"]
    assert len(seen) < 10
    assert len(list(stream)) == 99


def test_a_sequence_that_a_table_has_names_its_line(export, tmp_path):
    (tmp_path / "x.tsv").write_text(f"a\tACGU\nb\t{'A' * 50}PROTEIN\n")
    with pytest.raises(DataError, match=r"record 'b' has the letter 'P' in line 2"):
        predict_file(export, tmp_path / "x.tsv", tmp_path / "out.tsv")
    assert not (tmp_path / "out.tsv").exists()


def test_the_length_of_a_sequence_that_is_cut_is_that_of_all(tmp_path):
    [found] = scores_of(toy_model(Matcher("UGCAUG")), "UGCAUG" + "C" * 1000, "A" * 5, chunk=64)[:1]
    assert found == Score("s0", 1006, 6.0, 1)


def test_equal_names_are_two_sequences(export, tmp_path):
    (tmp_path / "x.fasta").write_text(f">a\n{'ACGU' * 20}\n>a\n{'AC' * 40}\n")
    lines = table(export, tmp_path / "x.fasta", tmp_path / "x.tsv").splitlines()
    assert [line.split("\t")[0] for line in lines[1:]] == ["a", "a"]


def test_the_table(export, tmp_path):
    fasta = tmp_path / "x.fasta"
    fasta.write_text(f">first some words\nacgtACGTNN\n\n>second\n{'ACGUU' * 20}\n")
    text = table(export, fasta, tmp_path / "x.tsv")
    lines = [line.split("\t") for line in text.splitlines()]
    assert "\t".join(lines[0]) == HEADER
    assert [line[:2] for line in lines[1:]] == [["first", "10"], ["second", "100"]]
    whole = load_model(export).predict(encode(["ACGUACGUNN"])[0])
    assert float(lines[1][2]) == pytest.approx(float(whole[0]), rel=1e-5)
    assert (lines[1][5], 1 <= int(lines[2][5]) <= 60) == ("1", True)
    assert [line[6] for line in lines[1:]] == ["0.2", "0.0"]
    members = [predict(member, encode(["ACGUACGUNN"])[0])[0] for member in load_model(export).members]
    assert float(lines[1][3]) == pytest.approx(np.std(members, ddof=1), rel=5e-3)


def test_the_table_on_standard_output_is_the_same(export, tmp_path, capsys):
    fasta = tmp_path / "x.fasta.gz"
    fasta.write_bytes(gzip.compress(b">a\nACGUACGU\n"))
    predict_file(export, fasta)
    assert table(export, fasta, tmp_path / "new" / "x.tsv") == capsys.readouterr().out


@pytest.mark.parametrize("name", ["x.tsv", "x.csv", "x.TSV.gz", "x.csv.gz", "x"])
def test_the_name_of_the_table_says_how_it_is_written(name, export, tmp_path):
    (tmp_path / "x.fasta").write_text('>chr1(+)="x",y\nACGU\n')
    predict_file(export, tmp_path / "x.fasta", tmp_path / name)
    content = (tmp_path / name).read_bytes()
    if name.endswith(".gz"):
        content = gzip.decompress(content)
    start = b'"chr1(+)=""x"",y",4,' if ".csv" in name else b'chr1(+)="x",y\t4\t'
    assert content.splitlines()[1].startswith(start)


@pytest.mark.parametrize("name", ["x.xlsx", "x.json", "x.parquet", "x.xlsx.gz"])
def test_text_does_not_go_by_the_name_of_something_else(name, export, tmp_path):
    with pytest.raises(ConfigError, match=r"predictions are text; end the name in \.tsv or \.csv"):
        predict_file(export, tmp_path / "x.fasta", tmp_path / name)


def test_no_half_table_is_left(export, tmp_path, capsys):
    fasta, out = tmp_path / "x.fasta", tmp_path / "x.tsv"
    fasta.write_text(">a\nACGU\n>protein\nMKVLA\n")
    for place in (out, Path("-")):
        with pytest.raises(DataError, match="record 'protein' has the letter 'L'"):
            predict_file(export, fasta, place)
    assert [path.name for path in tmp_path.iterdir()] == ["x.fasta"]
    assert capsys.readouterr().out == ""


def test_ambiguous_letters_are_read_as_n_and_counted(export, tmp_path, caplog):
    ambiguous, plain = tmp_path / "r.fasta", tmp_path / "n.fasta"
    ambiguous.write_text(">a\nACGUACGU\n>b\nACRUyCGW\n")
    plain.write_text(">a\nACGUACGU\n>b\nACNUNCGN\n")
    assert table(export, ambiguous, tmp_path / "r.tsv") == table(export, plain, tmp_path / "n.tsv")
    count = "3 of 16 letters read as N (first: 'R' in line 4, record 'b')"
    assert caplog.messages == [f"{ambiguous}: {count}; --strict refuses them"]


def test_strict_refuses_them_before_any_work(export, tmp_path, monkeypatch):
    fasta = tmp_path / "x.fasta"
    fasta.write_text(">a\nACGUACGU\n>b\nACRUyCGW\n")
    monkeypatch.setattr(
        "search.results.predicting.load_model", lambda _: pytest.fail("loads the model first")
    )
    message = "has the ambiguous letter 'R' in line 4, record 'b'; without --strict it is read as N"
    with pytest.raises(DataError) as caught:
        predict_file(export, fasta, tmp_path / "x.tsv", strict=True)
    assert str(caught.value) == f"{fasta}: {message}"


def test_a_record_without_a_known_letter_is_marked(export, tmp_path, caplog):
    fasta = tmp_path / "x.fasta"
    fasta.write_text(f">n\n{'N' * 60}\n>a\nACGU\n>r\nRn\n")
    with caplog.at_level(logging.WARNING):
        lines = table(export, fasta, tmp_path / "x.tsv").splitlines()
    assert [line.split("\t")[6] for line in lines[1:]] == ["1.0", "0.0", "1.0"]
    assert caplog.messages[1] == (
        f"{fasta}: 2 of 3 records without a known letter (first: 'n'); their 'unknown' is 1"
    )


def test_its_own_input_is_no_output(export, tmp_path):
    fasta = tmp_path / "x.fasta"
    fasta.write_text(">a\nACGU\n")
    weights = export / "weights-0.safetensors"
    (tmp_path / "link.tsv").symlink_to(weights)
    before = weights.read_bytes()
    for out in (fasta, weights, tmp_path / "link.tsv"):
        with pytest.raises(StorageError, match="itself; write to another file"):
            predict_file(export, fasta, out)
    assert (fasta.read_text(), weights.read_bytes()) == (">a\nACGU\n", before)


def test_bad_places(export, tmp_path):
    fasta = tmp_path / "x.fasta"
    fasta.write_text(">a\nACGU\n")
    with pytest.raises(DataError, match="no such file"):
        predict_file(export, tmp_path / "none.fasta", tmp_path / "x.tsv")
    with pytest.raises(ModelError, match=r"config\.json"):
        predict_file(tmp_path, fasta, tmp_path / "x.tsv")
    with pytest.raises(StorageError, match=r"x\.fasta"):
        predict_file(export, fasta, fasta / "below-a-file.tsv")


def test_percentiles_are_those_of_the_training_probes(export, tmp_path):
    """Of a model that knows them, the share of training probes that are predicted lower."""
    folder = tmp_path / "model"
    shutil.copytree(export, folder)
    probes = np.random.default_rng(0).integers(0, 4, (3000, 41)).astype(np.uint8)
    predictions = load_model(folder).predict(probes)
    config = json.loads((folder / "config.json").read_text())
    config["training_quantiles"] = quantiles_of(predictions)
    (folder / "config.json").write_text(json.dumps(config))
    fasta = tmp_path / "x.fasta"
    fasta.write_text("".join(f"{text}\n" for text in decode(probes[:50])))
    lines = [line.split("\t") for line in table(folder, fasta, tmp_path / "x.tsv").splitlines()[1:]]
    expected = [100 * (predictions < predictions[i]).mean() for i in range(50)]
    np.testing.assert_allclose([float(line[4]) for line in lines], expected, atol=0.5)


def test_an_old_model_has_no_percentiles_and_says_so(export, tmp_path, caplog):
    (tmp_path / "x.fasta").write_text(">a\nACGU\n")
    folder = tmp_path / "model"
    shutil.copytree(export, folder)
    config = json.loads((folder / "config.json").read_text())
    del config["training_quantiles"]
    (folder / "config.json").write_text(json.dumps(config))
    lines = table(folder, tmp_path / "x.fasta", tmp_path / "x.tsv").splitlines()
    assert lines[1].split("\t")[4] == ""
    said = f"{folder}: older, without quantiles; the column percentile is empty"
    assert caplog.messages == [said]


def test_progress_goes_to_the_end(export, tmp_path):
    """Counted in bytes as they lie packed on the disk, first checking, then scoring."""
    (tmp_path / "x.fasta.gz").write_bytes(gzip.compress(b">a\nACGU\n" * 100))
    seen = []
    table(export, tmp_path / "x.fasta.gz", tmp_path / "x.tsv", progress=lambda *said: seen.append(said))
    size = (tmp_path / "x.fasta.gz").stat().st_size
    assert sorted(set(seen)) == [("checking", size, size), ("scoring", size, size)]


@pytest.mark.parametrize("jobs", [1, 3])
def test_threads_change_nothing(export, tmp_path, jobs, monkeypatch):
    monkeypatch.setattr("data_io.fasta.CHUNK", 200)
    rng = np.random.default_rng(1)
    texts = ["".join(rng.choice(list("ACGU"), n)) for n in rng.integers(1, 300, 60)]
    (tmp_path / "x.fasta").write_text("".join(f">s{i}\n{text}\n" for i, text in enumerate(texts)))
    before = torch.get_num_threads()
    lines = table(export, tmp_path / "x.fasta", tmp_path / "x.tsv", jobs=jobs).splitlines()[1:]
    assert torch.get_num_threads() == before
    found = [float(line.split("\t")[2]) for line in lines]
    np.testing.assert_allclose(found, load_model(export).predict(texts), atol=1e-6)
