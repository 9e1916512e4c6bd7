from dataclasses import replace

import numpy as np
import pytest

import data_io.training_set
from data_io.alphabet import decode
from data_io.errors import DataError
from data_io.experiments import Experiment, read_master_sheet, resolve
from data_io.sealed import open_test_set
from data_io.splits import PROTOCOLS, split_set_a
from data_io.targets import fit_scaling
from data_io.training_set import Examples, TrainingSet, load_training_set


def assert_same_examples(one: Examples, other: Examples):
    assert np.array_equal(one.codes, other.codes)
    assert np.array_equal(one.targets, other.targets, equal_nan=True)


def assert_same(one: TrainingSet, other: TrainingSet):
    assert_same_examples(one.train, other.train)
    assert_same_examples(one.validation, other.validation)
    assert one.scaling == other.scaling
    assert one.fingerprint == other.fingerprint


def without_set_b(matrix, way):
    if way == "unmeasured":
        for row in matrix.rows:
            if row[1] == "SetB":
                row[3] = ""
    elif way == "absent":
        matrix.rows = [row for row in matrix.rows if row[1] == "SetA"]
    elif way == "constant":
        for row in matrix.rows:
            if row[1] == "SetB":
                row[3] = "1.0"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_both_sides_by_hand(tmp_path, matrix, fox, protocol):
    cells = matrix.column("RNCMPT00001")
    matrix.fill("RNCMPT00001", ["" if i % 10 == 0 else cell for i, cell in enumerate(cells)])
    matrix.write(tmp_path)
    rows = [row for row in matrix.rows if row[1] == "SetA"]
    intensity = np.array([float(row[3] or "nan") for row in rows], np.float32)
    data = load_training_set(tmp_path, fox, protocol)
    codes = np.concatenate([data.train.codes, data.validation.codes])
    assert sorted(decode(codes)) == sorted(row[2] for row in rows)
    split = split_set_a(load_set_a_codes(rows), protocol)
    assert data.scaling == fit_scaling(intensity[split.train])
    for side, chosen in ((data.train, split.train), (data.validation, split.validation)):
        assert decode(side.codes) == [rows[i][2] for i in chosen]
        expected = data.scaling.apply(intensity[chosen])
        assert np.array_equal(side.targets, expected, equal_nan=True)
        assert np.isnan(side.targets).any(), "probes that were not measured are kept"
    assert len(data.validation) == len(split.validation)


def load_set_a_codes(rows):
    from data_io.alphabet import encode

    return encode([row[2] for row in rows])[0]


@pytest.mark.parametrize("way", ["unmeasured", "absent", "constant"])
@pytest.mark.parametrize("cached", [False, True])
def test_set_b_makes_no_difference(tmp_path, matrix, fox, way, cached):
    cache = tmp_path / "cache" if cached else None
    matrix.write(tmp_path)
    whole = load_training_set(tmp_path, fox, cache=cache)
    without_set_b(matrix, way)
    matrix.write(tmp_path)
    assert_same(load_training_set(tmp_path, fox, cache=cache), whole)


def test_the_validation_has_no_part_in_the_scaling(tmp_path, matrix, fox):
    matrix.write(tmp_path)
    before = load_training_set(tmp_path, fox)
    kept = set(decode(before.train.codes))
    for row in matrix.rows:
        if row[2] not in kept:
            row[3] = f"{float(row[3]) * 100:.4f}"
    matrix.write(tmp_path)
    after = load_training_set(tmp_path, fox)
    assert after.scaling == before.scaling
    assert_same_examples(after.train, before.train)
    assert np.isfinite(after.validation.targets).all()
    assert after.fingerprint != before.fingerprint


def test_the_fingerprint_is_that_of_set_a(tmp_path, matrix, fox):
    matrix.write(tmp_path)
    before = load_training_set(tmp_path, fox).fingerprint
    assert len(before) == 64
    assert load_training_set(tmp_path, fox, "seeded-shuffle").fingerprint == before
    matrix.newline = "\r\n"
    matrix.rows = [[f"other {row[0]}", *row[1:4], "0.5"] for row in matrix.rows]
    matrix.write(tmp_path)
    assert load_training_set(tmp_path, fox).fingerprint == before, "only what is learned from counts"
    first = next(row for row in matrix.rows if row[1] == "SetA")
    first[2] = first[2][:-1]
    matrix.write(tmp_path)
    changed = load_training_set(tmp_path, fox).fingerprint
    first[3] = ""
    matrix.write(tmp_path)
    assert len({before, changed, load_training_set(tmp_path, fox).fingerprint}) == 3


