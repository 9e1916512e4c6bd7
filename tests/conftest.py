import os
from pathlib import Path

import pytest

from data_io.simulate import simulate

REPOSITORY = Path(__file__).resolve().parent.parent


def find_real_data() -> Path | None:
    """The folder of measured data: RBPTUNE_REAL_DATA, or shared/data beside the repository."""
    folder = Path(os.environ.get("RBPTUNE_REAL_DATA") or REPOSITORY.parent / "shared" / "data")
    return folder if (folder / "rnacompete_real").is_dir() else None


def _real_data_or_skip() -> Path:
    folder = find_real_data()
    if folder is None:
        pytest.skip("no measured data: set RBPTUNE_REAL_DATA to a folder that holds rnacompete_real/")
    return folder


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The measured ANKHD1 subset: norm_data.txt.gz and metadata.xlsx."""
    return _real_data_or_skip() / "rnacompete_real"


@pytest.fixture(scope="session")
def probe_design() -> Path:
    """The sequences and sets of all probes of the real array."""
    path = _real_data_or_skip() / "probe_design.tsv.gz"
    if not path.is_file():
        pytest.skip(f"no probe design: {path} is missing")
    return path


@pytest.fixture(scope="session")
def simulated(tmp_path_factory) -> Path:
    """A simulated data set of 3,000 probes and six experiments; not to be written to."""
    folder = tmp_path_factory.mktemp("simulated")
    simulate(folder, probes=3000, seed=7)
    return folder
