"""Tracks against windows one by one: a score for each position, and the peaks."""

import gzip
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_io.alphabet import encode
from data_io.errors import ConfigError, StorageError
from models.weights import load_model
from search.results.predicting import predict_file
from search.results.track_files import Tracks
from search.results.tracks import PeakFinder, Track
from tests.support.toys import finish_study


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    finish_study(folder)
    return folder / "model"


def sequences(seed, *lengths):
    rng = np.random.default_rng(seed)
    return {f"s{i}": "".join(rng.choice(list("ACGU"), length)) for i, length in enumerate(lengths)}


def write(folder, texts):
    path = folder / "x.fasta"
    path.write_text("".join(f">{name} about it\n{text}\n" for name, text in texts.items()))
    return path


def by_position(model, text):
    """The score of each position, from windows predicted one by one."""
    starts = range(max(len(text) - 40, 1))
    scores = model.predict(encode([text[start : start + 41] for start in starts])[0])
    return np.array([scores[min(max(p - 20, 0), len(starts) - 1)] for p in range(len(text))])


def read_track(path):
    title, *rows = [line.split("\t") for line in path.read_text().splitlines()]
    assert title[0].startswith('track type=bedGraph name="x"')
    found = {}
    for name, start, end, score in rows:
        positions = found.setdefault(name, [])
        assert int(start) == len(positions), "each position once, in order"
        positions += [float(score)] * (int(end) - int(start))
    return found


@pytest.mark.parametrize("chunk", [100, 1 << 20])
def test_each_position_has_the_score_of_the_window_around_it(export, tmp_path, chunk, monkeypatch):
    monkeypatch.setattr("data_io.fasta.CHUNK", chunk)
    texts = sequences(1, 300, 7, 41, 42, 500, 60)
    fasta = write(tmp_path, texts)
    predict_file(export, fasta, tmp_path / "x.tsv", tracks=Tracks(tmp_path / "x.bedgraph", 0.0))
    model = load_model(export)
    found = read_track(tmp_path / "x.bedgraph")
    assert list(found) == list(texts)
    for name, text in texts.items():
        np.testing.assert_allclose(found[name], by_position(model, text), atol=6e-5)


@pytest.mark.parametrize("chunk", [100, 1 << 20])
def test_peaks_are_runs_above_the_threshold(export, tmp_path, chunk, monkeypatch):
    monkeypatch.setattr("data_io.fasta.CHUNK", chunk)
    texts = sequences(2, 400, 20, 300)
    model = load_model(export)
    scores = {name: by_position(model, text) for name, text in texts.items()}
    threshold = float(np.quantile(np.concatenate(list(scores.values())), 0.8))
    fasta = write(tmp_path, texts)
    predict_file(export, fasta, tmp_path / "x.tsv", tracks=Tracks(tmp_path / "x.bedgraph", threshold))
    expected = []
    for name, values in scores.items():
        edges = np.flatnonzero(np.diff(np.concatenate([[0], values >= threshold, [0]])))
        for number, (start, end) in enumerate(edges.reshape(-1, 2), 1):
            expected.append((name, start, end, f"{name}_peak_{number}", values[start:end].max()))
    rows = [line.split("\t") for line in (tmp_path / "x.peaks.bed").read_text().splitlines()]
    assert [(r[0], int(r[1]), int(r[2]), r[3]) for r in rows] == [peak[:4] for peak in expected]
    np.testing.assert_allclose([float(r[6]) for r in rows], [peak[4] for peak in expected], atol=6e-5)
    assert len(rows) > 3
    for name, start, end, _, tenths, strand, score, p, q, summit in rows:
        assert (strand, p, q) == ("+", "-1", "-1")
        assert int(tenths) == int(10 * model.percentiles(np.float32([score]))[0])
        assert 0 <= int(summit) < int(end) - int(start)
        if 20 <= int(start) + int(summit) < len(texts[name]) - 20:
            assert scores[name][int(start) + int(summit)] == pytest.approx(float(score), abs=6e-5)


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=2, max_size=40), st.lists(st.integers(1, 39), max_size=5))
def test_peaks_do_not_depend_on_how_a_track_is_cut(high, cuts):
    scores = np.float32(high) * np.arange(1, len(high) + 1) % 7
    edges = sorted({0, len(high), *[cut for cut in cuts if cut < len(high)]})
    finder, found = PeakFinder(1.0), []
    for first, last in itertools.pairwise(edges):
        places = np.arange(first, last)
        rows = np.zeros(len(places), int)
        going = first > 0, last < len(high)
        found += finder.find(Track(["a"], rows, places, places + 1, places, scores[first:last], *going))
    whole = np.arange(len(high))
    track = Track(["a"], whole * 0, whole, whole + 1, whole, scores, False, False)
    assert found == PeakFinder(1.0).find(track)


def test_the_threshold_is_the_99th_percentile_of_the_training_probes(export, tmp_path):
    """That of the toy model's quantiles, which go from -1 to 1, is 0.98."""
    fasta = write(tmp_path, sequences(3, 60))
    predict_file(export, fasta, tmp_path / "x.tsv", tracks=Tracks(tmp_path / "x.bedgraph"))
    assert (tmp_path / "x.peaks.bed").read_text() == ""
    assert Tracks(tmp_path / "x")._threshold_for(load_model(export)) == pytest.approx(0.98)


def test_names_of_the_files():
    for name, peaks in {
        "x.bedgraph": "x.peaks.bed",
        "x.bedGraph.gz": "x.peaks.bed.gz",
        "x.bg": "x.peaks.bed",
        "x.y": "x.y.peaks.bed",
    }.items():
        assert str(Tracks(Path(name)).peaks) == peaks


def test_packed_tracks(export, tmp_path):
    fasta = write(tmp_path, sequences(3, 60))
    predict_file(export, fasta, tmp_path / "x.tsv", tracks=Tracks(tmp_path / "x.bg.gz", -9.0))
    assert gzip.decompress((tmp_path / "x.bg.gz").read_bytes()).count(b"\n") == 21
    assert gzip.decompress((tmp_path / "x.peaks.bed.gz").read_bytes()).startswith(b"s0\t0\t60\ts0_peak_1\t")


def test_places_that_are_refused(export, tmp_path):
    fasta = write(tmp_path, sequences(3, 60))
    out = tmp_path / "x.tsv"
    for track, error, said in (
        (fasta, StorageError, "is the input"),
        (out, ConfigError, r"x\.tsv: is the table of scores, too"),
        ("-", ConfigError, "two files are written"),
        (tmp_path, StorageError, "is a folder"),
    ):
        with pytest.raises(error, match=said):
            predict_file(export, fasta, out, tracks=Tracks(Path(track)))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.fasta"]


def test_an_old_model_asks_for_a_threshold(export, tmp_path):
    folder = tmp_path / "old"
    folder.mkdir()
    for path in export.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    config = json.loads((folder / "config.json").read_text())
    del config["training_quantiles"]
    (folder / "config.json").write_text(json.dumps(config))
    fasta = write(tmp_path, sequences(3, 60))
    with pytest.raises(ConfigError, match="--threshold: is needed for peaks"):
        predict_file(folder, fasta, tmp_path / "x.tsv", tracks=Tracks(tmp_path / "x.bedgraph"))
    assert not list(tmp_path.glob("x.*[!a]"))
