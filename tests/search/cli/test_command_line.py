"""The commands around a search: the queue, what comes out of it, and the help."""

import csv
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import openpyxl
import pytest

from data_io.alphabet import encode
from models.weights import load_model
from search.cli import INTERRUPTED
from search.cli.streams import CLOSED_PIPE
from tests.support.commands import STUDY, launch, rbptune, run_alone, status

SEQUENCES = {
    "hit": "AGAUGCAUGAAUGCAUGCCC",
    "dna": "agatgcatgaatgcatgccc",
    "long": "ACGU" * 20,
    "some N": "NNNNNNNNNN",
}


class TestQueue:
    def test_what_is_said_leads_to_the_next_command(self, simulated, tmp_path):
        """From queued over stopped and resumed to done, each time by the command that the last one named."""
        workspace = tmp_path / "my studies"
        here = f"--workspace '{workspace}'"
        said = rbptune(*launch(simulated, workspace, "--detach"))
        assert said.err == f"queued: 1 study in {workspace}; rbptune serve {here} runs what is queued\n"
        said = rbptune("stop", "simfox", "--workspace", workspace)
        assert said.err == f"stopped: {STUDY}; rbptune resume simfox {here} takes up what is left\n"
        assert status(workspace)[0]["state"] == "stopped"
        said = rbptune("resume", "simfox", "--workspace", workspace)
        assert said.err == f"queued: {STUDY}; rbptune serve {here} runs what is queued\n"
        assert status(workspace)[0]["state"] == "queued"
        assert rbptune(*launch(simulated, workspace)).code == 0
        assert status(workspace)[0]["state"] == "done"


class TestDefaultWorkspace:
    @pytest.fixture(autouse=True)
    def _elsewhere(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)

    def test_it_is_a_folder_beside_the_package(self, simulated, tmp_path):
        assert rbptune("launch", "SIMFOX", "--data", simulated, "--detach").code == 0
        assert [path.name for path in tmp_path.iterdir()] == ["rbptune-workspace"]

    def test_studies_of_earlier_versions_are_opened_with_a_hint(self, finished, tmp_path):
        shutil.copytree(finished, tmp_path / "studies")
        said = rbptune("status", "--json")
        assert [row["study"] for row in said.rows] == [STUDY]
        assert said.err == (
            "hint: ./studies is opened, where earlier versions kept the studies; say --workspace studies\n"
        )
        named = rbptune("status", "--workspace", "studies", "--json")
        assert (named.rows, named.err) == (said.rows, "")
        (tmp_path / "rbptune-workspace").mkdir()
        assert "rbptune-workspace: no studies here" in rbptune("status").err

    def test_a_folder_of_search_spaces_is_no_workspace(self, tmp_path):
        (tmp_path / "studies").mkdir()
        (tmp_path / "studies" / "cnn.toml").touch()
        assert rbptune("status").err.startswith("rbptune: error: rbptune-workspace: no studies here")


class TestNames:
    """Folders and studies may be called what they like; nothing in a name is markup."""

    @pytest.mark.parametrize("name", ["runs[old]", "[", "[b]x", ":smile:", "a\\[b]", "[link=x]"])
    def test_of_a_workspace(self, name, simulated, tmp_path):
        workspace = tmp_path / name
        said = rbptune(*launch(simulated, workspace, "--detach"))
        assert said.err.startswith(f"queued: 1 study in {workspace}; "), said.err
        said = rbptune("stop", "SIMFOX", "--workspace", workspace)
        assert f"--workspace {shlex.quote(str(workspace))} takes" in said.err
        out = tmp_path / f"{name} data"
        assert f"written to {out}; " in rbptune("simulate", "--out", out, "--probes", 1000).err

    def test_of_a_protein_that_is_asked_for(self, finished):
        said = rbptune("stop", "[/b]", "--workspace", finished)
        assert said.err.startswith("rbptune: error: no study of '[/b]' in this workspace")


