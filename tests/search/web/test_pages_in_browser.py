"""Our pages in a real browser: live, sorted and filtered, sent to others, without a serious fault."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from optuna.trial import TrialState

from search.results.importance import TOO_FEW
from search.study.workspace import Workspace
from search.web.access import Access
from search.web.address import Address
from search.web.pages import make_pages
from tests.support.commands import STUDY, launch, rbptune
from tests.support.pages import served
from tests.support.studies import add_trials, finish, make_study, move

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """Studies of three experiments in several states; not to be changed."""
    place = Workspace(tmp_path_factory.mktemp("browser"))
    done = make_study(place)
    add_trials(done, [0.3, 0.2, 0.5])
    add_trials(done, [0.2], TrialState.PRUNED)
    finish(place, done)
    failed = make_study(place, architecture="rnn")
    add_trials(failed, [0.4])
    move(failed, "failed", reason="study SIMFOX: out of <memory>")
    add_trials(make_study(place, "SIMPUM", "RNCMPT90002"), [0.7])
    make_study(place, "Rbp9", "RNCMPT90003")
    return place


@pytest.fixture
def server(workspace):
    with served(make_pages(workspace, Address())) as running:
        yield running


def shown(page):
    return [row.get_attribute("id") for row in page.locator("#board tbody tr:visible").all()]


def faults(page):
    found = Axe().run(page).response["violations"]
    return [
        (fault["id"], fault["nodes"][0]["html"])
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]


def test_the_overview_follows_a_search(page, simulated, tmp_path):
    place = tmp_path / "studies"
    said = rbptune(*launch(simulated, place, "--detach"))
    assert said.code == 0, said.err
    with served(make_pages(Workspace(place), Address())) as server:
        page.goto(server.url)
        state = page.locator("#RNCMPT90001 a.state")
        assert state.inner_text() == "queued"
        assert "No driver runs here" in page.locator("#head").inner_text()
        page.evaluate("window.stayed = true")
        assert rbptune(*launch(simulated, place)).code == 0
        page.locator("#RNCMPT90001 a.state", has_text="done").wait_for()
        assert "2/2" in page.locator("#RNCMPT90001").inner_text()
        assert page.evaluate("window.stayed")
        state.click()
        page.get_by_role("heading", name="Learning curves").wait_for()
        assert page.url == f"{server.url}/study/{STUDY}"
        assert page.locator("#charts path.best").count() == 4  # of each chart, and of its key
        page.get_by_role("link", name="This study in the Optuna dashboard").click()
        page.get_by_role("link", name="rbptune: this study").click()
        page.get_by_role("heading", name="Learning curves").wait_for()
    assert (page.errors, page.foreign) == ([], [])


def test_sorting_and_filtering_stand_in_the_address(page, browser, server):
    page.goto(server.url)
    page.get_by_role("button", name="Val").first.click()
    assert shown(page) == ["RNCMPT90002", "RNCMPT90001", "RNCMPT90003"]
    page.get_by_label("Protein or id").fill("sim")
    assert shown(page) == ["RNCMPT90002", "RNCMPT90001"]
    page.locator("[name=state]").select_option("failed")
    page.get_by_label("Motif").fill("tgca")
    assert shown(page) == ["RNCMPT90001"]
    address = page.url
    assert address == f"{server.url}/?q=sim&state=failed&motif=tgca&sort=-cnn.val"
    page.goto(f"{server.url}/?q=sim&sort=-cnn.val")
    assert shown(page) == ["RNCMPT90002", "RNCMPT90001"]
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("Val")
    page.goto(address)
    assert shown(page) == ["RNCMPT90001"]
    assert page.errors == []


def test_comparing_what_was_chosen(page, server):
    page.goto(server.url)
    page.get_by_label("Compare SIMFOX/RNCMPT90001/cnn").check()
    page.get_by_label("Compare SIMPUM/RNCMPT90002/cnn").check()
    page.get_by_role("button", name="Compare 2 studies").click()
    page.locator(".sides").wait_for()
    assert page.locator("#charts path.study-1").count() == 2  # of the chart, and of its key
    assert page.locator(".sides th[scope=col] a").all_inner_texts() == ["SIMFOX", "SIMPUM"]
    assert (page.errors, page.foreign) == ([], [])


def test_the_importance_is_shown_once_enough_trials_have_finished(page, tmp_path):
    place = Workspace(tmp_path)
    study = make_study(place, budget=20)
    add_trials(study, [0.1 + 0.02 * number for number in range(9)])
    with served(make_pages(place, Address())) as server:
        page.goto(f"{server.url}/study/{study.study_name}")
        shown = page.locator("#importance")
        assert TOO_FEW in shown.inner_text()
        page.evaluate("window.stayed = true")
        add_trials(study, [0.4])
        shown.locator("tbody tr").nth(1).wait_for()
        shares = [float(cell) for cell in shown.locator("tbody td.number").all_inner_texts()]
        assert (len(shares), sum(shares)) == (2, pytest.approx(1, abs=0.002))
        add_trials(study, [0.2])
        page.locator("#all-trials tbody tr").nth(10).wait_for()  # what did not change stays as it is
        assert shown.locator("tbody tr").count() == 2
        assert page.evaluate("window.stayed")
    assert (page.errors, page.foreign) == ([], [])


@pytest.mark.parametrize(("theme", "width"), [("light", 1400), ("dark", 400)])
def test_no_page_has_a_serious_fault(page, workspace, theme, width):
    """Nor, for one who may write, two parts of the same name, of which a script would take the wrong one."""
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": 900})
    studies = "SIMFOX/RNCMPT90001/cnn", "SIMFOX/RNCMPT90001/rnn"
    both = "&".join(f"study={name}" for name in studies)
    paths = ["", *(f"study/{name}" for name in studies), f"compare?{both}"]
    access = Access.make(writes=True)
    with served(make_pages(workspace, Address(), access)) as server:
        page.goto(f"{server.url}/?token={access.token}")
        for path in (*paths, "compare", "launch", "login", "nothing"):
            page.goto(f"{server.url}/{path}")
            assert faults(page) == [], path
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            names = page.locator("[id]").evaluate_all("found => found.map(each => each.id)")
            assert sorted(names) == sorted(set(names)), path
    assert page.errors == []
