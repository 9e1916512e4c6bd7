"""A study database as a driver leaves it."""

import shutil

import optuna
import pytest

from tests.support.pages import fill, open_writer


@pytest.fixture(scope="session")
def finished_database(tmp_path_factory):
    """The file of a database with two studies of one protein; not to be changed."""
    path = tmp_path_factory.mktemp("database") / "studies.db"
    storage = open_writer(path)
    for architecture in ("cnn", "rnn"):
        study = optuna.create_study(
            storage=storage, study_name=f"RBFOX1/RNCMPT00168/{architecture}", direction="maximize"
        )
        study.set_metric_names(["validation Spearman"])
        fill(study)
    storage.engine.dispose()
    return path


@pytest.fixture
def database(finished_database, tmp_path):
    """Address of a copy that a test may write to."""
    return f"sqlite:///{shutil.copy(finished_database, tmp_path)}"
