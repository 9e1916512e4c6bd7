"""Probes that stand in both sets are no test of anything: they are counted, warned of and left out."""

import logging
from dataclasses import replace

import numpy as np
import pytest

import data_io.held_out
from data_io.alphabet import decode
from data_io.cache import ArrayCache, Source
from data_io.rnacompete import measured_experiments, read_sequences
from data_io.sealed import open_test_set
from data_io.testable import require_test_set
from data_io.training_set import load_training_set
from tests.conftest import find_real_data
from tests.data_io.conftest import cached_files

WARNING = "stand in SetA, too, with the same sequence; the test leaves them out"


@pytest.fixture(params=[False, True], ids=["read", "cached"])
def cache(request, tmp_path):
    return tmp_path / "cache" if request.param else None


@pytest.mark.parametrize("shared", [0, 1, 40])
def test_probes_of_both_sets_are_left_out_of_the_test(tmp_path, matrix, fox, cache, caplog, shared):
    own = [row for row in matrix.rows if row[1] == "SetB"]
    set_a = [row for row in matrix.rows if row[1] == "SetA"]
    matrix.rows += [[row[0], "SetB", *row[2:]] for row in set_a[:shared]]
    path = matrix.write(tmp_path)
    scaling = load_training_set(tmp_path, fox, cache=cache).scaling
    with caplog.at_level(logging.WARNING):
        assert require_test_set(tmp_path, fox, cache) is None
        require_test_set(tmp_path, fox, cache)  # by a driver, after a launch; said once all the same
    counted = {0: [], 1: ["1 probe of SetB"], 40: ["40 probes of SetB"]}[shared]
    assert [r.getMessage() for r in caplog.records] == [f"{path}: {count} {WARNING}" for count in counted]
    test = open_test_set(tmp_path, fox, scaling, cache)
    assert test.shared_with_set_a == shared
    assert decode(test.codes) == [row[2] for row in own]
    assert np.array_equal(test.targets, scaling.apply(np.array([float(row[3]) for row in own], np.float32)))


def test_training_makes_no_difference_of_them(tmp_path, matrix, fox):
    matrix.write(tmp_path)
    before = load_training_set(tmp_path, fox).fingerprint
    matrix.rows += [[row[0], "SetB", *row[2:]] for row in matrix.rows if row[1] == "SetA"]
    matrix.write(tmp_path)
    assert load_training_set(tmp_path, fox).fingerprint == before


@pytest.mark.parametrize("folder", ["rnacompete_real", "rnacompete_16", "rnacompete_small"])
def test_no_sequence_of_the_array_stands_in_both_sets(folder, tmp_path):
    data = find_real_data()
    if data is None or not (data / folder).is_dir():
        pytest.skip(f"no measured data: {folder} is missing")
    path = data / folder / "norm_data.txt.gz"
    experiment = measured_experiments(path)[0]
    sets = [set(decode(read_sequences(path, experiment, name, tmp_path))) for name in ("SetA", "SetB")]
    assert min(map(len, sets)) > 0
    assert not sets[0] & sets[1]


def test_they_are_looked_for_once_a_matrix(tmp_path, matrix, fox, monkeypatch):
    looked = []
    original = data_io.held_out.read_sequences
    monkeypatch.setattr(
        data_io.held_out, "read_sequences", lambda *asked: looked.append(asked[1]) or original(*asked)
    )
    pum = replace(fox, motif_id="RNCMPT00002", protein="PUM")
    repeated = next(row for row in matrix.rows if row[1] == "SetA")
    matrix.rows.append([repeated[0], "SetB", *repeated[2:]])
    matrix.write(tmp_path)
    scaling, cache = load_training_set(tmp_path, fox).scaling, tmp_path / "cache"
    for experiment in (fox, pum, fox):
        require_test_set(tmp_path, experiment, cache)
        assert open_test_set(tmp_path, experiment, scaling, cache).shared_with_set_a == 1
    assert looked == [fox.motif_id]
    del matrix.rows[-1]
    matrix.write(tmp_path)
    assert open_test_set(tmp_path, pum, scaling, cache).shared_with_set_a == 0
    assert looked == [fox.motif_id, pum.motif_id]


@pytest.mark.parametrize("kept", [np.ones(3, np.bool_), np.ones(600), None], ids=["few", "floats", "damaged"])
def test_what_is_kept_of_another_form_is_not_used(tmp_path, matrix, fox, kept):
    matrix.write(tmp_path)
    cache = tmp_path / "cache"
    scaling = load_training_set(tmp_path, fox, cache=cache).scaling
    fresh = open_test_set(tmp_path, fox, scaling, cache)
    file = cached_files(cache)["SetB.shared.safetensors"]
    whole = file.read_bytes()
    if kept is None:
        place = len(whole) // 2
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    else:
        ArrayCache(cache, Source.of(tmp_path / "norm_data.txt")).store("SetB.shared", kept)
    again = open_test_set(tmp_path, fox, scaling, cache)
    assert again.shared_with_set_a == 0
    assert np.array_equal(again.codes, fresh.codes)
    assert file.read_bytes() == whole
