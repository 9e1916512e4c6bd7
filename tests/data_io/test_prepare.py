"""One pass over the matrix for all experiments, before any study begins."""

import multiprocessing

import pytest

from data_io.errors import DataError
from data_io.rnacompete import prepare_matrix, read_probes
from tests.data_io.conftest import assert_same, cached_files

BOTH = ["RNCMPT00001", "RNCMPT00002"]


def test_a_prepared_matrix_is_not_read_again(path, cache, reads, passes):
    fresh = {(e, s): read_probes(path, e, s) for e in BOTH for s in ("SetA", "SetB")}
    reads.clear()
    for _ in range(2):
        prepare_matrix(path.parent, BOTH, cache)
        for (experiment, probe_set), probes in fresh.items():
            assert_same(read_probes(path, experiment, probe_set, cache), probes)
    assert (reads, passes) == ([], [BOTH])


def test_preparing_makes_the_same_files_as_reading_one_by_one(path, cache, tmp_path):
    prepare_matrix(path.parent, BOTH, cache)
    for experiment in BOTH:
        read_probes(path, experiment, "SetA", tmp_path / "other")
    ours, others = cached_files(cache), cached_files(tmp_path / "other")
    assert {name: file.read_bytes() for name, file in ours.items()} == {
        name: file.read_bytes() for name, file in others.items()
    }


def test_preparing_reads_what_is_missing_stale_or_no_array(path, cache, passes, matrix):
    read_probes(path, "RNCMPT00002", "SetA", cache)
    prepare_matrix(path.parent, BOTH, cache)
    assert passes.pop() == ["RNCMPT00001"]
    cached_files(cache)["SetB.RNCMPT00002.safetensors"].write_bytes(b"hello")
    prepare_matrix(path.parent, BOTH, cache)
    assert passes.pop() == ["RNCMPT00002"]
    cached_files(cache)["SetA.sequences.safetensors"].unlink()
    prepare_matrix(path.parent, BOTH, cache)
    assert passes.pop() == BOTH
    matrix.fill("RNCMPT00001", ["7.5"] * 600)
    matrix.write(path.parent)
    prepare_matrix(path.parent, BOTH, cache)
    assert passes.pop() == BOTH
    assert (read_probes(path, "RNCMPT00001", "SetA", cache).intensity == 7.5).all()


def test_what_damages_the_values_of_a_prepared_matrix_is_noticed(path, cache, reads):
    fresh = read_probes(path, "RNCMPT00001", "SetB")
    prepare_matrix(path.parent, BOTH, cache)
    reads.clear()
    file = cached_files(cache)["SetB.RNCMPT00001.safetensors"]
    whole = bytearray(file.read_bytes())
    whole[len(whole) // 2] ^= 1
    file.write_bytes(whole)
    assert_same(read_probes(path, "RNCMPT00001", "SetB", cache), fresh)
    assert reads == ["RNCMPT00001"]


def test_an_experiment_that_cannot_be_read_is_passed_over(path, cache, matrix, reads):
    matrix.rows[9][3] = "high"
    matrix.write(path.parent)
    prepare_matrix(path.parent, [*BOTH, "RNCMPT00099"], cache)
    read_probes(path, "RNCMPT00002", "SetA", cache)
    assert reads == []
    for experiment, problem in (("RNCMPT00001", "line 11"), ("RNCMPT00099", "no column RNCMPT00099")):
        with pytest.raises(DataError, match=problem):
            read_probes(path, experiment, "SetA", cache)
    prepare_matrix(path.parent, ["RNCMPT00099"], cache)


def test_two_processes_may_prepare_at_once(path, cache):
    fresh = read_probes(path, "RNCMPT00002", "SetA")
    spawn = multiprocessing.get_context("spawn")
    both = [spawn.Process(target=prepare_matrix, args=(path.parent, BOTH, cache)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
        assert process.exitcode == 0
    assert {file.suffix for file in cached_files(cache).values()} == {".safetensors"}, (
        "nothing half-written is left"
    )
    assert_same(read_probes(path, "RNCMPT00002", "SetA", cache), fresh)


def test_a_cache_that_cannot_be_written_is_told_once_when_preparing(path, tmp_path, caplog):
    (tmp_path / "cache").write_text("a file in the place of the folder")
    prepare_matrix(path.parent, BOTH, tmp_path / "cache")
    assert len([r for r in caplog.records if "not cached" in r.getMessage()]) == 1
