"""Tests of the dashboard in a real browser."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.pages import serving

pytestmark = pytest.mark.browser


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


def test_what_would_write_is_not_shown_and_not_done(page, database):
    with serving(database) as server:
        page.goto(f"{server.url}/dashboard")
        page.get_by_text("RBFOX1/RNCMPT00168/cnn").first.wait_for()
        for button in ("rename study", "delete study"):
            assert page.get_by_label(button).count() == 2
            assert not page.get_by_label(button).first.is_visible()
        assert not page.get_by_role("button", name="Create").is_visible()
        assert page.get_by_role("button", name="Reload").is_visible()
        assert (
            page.evaluate("fetch('/api/studies/1', {method: 'DELETE'}).then(answer => answer.status)") == 405
        )
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
