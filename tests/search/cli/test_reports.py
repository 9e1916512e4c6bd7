"""The commands about finished studies: report, export, leaderboard, reproduce."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tomllib
import zipfile
from pathlib import Path

import pytest

from data_io.simulate import simulate
from search.results.ensemble import how_made
from search.study.workspace import Workspace
from tests.support.commands import STUDY, launch, rbptune
from tests.support.faults import outcome

FOLDER = Path(*STUDY.split("/"))


@pytest.fixture(scope="module")
def exported(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All exports of a workspace with one finished study; not to be written to."""
    out = tmp_path_factory.mktemp("exports") / "all"
    said = rbptune("export", "--all", "--workspace", finished, "--out", out)
    assert (said.code, said.out) == (0, ""), said.err
    assert said.err == f"{STUDY}: exported\nwritten to {out}: 1 study, index.html\n"
    return out


def test_an_export_has_all_that_the_study_left(exported: Path, finished: Path) -> None:
    folder, artifacts = exported / FOLDER, Workspace(finished).artifacts(STUDY)
    kept = {"evidence.json", "motifs.meme", "test_predictions.tsv.gz", "curve.csv"}
    for name in kept | {path.name for path in artifacts.glob("motif_*")}:
        assert (folder / name).read_bytes() == (artifacts / name).read_bytes()
    assert json.loads((folder / "metrics.json").read_text()) == json.loads(
        (artifacts / "result.json").read_text()
    )
    listed = re.findall(r"^([\w.-]+\.\w+) +\w", (folder / "README.txt").read_text(), re.MULTILINE)
    there = {re.sub(r"\d+", "K", path.name) for path in folder.iterdir()}
    assert {re.sub(r"\d+", "K", name) for name in listed} | {"README.txt"} >= there - {
        "motif_K.svg",
        "motif_K.png",
    }
    assert (
        f"{json.loads((artifacts / 'result.json').read_text())['test_spearman']}"
        in (folder / "report.html").read_text()
    )


def test_an_export_says_how_the_model_was_trained(exported: Path) -> None:
    said = how_made(json.loads((exported / FOLDER / "metrics.json").read_text()))
    assert said.startswith("Each member was then trained ")
    for name in ("README.txt", "report.html"):
        assert said in " ".join((exported / FOLDER / name).read_text().split())


def test_the_best_config_is_launched_again(exported: Path, simulated: Path, tmp_path: Path) -> None:
    space = exported / FOLDER / "space.toml"
    params = json.loads((exported / FOLDER / "metrics.json").read_text())["params"]
    assert tomllib.loads(space.read_text())["seed"] == params
    again = ("--space", space, "--trials", 1)
    assert rbptune(*launch(simulated, tmp_path / "again", *again)).code == 0
    found = outcome(tmp_path / "again")["result"]
    assert isinstance(found, dict)
    assert (found["best_trial"], found["params"]) == (0, params)


def test_the_index_leads_to_each_report(exported: Path) -> None:
    text = (exported / "index.html").read_text()
    links = re.findall(r'href="([^"]+)"', text)
    assert links == [f"{STUDY}/report.html", f"{STUDY}/"]
    assert all((exported / link).exists() for link in links)


def test_an_archive_holds_the_same_files_and_is_the_same_each_time(
    exported: Path, finished: Path, tmp_path: Path
) -> None:
    digests = []
    for name in ("a.zip", "b"):
        place = tmp_path / name / "model"
        said = rbptune("export", "SIMFOX", "--zip", "--workspace", finished, "--out", place)
        assert said.err == f"{STUDY} written to {place}.zip\n"
        digests.append(hashlib.sha256(place.with_suffix(".zip").read_bytes()).hexdigest())
        assert [path.name for path in place.parent.iterdir()] == ["model.zip"]
    assert digests[0] == digests[1]
    with zipfile.ZipFile(tmp_path / "b" / "model.zip") as packed:
        files = {path.name: path.read_bytes() for path in (exported / FOLDER).iterdir()}
        assert {name: packed.read(name) for name in packed.namelist()} == {
            f"model/{name}": content for name, content in files.items()
        }


