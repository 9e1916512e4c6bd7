from pathlib import Path

import pytest

from tests.support.commands import launch, rbptune


@pytest.fixture(scope="session")
def finished(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one finished study, SIMFOX/RNCMPT90001/cnn; not to be written to."""
    workspace = tmp_path_factory.mktemp("finished") / "studies"
    said = rbptune(
        *launch(simulated, workspace, "--trials", 3, "--finalists", 2, "--members", 2, "--seed", 1)
    )
    assert said.code == 0, said.err
    return workspace
