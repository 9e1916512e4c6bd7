"""Tests of the dashboard in a real browser."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.pages import serving

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

pytestmark = pytest.mark.browser


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


def test_study_list_and_study_page(page, database, tmp_path):
    shots = Path(os.environ.get("RBPTUNE_SCREENSHOTS", tmp_path))
    with serving(database) as server:
        page.goto(f"{server.url}/dashboard")
        page.get_by_text("RBFOX1/RNCMPT00168/cnn").first.wait_for()
        assert page.url.startswith(server.url + "/dashboard")
        assert page.get_by_text("RBFOX1/RNCMPT00168/rnn").count() >= 1
        page.screenshot(path=shots / "studies.png")

        page.get_by_text("RBFOX1/RNCMPT00168/cnn").first.click()
        page.get_by_text("Best Trial").first.wait_for()
        page.locator(".js-plotly-plot").first.wait_for()
        page.wait_for_load_state("networkidle")
        page.screenshot(path=shots / "study.png", full_page=True)
    assert page.errors == []
    assert page.foreign == []


def test_a_study_cannot_be_deleted_from_the_page(page, database):
    with serving(database) as server:
        page.goto(f"{server.url}/dashboard")
        page.get_by_test_id("DeleteIcon").first.click()
        page.get_by_role("button", name="Yes").click()
        page.get_by_text("Failed to delete study").wait_for()
        page.reload()
        page.get_by_text("RBFOX1/RNCMPT00168/cnn").first.wait_for()
        page.get_by_text("RBFOX1/RNCMPT00168/rnn").first.wait_for()


def test_the_pages_behind_a_web_server(page, behind_nginx, tmp_path):
    shots = Path(os.environ.get("RBPTUNE_SCREENSHOTS", tmp_path))
    asked = []
    page.on("request", lambda request: asked.append(urlsplit(request.url)))
    page.goto(f"{behind_nginx}/dashboard")
    page.get_by_text("RBFOX1/RNCMPT00168/cnn").first.click()
    page.locator(".js-plotly-plot").first.wait_for()
    assert page.url.startswith(f"{behind_nginx}/dashboard/studies/1")
    page.goto(f"{behind_nginx}/dashboard/studies/1/smartSelection")
    link = page.locator("[href*='csv']").first
    link.wait_for()
    assert link.get_attribute("href").startswith("/rbptune/csv/1")
    page.wait_for_load_state("networkidle")
    page.screenshot(path=shots / "behind_nginx.png")
    assert {address.path.split("/")[1] for address in asked if address.scheme == "http"} == {"rbptune"}
    assert (page.errors, page.foreign) == ([], [])