def test_an_index_of_others_is_not_replaced(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("my page")
    said = rbptune("export", "--all", "--workspace", finished, "--out", tmp_path)
    assert (said.code, (tmp_path / "index.html").read_text()) == (2, "my page")
    assert "is not an index of rbptune's" in said.err


def test_one_damaged_study_keeps_no_other_from_being_exported(finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished, tmp_path / "studies")
    (Workspace(tmp_path / "studies").artifacts(STUDY) / "curve.csv").unlink()
    said = rbptune("export", "--all", "--workspace", tmp_path / "studies", "--out", tmp_path / "out")
    assert said.code == 1
    assert "curve.csv: no such file" in said.err
    assert "1 of 1 could not be exported" in said.err


@pytest.mark.parametrize("arguments", [(), ("SIMFOX", "--all")])
def test_either_a_name_or_all(arguments: tuple[str, ...], finished: Path, tmp_path: Path) -> None:
    said = rbptune("export", *arguments, "--workspace", finished, "--out", tmp_path / "out")
    assert (said.code, said.err) == (
        2,
        "rbptune: error: export: name a protein or give --all, one of both\n",
    )


class TestReproducing:
    def test_the_same_members_come_out_and_the_test_stays_closed(
        self, exported: Path, simulated: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*arguments: object) -> None:
            raise AssertionError("opened again")

        for place in ("data_io.sealed.read_held_out", "data_io.testable.read_held_out"):
            monkeypatch.setattr(place, refuse)
        said = rbptune("reproduce", exported / FOLDER, "--data", simulated, "--json")
        assert said.code == 0, said.err
        assert said.err.endswith("agrees bit for bit: weights, predictions and figures\n")
        assert len(said.rows) == 3 * 4, "the ensemble and two members, four figures each"
        assert all(row["recorded"] == row["again"] and row["difference"] == 0 for row in said.rows)
        result = json.loads((exported / FOLDER / "metrics.json").read_text())
        assert said.rows[2]["again"] == result["test_spearman"]

    def test_an_export_of_a_version_that_did_not_refit(self, simulated: Path, tmp_path: Path) -> None:
        workspace, out = tmp_path / "studies", tmp_path / "model"
        assert rbptune(*launch(simulated, workspace, "--no-refit", "--trials", 1)).code == 0
        assert rbptune("export", "SIMFOX", "--workspace", workspace, "--out", out).code == 0
        assert "on all of Set A" not in (out / "README.txt").read_text()
        result = json.loads((out / "metrics.json").read_text())
        strategy = result["provenance"]["spec"]["strategy"]
        assert (result.pop("refit"), strategy.pop("refit"), strategy["format"]) == (None, False, 7)
        strategy["format"] = 2
        later = "refit_share", "refit_after", "refit_rate", "partners_within", "refit_dropout"
        for name in (*later, "early_keep_percent"):
            del strategy[name]
        del result["partners"]
        (out / "metrics.json").write_text(json.dumps(result))
        said = rbptune("reproduce", out, "--data", simulated)
        assert said.code == 0, said.err
        assert said.err.endswith("agrees bit for bit: weights, predictions and figures\n")

    def test_a_figure_that_does_not_agree_is_an_exit_code(
        self, exported: Path, simulated: Path, tmp_path: Path
    ) -> None:
        shutil.copytree(exported / FOLDER, tmp_path / "model")
        path = tmp_path / "model" / "metrics.json"
        result = json.loads(path.read_text())
        result["val_spearman"] += 0.001
        path.write_text(json.dumps(result))
        said = rbptune("reproduce", tmp_path / "model", "--data", simulated)
        assert said.code == 1
        assert said.err.endswith("differs: weights the same, figures by up to 0.001\n")
        said = rbptune("reproduce", tmp_path / "model", "--data", simulated, "--within", 0.01)
        assert (said.code, said.err.splitlines()[-1]) == (0, "agrees within 0.01")

    def test_other_data_are_refused(self, exported: Path, tmp_path: Path) -> None:
        simulate(tmp_path / "data", probes=1000, seed=8)
        said = rbptune("reproduce", exported / FOLDER, "--data", tmp_path / "data")
        assert said.code == 2
        assert f"other measurements than those of {STUDY}" in said.err

    def test_another_folder_is_refused(self, simulated: Path, tmp_path: Path) -> None:
        said = rbptune("reproduce", tmp_path, "--data", simulated)
        assert said.code == 2
        assert "metrics.json: no such file; give the folder of an export" in said.err
