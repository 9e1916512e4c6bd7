import logging
import os
import pickle

import numpy as np
import pytest

import data_io.cache
import data_io.rnacompete
from data_io.alphabet import decode
from data_io.cache import ArrayCache, Source
from data_io.rnacompete import measured_experiments, read_probes
from tests.data_io.conftest import assert_same, cached_files


@pytest.mark.parametrize("probe_set", ["SetA", "SetB"])
@pytest.mark.parametrize("cached", [False, True])
def test_gives_one_set_in_the_order_of_the_file(path, cache, matrix, probe_set, cached):
    rows = [row for row in matrix.rows if row[1] == probe_set]
    for _ in range(2):
        probes = read_probes(path, "RNCMPT00001", probe_set, cache if cached else None)
        assert decode(probes.codes) == [row[2] for row in rows]
        assert probes.lengths.tolist() == [len(row[2]) for row in rows]
        expected = np.array([float(row[3] or "nan") for row in rows], np.float32)
        assert np.array_equal(probes.intensity, expected, equal_nan=True)


def test_the_matrix_is_read_once_an_experiment(path, cache, reads):
    for _ in range(2):
        for experiment in ("RNCMPT00001", "RNCMPT00002"):
            for probe_set in ("SetA", "SetB"):
                fresh = read_probes(path, experiment, probe_set)
                reads.clear()
                assert_same(read_probes(path, experiment, probe_set, cache), fresh)
                if (experiment, probe_set) not in {("RNCMPT00001", "SetA"), ("RNCMPT00002", "SetA")}:
                    assert reads == []
    assert reads == []
    assert set(cached_files(cache)) == {
        f"{probe_set}.{what}.safetensors"
        for probe_set in ("SetA", "SetB")
        for what in ("sequences", "RNCMPT00001", "RNCMPT00002")
    }


def test_reading_set_a_opens_no_file_of_set_b(path, cache, monkeypatch):
    read_probes(path, "RNCMPT00001", "SetA", cache)
    for name, file in cached_files(cache).items():
        if name.startswith("SetB"):
            file.unlink()
            file.mkdir()  # opening it would fail, and so would replacing it
    opened = []
    original = data_io.cache.safe_open

    def recorded(file, *args):
        opened.append(file.name)
        return original(file, *args)

    monkeypatch.setattr(data_io.cache, "safe_open", recorded)
    read_probes(path, "RNCMPT00001", "SetA", cache)
    assert opened == ["SetA.sequences.safetensors", "SetA.RNCMPT00001.safetensors"]


def test_a_changed_matrix_is_read_again(path, cache, matrix, reads):
    read_probes(path, "RNCMPT00001", "SetA", cache)
    matrix.fill("RNCMPT00001", ["7.5"] * 600)
    matrix.write(path.parent)
    assert (read_probes(path, "RNCMPT00001", "SetA", cache).intensity == 7.5).all()
    assert reads == ["RNCMPT00001"] * 2
    read_probes(path, "RNCMPT00001", "SetB", cache)
    assert reads == ["RNCMPT00001"] * 2
    assert len(cached_files(cache)) == 4, "what is stale is replaced, not kept beside the new"


def test_a_touched_matrix_is_read_again(path, cache, reads):
    read_probes(path, "RNCMPT00001", "SetA", cache)
    os.utime(path, ns=(1, 1))
    read_probes(path, "RNCMPT00001", "SetA", cache)
    assert reads == ["RNCMPT00001"] * 2


def test_two_matrices_share_a_cache_folder(tmp_path, cache, matrix):
    folders = [tmp_path / "a" / "data", tmp_path / "b" / "data"]
    paths = []
    for number, folder in enumerate(folders):
        folder.mkdir(parents=True)
        matrix.fill("RNCMPT00001", [str(number)] * 600)
        paths.append(matrix.write(folder))
    for _ in range(2):
        for number, one in enumerate(paths):
            assert (read_probes(one, "RNCMPT00001", "SetA", cache).intensity == number).all()


