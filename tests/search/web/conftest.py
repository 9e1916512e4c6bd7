"""A study database as a driver leaves it, and a web server before its pages."""

import os
import shutil
from pathlib import Path

import optuna
import pytest

from search.web.address import Address
from search.web.pages import make_pages
from tests.support.nginx import REQUIRED, find_nginx, location_of_the_readme, proxying
from tests.support.pages import fill, open_writer, place_of, served

CHROMIUM = Path("/usr/bin/chromium")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


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


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium; its absence skips, or fails where RBPTUNE_REQUIRE_BROWSER=1."""
    if not CHROMIUM.exists():
        reason = f"no Chromium at {CHROMIUM} (apt-get install chromium)"
        if os.environ.get("RBPTUNE_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser):
    """A fresh page that notes every error and every request to another place than the server."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.set_default_timeout(90_000)  # a busy machine takes long to start a browser
        page.errors = []
        page.foreign = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on(
            "request",
            lambda request: (
                page.foreign.append(request.url)
                if not request.url.startswith(("http://localhost:", "data:", "blob:"))
                else None
            ),
        )
        yield page
