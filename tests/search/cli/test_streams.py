"""Standard streams as shells hand them over: closed, full, broken, compressed, in another encoding."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.support.commands import TINY_SPACE, rbptune

CLOSED = "rbptune: error: standard output: is closed; open it, or write to a file with --out\n"
FULL = (
    "rbptune: error: standard output: cannot be written (no space left on device); "
    "make room on the disk and try again\n"
)
SOME = ">a\nACGUACGUACGU\n"
PROTEINS = 'proteins --data "$DATA"'


@pytest.fixture(scope="module")
def export(finished, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "model"
    assert rbptune("export", "SIMFOX", "--workspace", finished, "--out", folder).code == 0
    return folder


@pytest.fixture
def shell(finished, simulated, export, tmp_path):
    """Run a line of bash in which rbptune is a command, beside FASTA files of one and of many records."""
    (tmp_path / "x.fa").write_text(SOME)
    (tmp_path / "many.fa").write_text("".join(f">s{i}\nACGUACGUAC\n" for i in range(9000)))
    places = {"DATA": simulated, "STUDIES": finished, "MODEL": export, "PYTHON": sys.executable}
    environment = {**os.environ, **{k: str(v) for k, v in places.items()}, "PYTHONPATH": str(REPOSITORY)}

    def run(line: str, **variables: str) -> subprocess.CompletedProcess[str]:
        script = 'rbptune() { "$PYTHON" -m search "$@"; }\n' + line
        return subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env={**environment, **variables},
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    return run


COMMANDS = {
    "proteins": PROTEINS,
    "proteins as JSON": f"{PROTEINS} --json",
    "status": 'status --workspace "$STUDIES"',
    "leaderboard": 'leaderboard --workspace "$STUDIES"',
    "predict": 'predict "$MODEL" x.fa',
    "predict to -": 'predict "$MODEL" x.fa --out -',
    "help": "--help",
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_closed_output(name, shell):
    done = shell(f"rbptune {COMMANDS[name]} >&-")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", CLOSED)


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "help"])
def test_a_full_output(name, shell):
    done = shell(f"rbptune {COMMANDS[name]} > /dev/full")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", FULL)


def test_a_mistake_with_all_streams_closed(shell):
    assert shell("rbptune proteins --data nowhere <&- >&- 2>&-").returncode == 2


@pytest.mark.parametrize("name", ["predict", "leaderboard"])
def test_a_closed_output_is_no_matter_where_a_file_is_written(name, shell, tmp_path):
    done = shell(f"rbptune {COMMANDS[name]} --out s.tsv >&-")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "s.tsv").read_text().startswith({"predict": "name", "leaderboard": "protein"}[name])


def test_a_search_ends_well_with_its_output_closed(shell, tmp_path):
    (tmp_path / "tiny.toml").write_text(TINY_SPACE)
    options = "--space tiny.toml --trials 1 --jobs 0 --finalists 1 --members 1"
    done = shell(f'rbptune launch SIMFOX --data "$DATA" {options} >&-')
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "done" in shell("rbptune status").stdout


@pytest.mark.parametrize("command", ['predict "$MODEL" many.fa', f"{PROTEINS} --json"])
def test_a_reader_that_leaves(command, shell):
    done = shell(f"rbptune {command} | head -n 1; exit ${{PIPESTATUS[0]}}")
    assert done.returncode in {0, 141}  # 0 where the pipe had room for everything
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1


def test_a_reader_that_has_left_before(shell):
    done = shell('rbptune predict "$MODEL" many.fa | true; exit ${PIPESTATUS[0]}')
    assert (done.returncode, done.stderr) == (141, "")


def test_errors_into_a_closed_pipe(shell):
    assert shell("rbptune proteins --data nowhere 2>&1 | true; exit ${PIPESTATUS[0]}").returncode in {2, 141}


def test_from_a_pipe_into_a_pipe(shell):
    done = shell('gzip -c x.fa | rbptune predict "$MODEL" - | cut -f 1,2')
    assert (done.stdout, done.stderr) == ("name\tlength\na\t12\n", "")


@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_standard_output_by_name_holds_the_table_alone(name, shell):
    done = shell(f'rbptune predict "$MODEL" x.fa --out {name}')
    assert (len(done.stdout.splitlines()), done.stderr) == (2, "")


def test_a_workbook_goes_through_a_pipe(shell, tmp_path):
    done = shell('rbptune leaderboard --workspace "$STUDIES" --format xlsx --out - > b.xlsx')
    assert (done.returncode, done.stderr, (tmp_path / "b.xlsx").read_bytes()[:2]) == (0, "", b"PK")


def test_an_encoding_that_lacks_a_letter(shell, tmp_path):
    (tmp_path / "x.fa").write_text(">Ψ\nACGU\n")
    done = shell('rbptune predict "$MODEL" x.fa', PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1].startswith("\\u03a8\t4\t")