def test_another_version_is_made_again(path, cache, reads, monkeypatch):
    read_probes(path, "RNCMPT00001", "SetA", cache)
    monkeypatch.setattr(data_io.cache, "_VERSION", data_io.cache._VERSION + 1)
    read_probes(path, "RNCMPT00001", "SetA", cache)
    assert reads == ["RNCMPT00001"] * 2


PLACES = {
    "cut": lambda size: range(0, size, size // 9),
    "flip": lambda size: [
        *range(0, 300, 7),
        size // 2,
        *range(size - 300, size, 7),
    ],  # the headers and a value
    "empty": lambda size: [0],
    "text": lambda size: [0],
    "folder": lambda size: [0],
}


@pytest.mark.parametrize("name", ["SetA.RNCMPT00001.safetensors", "SetA.sequences.safetensors"])
@pytest.mark.parametrize("damage", PLACES)
def test_whatever_happens_to_the_cache_the_values_stay(path, cache, name, damage, reads, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # slow, and not what is tested
    fresh = read_probes(path, "RNCMPT00001", "SetA", cache)
    file = cached_files(cache)[name]
    whole = file.read_bytes()
    for place in PLACES[damage](len(whole)):
        if damage == "folder":
            file.unlink()
            file.mkdir()
        else:
            flipped = whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :]
            file.write_bytes({"cut": whole[:place], "flip": flipped, "empty": b"", "text": b"hello"}[damage])
        assert_same(read_probes(path, "RNCMPT00001", "SetA", cache), fresh)
    assert len(reads) > 1


def test_a_damaged_file_is_told_and_replaced(path, cache, reads, caplog):
    read_probes(path, "RNCMPT00001", "SetA", cache)
    file = cached_files(cache)["SetA.RNCMPT00001.safetensors"]
    whole = file.read_bytes()
    file.write_bytes(whole[:-300])
    read_probes(path, "RNCMPT00001", "SetA", cache)
    assert reads == ["RNCMPT00001"] * 2
    assert [record.getMessage() for record in caplog.records] == [
        f"{file}: is damaged (SafetensorError); reading the matrix again"
    ]
    assert file.read_bytes() == whole


def test_a_pickled_array_is_not_loaded(path, cache, reads):
    read_probes(path, "RNCMPT00001", "SetA", cache)
    file = cached_files(cache)["SetA.RNCMPT00001.safetensors"]
    file.write_bytes(pickle.dumps(np.zeros(600, np.float32)))
    read_probes(path, "RNCMPT00001", "SetA", cache)
    assert reads == ["RNCMPT00001"] * 2


@pytest.mark.parametrize("values", [np.zeros(3, np.float32), np.zeros(600), np.zeros((600, 2), np.float32)])
def test_arrays_of_another_form_are_not_used(path, cache, reads, values):
    fresh = read_probes(path, "RNCMPT00001", "SetA", cache)
    ArrayCache(cache, Source.of(path)).store("SetA.RNCMPT00001", values)
    assert_same(read_probes(path, "RNCMPT00001", "SetA", cache), fresh)
    assert reads == ["RNCMPT00001"] * 2


def test_a_cache_that_cannot_be_written_is_told_once_and_done_without(path, tmp_path, caplog):
    (tmp_path / "cache").write_text("a file in the place of the folder")
    with caplog.at_level(logging.WARNING):
        probes = read_probes(path, "RNCMPT00001", "SetA", tmp_path / "cache")
    assert_same(probes, read_probes(path, "RNCMPT00001", "SetA"))
    stored = [r.getMessage() for r in caplog.records if "not cached" in r.getMessage()]
    assert len(stored) == 1
    assert str(tmp_path / "cache") in stored[0]


def test_experiments_with_a_column(path):
    assert measured_experiments(path) == ["RNCMPT00001", "RNCMPT00002"]


def test_the_real_matrix_has_one_experiment(real_data):
    assert measured_experiments(real_data / "norm_data.txt.gz") == ["RNCMPT00002"]
