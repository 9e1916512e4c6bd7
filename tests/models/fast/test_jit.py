"""Where machine code is kept, and that no edit runs the old one."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numba
import numpy as np
import pytest

import models.fast
from models.fast import jit

REPOSITORY = Path(__file__).resolve().parents[3]


def double(x):
    return 2 * x


def test_machine_code_is_kept_in_the_folder_of_the_digest():
    before = numba.config.CACHE_DIR
    kernel = jit.compiled(double)
    assert kernel(3) == 6
    assert jit.CACHE.name == jit.digest(jit.HERE)
    assert list(jit.CACHE.glob("*/test_jit.double*.nbc"))
    assert before == numba.config.CACHE_DIR  # other packages keep theirs where they kept it


def test_where_no_folder_can_be_written_to_it_compiles_all_the_same(monkeypatch):
    monkeypatch.setattr(jit, "CACHE", None)
    kernel = jit.compiled(double)
    np.testing.assert_array_equal(kernel(np.arange(3)), [0, 2, 4])
    assert kernel.stats.cache_path is None


def test_the_first_folder_that_can_be_written_to_is_taken(tmp_path):
    (tmp_path / "file").touch()
    parents = [tmp_path / "file", Path("/proc/nowhere"), tmp_path / "a", tmp_path / "b"]
    assert jit.find_cache("name", parents) == tmp_path / "a" / "name"
    assert jit.find_cache("name", parents[:2]) is None
    assert not (tmp_path / "b").exists()


def test_the_digest_follows_every_file_and_the_compiler(tmp_path, monkeypatch):
    folder = tmp_path / "fast"
    shutil.copytree(jit.HERE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    seen = [jit.digest(jit.HERE)]
    assert jit.digest(folder) == seen[0]
    for path in sorted(folder.rglob("*.py")):
        path.write_bytes(path.read_bytes() + b"#")
        seen.append(jit.digest(folder))
    (folder / "new.py").touch()
    seen.append(jit.digest(folder))
    monkeypatch.setattr(numba, "__version__", "1")
    seen.append(jit.digest(folder))
    monkeypatch.setattr(jit.binding, "get_host_cpu_name", lambda: "abacus")
    seen.append(jit.digest(folder))
    assert len(set(seen)) == len(seen) > 20


def test_stale_machine_code_goes_when_new_comes(tmp_path):
    days = 86_400
    for number in range(12):
        folder = tmp_path / f"old-{number}"
        folder.mkdir()
        (folder / "kernel.nbc").touch()
        os.utime(folder, (time.time() - (2 + number) * days,) * 2)
    (tmp_path / "recent").mkdir()
    found = jit.find_cache("new", [tmp_path])
    kept = {"new", "recent", *(f"old-{number}" for number in range(jit.KEPT - 2))}
    assert {folder.name for folder in tmp_path.iterdir()} == kept
    os.utime(tmp_path / "recent", (0, 0))
    assert jit.find_cache("new", [tmp_path]) == found
    assert (tmp_path / "recent").exists()  # nothing is cleaned where nothing is new


def test_machine_code_of_today_stays_however_much_there_is(tmp_path):
    names = {f"{number}" for number in range(2 * jit.KEPT)}
    for name in names:
        jit.find_cache(name, [tmp_path])
    assert {folder.name for folder in tmp_path.iterdir()} == names


@pytest.fixture
def tree(tmp_path):
    """A copy of the packages that networks need."""
    for package in ("data_io", "models"):
        source, target = REPOSITORY / package, tmp_path / package
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def run(tree, script, **environment):
    """Run a script with the packages of a tree; gives the completed process."""
    variables = {**os.environ, "PYTHONPATH": str(tree), "XDG_CACHE_HOME": str(tree / "cache"), **environment}
    command = [sys.executable, "-c", script]
    return subprocess.run(command, cwd=tree, env=variables, capture_output=True, text=True, check=False)


WORD = """
import numpy as np
from models.fast.dropout import drop_in_place
from models.fast.recurrent.between import pass_on
states, inputs = np.ones((2, 1, 4), np.float32), np.zeros((2, 1, 4), np.float32)
pass_on(states, 0, inputs, 0, 0, 4, np.zeros(1, np.int64), 1, 123, 2**31)
print(pass_on.__wrapped__.__code__.co_filename, inputs[0, 0].tolist(), sum(pass_on.stats.cache_hits.values()))
"""


def word(tree):
    """What the kernel gives that `random_word` is inlined in, and whether it came from the disk."""
    done = run(tree, WORD)
    assert done.returncode == 0, done.stderr
    file, numbers = done.stdout.split(maxsplit=1)
    assert Path(file).is_relative_to(tree)
    numbers, hits = numbers.rsplit(maxsplit=1)
    return numbers, int(hits)


def test_an_edit_of_an_inlined_function_is_seen_by_the_kernels_of_other_files(tree):
    first, hits = word(tree)
    assert hits == 0
    assert word(tree) == (first, 1)
    inlined = tree / "models" / "fast" / "dropout.py"
    source = inlined.read_text()
    assert source.count("return uint32(number ^ (number >> uint32(16)))") == 1
    inlined.write_text(source.replace("return uint32(number ^ (number >> uint32(16)))", "return uint32(0)"))
    dropped, hits = word(tree)
    assert (dropped, hits) == ("[0.0, 0.0, 0.0, 0.0]", 0)
    assert first != dropped
    inlined.write_text(source)
    assert word(tree) == (first, 1)


@pytest.mark.parametrize(("blocked", "where"), [("sources", "cache"), ("both", None)])
def test_a_read_only_installation_keeps_machine_code_elsewhere_or_nowhere(tree, blocked, where):
    (tree / "models" / "fast" / "__pycache__").touch()  # no folder can be made of it, not by root either
    if blocked == "both":
        (tree / "cache").touch()
    numbers, hits = word(tree)
    assert numbers.startswith("[")
    assert hits == 0
    assert bool([*tree.glob("cache/rbptune/kernels/*/*/*.nbc")]) == bool(where)
    assert word(tree) == (numbers, 1 if where else 0)


def test_numba_s_own_setting_is_heeded(tree):
    done = run(tree, WORD, NUMBA_CACHE_DIR=str(tree / "numba"))
    assert done.returncode == 0, done.stderr
    assert [*(tree / "numba").glob("rbptune/*/recurrent_*/between.pass_on*.nbc")]
    assert not [*tree.glob("models/**/*.nbc")]


def test_the_package_has_its_machine_code_in_one_folder():
    assert jit.CACHE is not None
    assert models.fast.drop
