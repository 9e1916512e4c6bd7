"""Tests of handing a finished study over."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from data_io.alphabet import encode
from data_io.errors import ModelError, StorageError, StudyError
from models.weights import load_model
from search.results.export import export_study
from search.results.predicting import predict_file
from tests.support.toys import finish_study

FILES = [
    "README.txt",
    "config.json",
    "curve.csv",
    "metrics.json",
    "motif.tsv",
    "weights-0.safetensors",
    "weights-1.safetensors",
]


def content(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def artifacts(tmp_path):
    folder = tmp_path / "studies" / "artifacts" / "RBFOX1" / "RNCMPT00168" / "cnn"
    folder.mkdir(parents=True)
    finish_study(folder)
    return folder


@pytest.fixture
def out(tmp_path):
    return tmp_path / "exports" / "rbfox1"


def test_what_is_in_an_export(artifacts, out):
    assert export_study(artifacts, out) == out
    assert sorted(path.name for path in out.iterdir()) == FILES
    assert [path.name for path in out.parent.iterdir()] == ["rbfox1"]
    result = json.loads((artifacts / "result.json").read_text())
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics == result
    assert metrics["provenance"]["fingerprint"] == "ab12"
    assert (out / "curve.csv").read_text() == (artifacts / "curve.csv").read_text()
    config = json.loads((out / "config.json").read_text())
    assert (config["architecture"], config["network"]["filters"], config["scaling"]) == (
        "cnn",
        4,
        {"mean": 1.0},
    )


def test_the_export_alone_predicts_as_the_study_did(artifacts, out, tmp_path):
    codes, _ = encode(["ACGUACGUAGCUAGCUAGCAUC", "UGCAUG" * 5])
    before = load_model(artifacts / "model").predict(codes)
    export_study(artifacts, out)
    moved = tmp_path / "elsewhere"
    out.rename(moved)
    (artifacts / "result.json").unlink()
    np.testing.assert_array_equal(load_model(moved).predict(codes), before)
    fasta = tmp_path / "x.fasta"
    fasta.write_text(">a\nACGUACGUAGCUAGCUAGCAUC\n")
    predict_file(moved, fasta, tmp_path / "x.tsv")
    assert (tmp_path / "x.tsv").read_text().splitlines()[1].startswith("a\t22\t")


def test_the_motif_table(artifacts, out):
    export_study(artifacts, out)
    rows = list(csv.DictReader((out / "motif.tsv").open(), delimiter="\t"))
    assert list(rows[0]) == ["rank", "kmer", "effect", "spread"]
    assert len(rows) == 20
    assert all(re.fullmatch("[ACGU]{7}", row["kmer"]) for row in rows)
    effects = [float(row["effect"]) for row in rows]
    assert effects == sorted(effects, reverse=True)


def test_the_readme_says_what_to_do_and_it_works(artifacts, out):
    export_study(artifacts, out)
    text = (out / "README.txt").read_text()
    assert "cnn for RBFOX1 (RNCMPT00168, Homo_sapiens)" in text
    assert "validation 0.550, test 0.540" in text
    assert "rbptune predict . sequences.fasta" in text
    lines = re.findall(r"^    (import .*|scores = .*)$", text, re.MULTILINE)
    assert len(lines) == 2
    program = "\n".join([*lines, "print(scores.shape)"])
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=out,
        env={"PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("(1,)\n", 0), done.stderr


def test_an_earlier_export_is_replaced_by_the_same_bytes(artifacts, out):
    export_study(artifacts, out)
    before = content(out)
    (out / "weights-2.safetensors").write_bytes(b"of an ensemble that was larger")
    export_study(artifacts, out)
    assert content(out) == before


def test_an_empty_folder_is_used(artifacts, out):
    out.mkdir(parents=True)
    export_study(artifacts, out)
    assert sorted(content(out)) == FILES


def test_a_link_to_a_folder_stays_a_link(artifacts, tmp_path):
    (tmp_path / "real").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "real")
    export_study(artifacts, link)
    assert link.is_symlink()
    assert sorted(content(tmp_path / "real")) == FILES


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("thesis.tex", "years of work", "holds other files"),
        ("metrics.json", "[]", "holds other files"),
        ("metrics.json", "{half", "holds other files"),
        (
            "metrics.json",
            '{"study": "PUM1/RNCMPT00101/rnn"}',
            "holds the export of PUM1/RNCMPT00101/rnn, not of RBFOX1",
        ),
    ],
)
def test_other_folders_are_not_touched(artifacts, out, name, text, message):
    out.mkdir(parents=True)
    (out / name).write_text(text)
    with pytest.raises(StudyError, match=message):
        export_study(artifacts, out)
    assert content(out) == {name: text.encode()}


def test_files_added_to_an_export_are_not_lost(artifacts, out):
    export_study(artifacts, out)
    (out / "notes.txt").write_text("mine")
    with pytest.raises(StudyError, match=r"holds 'notes\.txt' beside an earlier export"):
        export_study(artifacts, out)
    assert (out / "notes.txt").read_text() == "mine"


def test_a_file_in_the_way(artifacts, out):
    out.parent.mkdir()
    out.write_text("mine")
    with pytest.raises(StudyError, match="is a file"):
        export_study(artifacts, out)
    with pytest.raises(StorageError, match="cannot be written"):
        export_study(artifacts, out / "below")
    assert out.read_text() == "mine"


def test_a_study_that_is_not_done(artifacts, out):
    (artifacts / "result.json").unlink()
    with pytest.raises(StudyError, match="study RBFOX1/RNCMPT00168/cnn is not done"):
        export_study(artifacts, out)
    assert not out.parent.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{half", "cannot be read"),
        ("[]", "not a result"),
        ('{"study": "a/b/c"}', "protein is None"),
    ],
)
def test_a_damaged_result(artifacts, out, text, message):
    (artifacts / "result.json").write_text(text)
    with pytest.raises(StudyError, match=rf"result\.json: .*{message}"):
        export_study(artifacts, out)


def test_a_result_without_a_figure(artifacts, out):
    result = finish_study(artifacts, test_spearman=None)
    assert result["test_spearman"] is None
    with pytest.raises(StudyError, match=r"result\.json: test_spearman is None"):
        export_study(artifacts, out)


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("model/weights-1.safetensors", ModelError),
        ("model/config.json", ModelError),
        ("curve.csv", StudyError),
    ],
)
def test_a_missing_file_leaves_nothing_behind(artifacts, out, name, error):
    (artifacts / name).unlink()
    with pytest.raises(error, match=re.escape(str(artifacts / name))):
        export_study(artifacts, out)
    assert not out.exists()
    assert not out.parent.exists() or list(out.parent.iterdir()) == []


def test_a_failed_export_keeps_the_earlier_one(artifacts, out, monkeypatch):
    export_study(artifacts, out)
    before = content(out)
    (artifacts / "curve.csv").unlink()
    with pytest.raises(StudyError):
        export_study(artifacts, out)
    assert content(out) == before
    finish_study(artifacts)
    rename = Path.rename

    def fail(self, target):
        if self.name == "new":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(StorageError, match=r"no space left on device.*make room"):
        export_study(artifacts, out)
    assert content(out) == before
    assert [path.name for path in out.parent.iterdir()] == ["rbfox1"]


def test_mode_and_group_of_an_earlier_folder_stay(artifacts, out):
    export_study(artifacts, out)
    out.chmod(0o2750)
    export_study(artifacts, out)
    assert out.stat().st_mode & 0o7777 == 0o2750