def test_compressed_plain_and_cached_are_the_same(tmp_path, matrix, fox):
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    plain.mkdir()
    packed.mkdir()
    matrix.write(plain)
    matrix.write(packed, "norm_data.txt.gz")
    expected = load_training_set(plain, fox)
    for _ in range(2):
        assert_same(load_training_set(packed, fox, cache=tmp_path / "cache"), expected)
        assert_same(load_training_set(str(plain), fox, cache=str(tmp_path / "cache")), expected)


@pytest.mark.parametrize("cached", [False, True])
def test_the_test_set(tmp_path, matrix, fox, cached):
    cache = tmp_path / "cache" if cached else None
    matrix.write(tmp_path)
    scaling = load_training_set(tmp_path, fox, cache=cache).scaling
    test = open_test_set(tmp_path, fox, scaling, cache)
    rows = [row for row in matrix.rows if row[1] == "SetB"]
    assert decode(test.codes) == [row[2] for row in rows]
    intensity = np.array([float(row[3]) for row in rows], np.float32)
    assert np.array_equal(test.targets, scaling.apply(intensity))


def test_the_real_subset(real_data, tmp_path):
    experiment = resolve("ANKHD1", read_master_sheet(real_data / "metadata.xlsx"))
    for protocol in PROTOCOLS:
        data = load_training_set(real_data, experiment, protocol, tmp_path)
        assert (len(data.train), len(data.validation)) == (24_000, 6_000)
        assert np.nanmean(data.train.targets) == pytest.approx(0, abs=1e-5)
        assert np.nanstd(data.train.targets) == pytest.approx(1, abs=1e-5)
    test = open_test_set(real_data, experiment, data.scaling, tmp_path)
    assert len(test) == 30_000
    sides = [set(map(bytes, side.codes)) for side in (data.train, data.validation, test)]
    assert len(set.union(*sides)) == 60_000


def test_every_simulated_experiment_loads(simulated):
    for experiment in read_master_sheet(simulated / "metadata.xlsx"):
        assert isinstance(experiment, Experiment)
        data = load_training_set(simulated, experiment)
        assert (
            len(data.train) + len(data.validation) + len(open_test_set(simulated, experiment, data.scaling))
            == 3000
        )


def test_a_set_a_that_cannot_be_parted_is_refused_with_its_file(tmp_path):
    rows = [
        f"p{n}\t{'SetA' if n % 2 else 'SetB'}\t{'ACGU' * 9 if n % 3 else 'GGCA' * 9}\t{n}" for n in range(400)
    ]
    matrix = tmp_path / "norm_data.txt"
    matrix.write_text("\n".join(["Probe_ID\tProbe_Set\tRNA_Seq\tRNCMPT00001", *rows]) + "\n")
    with pytest.raises(DataError, match="only 2 distinct sequences") as refused:
        load_training_set(tmp_path, Experiment("RNCMPT00001", "P", "Homo_sapiens"))
    assert str(refused.value).startswith(f"{matrix}: 200 probes in Set A have")


def test_the_experiments_of_a_matrix_are_split_once(tmp_path, matrix, fox, monkeypatch):
    splits = []
    original = data_io.training_set.split_set_a
    monkeypatch.setattr(
        data_io.training_set, "split_set_a", lambda *asked: splits.append(asked[1]) or original(*asked)
    )
    monkeypatch.setattr(data_io.training_set, "_last_split", {})
    pum = replace(fox, motif_id="RNCMPT00002", protein="PUM")
    matrix.write(tmp_path)
    one, other = (load_training_set(tmp_path, experiment) for experiment in (fox, pum))
    assert np.array_equal(one.validation.codes, other.validation.codes)
    assert splits == ["grouped"]
    load_training_set(tmp_path, fox, "seeded-shuffle")
    assert splits == ["grouped", "seeded-shuffle"]
    matrix.rows = matrix.rows[:-100]
    matrix.write(tmp_path)
    fewer = load_training_set(tmp_path, fox, "seeded-shuffle")
    assert splits == ["grouped", "seeded-shuffle", "seeded-shuffle"]
    assert len(fewer.train) + len(fewer.validation) == sum(row[1] == "SetA" for row in matrix.rows)
