import gzip
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

import data_io.rnacompete
from data_io.experiments import Experiment
from data_io.rnacompete import Probes
from data_io.simulate import _random_probes

FOX = Experiment("RNCMPT00001", "FOX", "Homo_sapiens")
HEADER = ["Probe_ID", "Probe_Set", "RNA_Seq", "RNCMPT00001", "RNCMPT00002"]
SHEET = "Motif_ID\tProtein_name\tSpecies\nRNCMPT00001\tFOX\tHomo_sapiens\nRNCMPT00002\tPUM\tMus_musculus\n"


@dataclass
class Matrix:
    """A small intensity matrix as cells of text, to be spoilt and written."""

    header: list[str] = field(default_factory=lambda: list(HEADER))
    rows: list[list[str]] = field(default_factory=list)
    newline: str = "\n"
    start: bytes = b""
    end: str = "\n"

    def text(self) -> bytes:
        lines = ["\t".join(cells) for cells in (self.header, *self.rows)]
        return self.start + (self.newline.join(lines) + self.end).encode()

    def write(self, folder: Path, name: str = "norm_data.txt") -> Path:
        path = folder / name
        path.write_bytes(gzip.compress(self.text(), mtime=0) if name.endswith(".gz") else self.text())
        (folder / "metadata.tsv").write_text(SHEET)
        return path

    def column(self, name: str) -> list[str]:
        place = [cell.strip() for cell in self.header].index(name)
        return [row[place] for row in self.rows]

    def fill(self, name: str, cells: list[str]) -> None:
        place = self.header.index(name)
        for row, cell in zip(self.rows, cells, strict=True):
            row[place] = cell


def make_matrix(probes: int = 600, seed: int = 0) -> Matrix:
    random = np.random.default_rng(seed)
    sequences, sets = _random_probes(probes, random)
    values = random.standard_normal((probes, 2))
    rows = [
        [f"P{i:04d}", sets[i], sequences[i], f"{values[i, 0]:.6f}", f"{values[i, 1]:.6f}"]
        for i in range(probes)
    ]
    return Matrix(rows=rows)


@pytest.fixture
def matrix() -> Matrix:
    """600 probes, about half in Set A, two experiments: FOX (RNCMPT00001) and PUM (RNCMPT00002)."""
    return make_matrix()


@pytest.fixture
def fox() -> Experiment:
    return FOX


def assert_same_rows(one, other):
    assert np.array_equal(one.codes, other.codes)
    assert np.array_equal(one.in_set_a, other.in_set_a)
    assert one.intensity.tobytes() == other.intensity.tobytes()


def assert_same(one: Probes, other: Probes):
    assert np.array_equal(one.codes, other.codes)
    assert np.array_equal(one.lengths, other.lengths)
    assert np.array_equal(one.intensity, other.intensity, equal_nan=True)
    for name in ("codes", "lengths", "intensity"):
        assert getattr(one, name).dtype == getattr(other, name).dtype


@pytest.fixture
def path(tmp_path, matrix) -> Path:
    cells = matrix.column("RNCMPT00001")
    matrix.fill("RNCMPT00001", ["", *cells[1:]])
    return matrix.write(tmp_path)


@pytest.fixture
def cache(tmp_path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def reads(monkeypatch) -> list[str]:
    """The experiments for which the matrix was read."""
    done: list[str] = []
    original = data_io.rnacompete.read_matrix

    def counted(matrix, experiment):
        done.append(experiment)
        return original(matrix, experiment)

    monkeypatch.setattr(data_io.rnacompete, "read_matrix", counted)
    return done


@pytest.fixture
def passes(monkeypatch) -> list[list[str]]:
    """The experiments for which the matrix was read at once, read after read."""
    done: list[list[str]] = []
    original = data_io.rnacompete.read_columns

    def counted(matrix, experiments):
        done.append(list(experiments))
        return original(matrix, experiments)

    monkeypatch.setattr(data_io.rnacompete, "read_columns", counted)
    return done


def cached_files(cache):
    return {file.name: file for file in cache.rglob("*") if file.is_file()}
