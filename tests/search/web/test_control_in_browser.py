"""Studies launched, stopped and resumed in a real browser, while a service runs them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.search.web.test_pages_in_browser import faults
from tests.support.commands import STUDY, TINY_SPACE

pytestmark = pytest.mark.browser


@pytest.fixture
def address(simulated: Path, tmp_path: Path) -> Iterator[str]:
    """Of a service that has nothing to do yet, with its token."""
    place = ["--workspace", str(tmp_path / "studies"), "--data", str(simulated)]
    command = [sys.executable, "-m", "search", "serve", "--jobs", "0", "--port", "0", *place]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as service:
        assert service.stderr is not None
        line = service.stderr.readline()
        assert line.startswith("dashboard: http://127.0.0.1:"), line
        yield line.split()[1].rstrip(";").replace("127.0.0.1", "localhost")
        service.kill()


def test_a_study_is_launched_from_the_form_stopped_resumed_and_seen_to_finish(page, address, tmp_path):
    from playwright.sync_api import expect

    expect.set_options(timeout=90_000)
    shots = Path(os.environ.get("RBPTUNE_SCREENSHOTS", tmp_path))
    space = tmp_path / "tiny.toml"
    space.write_text(TINY_SPACE.replace("epochs = 2", "epochs = 1"))
    page.goto(address)
    assert "token" not in page.url
    page.get_by_role("link", name="Launch").click()
    page.get_by_label("Protein", exact=True).fill("SIMFOX")
    page.get_by_label("Trials of each study").fill("900")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Best configs to retrain").fill("1")
    page.get_by_label("Seeds to retrain each with").fill("1")
    page.get_by_label("A search space of your own").set_input_files(space)
    command = page.locator("#command")
    expect(command).to_contain_text("--members 1")
    assert command.text_content().startswith("rbptune launch SIMFOX --data ")
    expect(command).to_contain_text("--space tiny.toml")
    page.screenshot(path=shots / "launch.png", full_page=True)
    assert faults(page) == []
    page.get_by_role("button", name="Launch").click()
    page.get_by_role("link", name=STUDY).click()

    state = page.locator("#state .state").first
    page.get_by_role("button", name="Stop").wait_for()
    expect(state).to_have_text("searching")
    page.get_by_role("button", name="Stop").click()
    expect(state).to_have_text("stopped")
    done = int(re.findall(r"(\d+) of 900 trials", page.locator("#state").inner_text())[0])
    page.screenshot(path=shots / "stopped.png")
    assert faults(page) == []

    page.get_by_role("spinbutton", name="Trials").fill(str(done + 1))
    page.get_by_role("button", name="Change the budget").click()
    expect(state).to_have_text("done")
    assert re.search(rf"{done + 1} of {done + 1} trials", page.locator("#state").inner_text())
    assert page.get_by_role("button", name="Stop").count() == 0
    assert (page.errors, page.foreign) == ([], [])
