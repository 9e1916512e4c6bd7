"""The notebooks, run as a reader runs them, on a tiny model; and kept without what they showed."""

import json
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from data_io.predictions import NAME, Predictions, pack_predictions
from models.predict import predict
from models.weights import load_model
from tests.conftest import REPOSITORY
from tests.support.toys import finish_study

NOTEBOOKS = sorted((REPOSITORY / "studies" / "notebooks").glob("*.ipynb"))


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """What an export holds that a notebook reads."""
    finish_study(tmp_path)
    folder = tmp_path / "model"
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (300, 41)).astype(np.uint8)
    predicted = np.stack([predict(member, codes) for member in load_model(folder).members])
    measured = (predicted.mean(axis=0) + rng.normal(size=300) / 50).astype(np.float32)
    (folder / NAME).write_bytes(pack_predictions(Predictions(codes, measured, predicted)))
    missing = {"reason": "not gathered"}
    evidence = {
        **{"format": 2, "motifs": [], "words": missing, "filters": [], "published": missing},
        **{"known": missing, "similar": []},
        "ceiling": {"set_a": missing, "set_b": missing},
        "baselines": {"ridge": missing, "trial_0": missing},
        "data_motif": {"set_a": [], "set_b": []},
        "verdict": {"colour": "grey", "sentences": ["It is a toy."]},
    }
    (folder / "evidence.json").write_text(json.dumps(evidence))
    return folder


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_it_runs_to_its_figure(path: Path, export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figure = export.parent / "figure.svg"
    monkeypatch.setenv("RBPTUNE_EXPORT", str(export))
    monkeypatch.setenv("RBPTUNE_FIGURE", str(figure))
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=280, resources={"metadata": {"path": str(REPOSITORY)}}).execute()
    assert figure.read_text().rstrip().endswith("</svg>")
    said = [out.get("text", "") for cell in notebook.cells for out in cell.get("outputs", [])]
    assert any("It is a toy." in text for text in said)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_outputs_are_stripped(path: Path) -> None:
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert cells
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)
