"""Fingerprints as the readers of earlier versions made them: a workspace of theirs goes on."""

import pytest

from data_io.experiments import Experiment
from data_io.rnacompete import prepare_matrix
from data_io.training_set import load_training_set
from tests.conftest import find_real_data

SIMULATED = {
    "RNCMPT90001": "0c05c5a95e9449a94199cb47baaff21f607b1ad156e92fc04aebfc19e9da64b6",
    "RNCMPT90002": "da92c3cf76fc901ac191ff9ce9dfa05fc22efd07eb6406b4ed738247350659d9",
    "RNCMPT90003": "59e628a8c3ef9cc8179e42367b83125724df4f7ed5f4d4ec6490278f4500925c",
    "RNCMPT90004": "5ced5f55c6f3357f592ed84f5ced8b28d00a9a1dd278de1afdd565d96ac5b581",
    "RNCMPT90005": "1497021d492384b832857fb2c6a41a547ceaedd5d792f770eea30d9c7ea96f8f",
    "RNCMPT90006": "b2061c9599fd267fafd5107aeb6af45f276ea808e8bcd399d5d26df898c3d561",
}
MEASURED = {
    ("rnacompete_real", "RNCMPT00002"): "0b938ebf27a9805b80def86076f04c09b8316fd6f204dd0178c35ba8b07b8764",
    ("rnacompete_small", "RNCMPT00025"): "98938f012460245207b60ccb49d22d97e2dd3bedd7c88816a720e829f445c439",
    ("rnacompete_16", "RNCMPT91001"): "4a08760ec4f1e3a298b24bc62facf12d4876fd9a1da457a51f3e7b173fe900ec",
    ("rnacompete_16", "RNCMPT91008"): "223373f96bf8ea5e3fb12831fd1a76e672cce06ff2335b13368178ae29ed2e4e",
}


@pytest.mark.parametrize("cells", [6, 1], ids=["numpy", "polars"])
def test_simulated(simulated, tmp_path, monkeypatch, cells):
    monkeypatch.setattr("data_io.cells.MANY", cells + 1)
    prepare_matrix(simulated, SIMULATED, tmp_path)
    for motif_id, fingerprint in SIMULATED.items():
        for cache in (None, tmp_path):
            loaded = load_training_set(simulated, Experiment(motif_id, "", ""), cache=cache)
            assert loaded.fingerprint == fingerprint


@pytest.mark.parametrize(("folder", "motif_id"), MEASURED)
def test_measured(folder, motif_id):
    data = find_real_data()
    if data is None or not (data / folder).is_dir():
        pytest.skip(f"no measured data: {folder} is missing")
    loaded = load_training_set(data / folder, Experiment(motif_id, "", ""))
    assert loaded.fingerprint == MEASURED[folder, motif_id]
