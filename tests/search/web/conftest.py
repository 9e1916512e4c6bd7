"""A study database as a driver leaves it, and a web server before its pages."""

import shutil

import optuna
import pytest

from search.web.address import Address
from search.web.pages import make_pages
from tests.support.nginx import REQUIRED, find_nginx, location_of_the_readme, proxying
from tests.support.pages import fill, open_writer, place_of, served


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


@pytest.fixture
def nginx():
    program = find_nginx()
    if program is None:
        assert not REQUIRED, "nginx is required here and not installed"
        pytest.skip("no nginx (Debian: apt-get install nginx-light)")
    return program


@pytest.fixture
def behind_nginx(nginx, database):
    """The address of the pages behind the location that the README shows."""
    with (
        served(make_pages(place_of(database), Address(root_path="/rbptune", names=("localhost",)))) as server,
        proxying(nginx, location_of_the_readme(server.port)) as port,
    ):
        yield f"http://localhost:{port}/rbptune"
