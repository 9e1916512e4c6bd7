"""Probes that stand in both sets are no test of anything: they are counted, warned of and left out."""

import logging

import numpy as np
import pytest

from data_io.alphabet import decode
from data_io.rnacompete import measured_experiments, read_sequences
from data_io.sealed import open_test_set
from data_io.testable import require_test_set
from data_io.training_set import load_training_set
from tests.conftest import find_real_data

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