class TestResults:
    def test_an_export_predicts_alone(self, finished, tmp_path):
        """In another folder and process, without workspace and measurements."""
        workspace = tmp_path / "studies"
        shutil.copytree(finished, workspace)
        said = rbptune("export", "simfox", "--out", tmp_path / "model", "--workspace", workspace)
        assert said.code == 0, said.err
        assert f"rbptune predict {tmp_path / 'model'} FILE.fasta" in said.err
        shutil.rmtree(workspace)
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "new.fasta").write_text("".join(f">{n}\n{s}\n" for n, s in SEQUENCES.items()))
        done = run_alone("predict", "../model", "new.fasta", cwd=elsewhere)
        odd = "1 of 4 records without a known letter (first: 'some'); their 'unknown' is 1"
        assert (done.returncode, done.stderr) == (0, f"new.fasta: {odd}\n")
        rows = list(csv.DictReader(io.StringIO(done.stdout), delimiter="\t"))
        assert [row["name"] for row in rows] == ["hit", "dna", "long", "some"]
        assert [row["length"] for row in rows] == ["20", "20", "80", "10"]
        assert all(0 <= float(row["percentile"]) <= 100 for row in rows)
        assert [row["unknown"] for row in rows] == ["0.0", "0.0", "0.0", "1.0"]
        scores = [float(row["score"]) for row in rows]
        model = load_model(tmp_path / "model")
        short = [SEQUENCES[name] for name in ("hit", "dna", "some N")]
        assert [scores[i] for i in (0, 1, 3)] == pytest.approx(model.predict(encode(short)[0]), rel=1e-4)
        long = SEQUENCES["long"]
        windows = [long[i : i + 41] for i in range(len(long) - 40)]
        assert scores[2] == pytest.approx(model.predict(encode(windows)[0]).max(), rel=1e-4)
        written = run_alone("predict", "../model", "new.fasta", "--out", "scores.tsv", cwd=elsewhere)
        assert written.returncode == 0
        assert (elsewhere / "scores.tsv").read_text() == done.stdout

    def test_the_leaderboard_in_every_format(self, finished, tmp_path):
        (row,) = status(finished)
        board = ["leaderboard", "--workspace", finished, "--format"]
        (ranked,) = rbptune(*board, "json").rows
        assert {key: ranked[key] for key in row} == row
        (line,) = csv.DictReader(io.StringIO(rbptune(*board, "csv").out))
        assert float(line["test_spearman"]) == pytest.approx(row["test_spearman"])
        table = rbptune(*board, "table").out
        assert "SIMFOX" in table
        assert f"{row['test_spearman']:.3f}" in table
        said = rbptune(*board, "xlsx", "--out", tmp_path / "board.xlsx")
        assert (said.code, said.err) == (0, "")
        sheet = openpyxl.load_workbook(tmp_path / "board.xlsx").active
        assert sheet.max_row == 2
        assert "SIMFOX" in [cell.value for cell in sheet[2]]

    def test_proteins_are_listed_for_people_and_scripts(self, simulated):
        rows = rbptune("proteins", "--data", simulated, "--json").rows
        assert rows[0] == {"motif_id": "RNCMPT90001", "protein": "SIMFOX", "species": "Homo_sapiens"}
        assert len(rows) == 6
        table = rbptune("proteins", "--data", simulated)
        assert table.err == ""
        assert all(row["motif_id"] in table.out for row in rows)


class TestHelp:
    def test_it_names_every_command_and_is_quick_to_import(self, tmp_path):
        done = run_alone("--help", cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        for command in (
            "simulate",
            "launch",
            "status",
            "export",
            "leaderboard",
            "predict",
            "dashboard",
            "demo",
        ):
            assert re.search(rf"^  {command}  ", done.stdout, re.MULTILINE)
        heavy = "{'torch', 'optuna', 'pandas', 'numpy', 'distributed', 'sqlalchemy', 'rich'}"
        check = f"import sys, search.cli; print({heavy} & set(sys.modules))"
        done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
        assert done.stdout == "set()\n"

    def test_every_default_is_said(self):
        text = " ".join(rbptune("launch", "--help").out.split())
        for default in ("30", "(one a core)", "(the space's)", "grouped", "rbptune-workspace", "(cnn)"):
            assert re.search(rf"\[default: {re.escape(default)}[;\]]", text), default

    def test_exit_codes_are_said_here_and_in_the_readme(self):
        text = " ".join(rbptune("--help").out.split())
        said = re.findall(r"\b(\d+) ", text[text.index("Exit codes: ") :])
        readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
        (paragraph,) = [
            part for part in readme.split("\n\n") if part.startswith("Every command ends with exit")
        ]
        assert said == re.findall(r"\b(\d+) when", " ".join(paragraph.split()))
        assert said == ["0", "1", "2", str(INTERRUPTED), str(CLOSED_PIPE)]

    def test_the_version_is_said(self):
        said = rbptune("--version")
        assert (said.code, said.out) == (0, f"rbptune {version('rbptune')}\n")

    def test_without_a_command_the_help_is_shown(self):
        said = rbptune()
        assert "Usage: rbptune" in said.out
        assert said.err == ""

    def test_no_wish_for_colour_is_respected(self, finished, tmp_path):
        environment = {**os.environ, "NO_COLOR": "1"}
        command = [sys.executable, "-m", "search", "status", "--workspace", str(finished)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
        assert "\x1b" not in done.stdout + done.stderr
