"""What is compared between our search and the naive one is what happened."""

import gzip
import json
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from data_io.training_set import Examples, TrainingSet
from tests.benchmarks import against_naive
from tests.benchmarks.naive import Search


def test_a_subset_holds_as_many_probes_of_each_set_and_is_made_once(tmp_path, monkeypatch):
    monkeypatch.setenv("RBPTUNE_BENCH_DATA", str(tmp_path / "bench"))
    (tmp_path / "metadata.csv").write_text("Motif_ID,Protein_name,Species\nR1,A,x\nR2,B,x\nR3,C,x\n")
    rows = [f"P{i}\tSet{'AB'[i % 3 == 0]}\tACGU\t{i}\t{-i}\t{i * i}" for i in range(60)]
    head = "Probe_ID\tProbe_Set\tRNA_Seq\tR1\tR2\tR3"
    (tmp_path / "norm_data.txt.gz").write_bytes(gzip.compress("\n".join([head, *rows, ""]).encode()))
    folder = against_naive.subset(tmp_path, ["A", "C"], 15)
    matrix = pl.read_csv(folder / "norm_data.txt", separator="\t")
    assert matrix.columns == ["Probe_ID", "Probe_Set", "RNA_Seq", "R1", "R3"]
    assert matrix["Probe_Set"].value_counts().sort("Probe_Set")["count"].to_list() == [15, 15]
    assert (matrix["R3"] == matrix["R1"] ** 2).all()
    assert pl.read_csv(folder / "metadata.csv")["Protein_name"].to_list() == ["A", "C"]
    (tmp_path / "norm_data.txt.gz").unlink()
    assert against_naive.subset(tmp_path, ["A", "C"], 15) == folder


def test_the_log_tells_when_a_search_had_a_better_score(tmp_path):
    events = [
        {"event": "epoch_ended", "time": "2026-01-01T00:00:05+00:00", "spearman": 0.2},
        {"event": "epoch_ended", "time": "2026-01-01T00:00:07+00:00", "spearman": 0.1},
        {"event": "trial_finished", "time": "2026-01-01T00:00:08+00:00", "spearman": 0.9},
        {"event": "epoch_ended", "time": "2026-01-01T00:00:09+00:00", "spearman": 0.3},
    ]
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "events.jsonl").write_text("\n".join(map(json.dumps, events)))
    figures = {"test_spearman": 0.4, "test_pearson": 0.5}
    result = {**figures, "members": [{"test_spearman": 0.35, "test_pearson": 0.45}], "trials": 2}
    (tmp_path / "result.json").write_text(json.dumps(result))
    found = against_naive.finished(tmp_path, 1767225600.0)
    assert found["found"] == [(5.0, 0.2), (9.0, 0.3)]
    assert (found["test"]["spearman"], found["member"]["spearman"]) == (0.4, 0.35)


def test_a_row_says_when_ours_had_what_the_naive_one_ended_with():
    side = {"trials": 3, "test": {"spearman": 0.5, "pearson": 0.6}, "member": {"spearman": 0.45}}
    ours = {**side, "found": [(10.0, 0.2), (30.0, 0.55)]}
    naive = {**side, "found": [(100.0, 0.4)]}
    assert against_naive.row("A", {"seconds": 200, "ours": ours, "naive": naive}).endswith("| 100 s / 30 s |")
    assert against_naive.row("A", {"seconds": 200, "ours": naive, "naive": ours}).endswith("| 30 s / never |")


def test_the_summary_pairs_experiments():
    def of(ours, naive):
        return {"ours": {"test": {"spearman": ours}}, "naive": {"test": {"spearman": naive}}}

    results = [of(0.5, 0.4), of(0.6, 0.5), of(0.3, 0.35)]
    assert "higher by 0.050 (deviation 0.087, lowest -0.050), on 2 of 3" in against_naive.summary(results)
    assert against_naive.summary(results[:1]) == ""


def test_the_naive_search_keeps_its_best_network_when_interrupted(monkeypatch):
    random = np.random.default_rng(0)
    examples = Examples(
        random.integers(0, 4, (300, 41), dtype=np.uint8), random.standard_normal(300).astype(np.float32)
    )
    search = Search(TrainingSet(examples, examples, SimpleNamespace(), "some"), seed=1)
    values = iter([0.1, 0.3, 0.2])

    def epoch(loop):
        try:
            return next(values)
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr("tests.benchmarks.naive.Loop.epoch", epoch)
    search.run()
    assert [value for _, value in search.found] == [0.1, 0.3]
    assert search.best is not None
    assert not search.best.training


@pytest.mark.parametrize("arguments", [[], ["RBP08"]])
def test_without_measurements_it_says_where_it_looked(arguments, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["against_naive", *arguments, "--data", str(tmp_path)])
    with pytest.raises(SystemExit, match=rf"{tmp_path}: no metadata.csv; set RBPTUNE_REAL_DATA"):
        against_naive.main()
