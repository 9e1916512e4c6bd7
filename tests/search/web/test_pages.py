"""The pages as they are served: what they show, what they send again, and what they refuse."""

from __future__ import annotations

import io
import json
import re
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from optuna.trial import TrialState

from search.service.notices import EpochEnded, TrialStarted
from search.service.observers import EventLog
from search.service.study_log import log_traceback
from search.study.lock import driver_lock
from search.study.storage import open_storage
from search.study.workspace import Workspace
from search.web import board, rendered
from search.web.address import Address
from search.web.pages import make_pages
from search.web.server import PageServer
from tests.search.web.test_server import get
from tests.support.commands import STUDY, rbptune
from tests.support.pages import served
from tests.support.studies import add_trials, finish, make_study, move
from tests.support.toys import finish_study


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    for module in (board, rendered):
        monkeypatch.setattr(module, "FRESH_SECONDS", 0.0)
    place = Workspace(tmp_path / "a place")
    open_storage(place)
    return place


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    """Pages of a workspace in which nothing happens."""
    place = Workspace(tmp_path_factory.mktemp("quiet"))
    make_study(place)
    with served(make_pages(place, Address())) as running:
        yield running


@pytest.fixture
def server(workspace: Workspace) -> Iterator[PageServer]:
    with served(make_pages(workspace, Address())) as running:
        yield running


def version(page: str) -> str:
    found = re.search(r'data-version="([^"]+)"', page)
    assert found
    return found[1]


def changes(server: PageServer, since: str) -> dict[str, object]:
    answer: dict[str, object] = json.loads(get(f"{server.url}/changes?since={since}")[1])
    return answer


def test_an_empty_workspace_says_what_to_do(server: PageServer, workspace: Workspace) -> None:
    page = get(server.url)[1]
    assert "No studies yet" in page
    assert f"rbptune serve --workspace &#39;{workspace.root}&#39;" in page


def test_the_overview_has_a_row_an_experiment_and_says_who_drives(
    server: PageServer, workspace: Workspace
) -> None:
    done = make_study(workspace)
    add_trials(done, [0.3, 0.5])
    finish(workspace, done)
    running = make_study(workspace, architecture="rnn")
    move(running, "searching")
    make_study(workspace, "SIMPUM", "RNCMPT90002")
    page = get(server.url)[1]
    assert re.findall(r'<tr id="(\w+)"', page) == ["RNCMPT90001", "RNCMPT90002"]
    assert "The driver was lost." in page
    for shown in ("1 done", "1 interrupted", "80–100 %", "Good", "UGCAUG", "motif_1.svg"):
        assert shown in page
    assert "It is near the ceiling &amp; &lt;honest&gt;." in page
    with driver_lock(workspace):
        page = get(server.url)[1]
        assert ("The driver was lost." in page, "Driver: process" in page) == (False, True)


def test_only_what_changed_is_sent_again(server: PageServer, workspace: Workspace) -> None:
    study = make_study(workspace)
    make_study(workspace, "SIMPUM", "RNCMPT90002")
    since = version(get(server.url)[1])
    assert changes(server, since) | {"took": 0} == {
        "version": since, "architectures": ["cnn"], "rows": {}, "head": None, "took": 0
    }  # fmt: skip
    add_trials(study, [0.4321])
    news = changes(server, since)
    assert list(news["rows"]) == ["RNCMPT90001"]
    assert "0.432" in news["rows"]["RNCMPT90001"]
    assert changes(server, news["version"])["rows"] == {}
    for other in ("", "nonsense", "another-7", "-1"):
        assert len(changes(server, other)["rows"]) == 2


def test_the_page_of_a_study_shows_its_trials_workers_events_and_failures(
    server: PageServer, workspace: Workspace
) -> None:
    study = make_study(workspace)
    move(study, "searching")
    add_trials(study, [0.3, 0.52, 0.1])
    add_trials(study, [0.25], TrialState.PRUNED)
    add_trials(study, [0.4], TrialState.RUNNING)
    name = study.study_name
    log = EventLog(workspace.log)
    log.notice(TrialStarted(name, 4, "tcp://10.0.0.7:1234", {}))
    log.notice(EpochEnded(name, 4, 1, 0.1, 0.1, 0.2, 0.2, 1.0, False, False))
    log_traceback(workspace, name, "trial 2 failed", "Traceback\n<script>alert(1)</script>")
    log_traceback(workspace, "SIMPUM/RNCMPT90002/cnn", "trial 9 failed", "of another study")
    with driver_lock(workspace):
        page = get(f"{server.url}/study/{name}")[1]
    for shown in ("tcp://10.0.0.7:1234", "trial started", "&lt;script&gt;alert(1)", "about <b>6 min</b>"):
        assert shown in page
    assert ("<script>alert" in page, "epoch ended" in page, "of another study" in page) == (False,) * 3
    curves = page.split('class="chart"')
    assert all(f'<path class="{kind}"' in page for kind in ("best", "finished", "pruned", "running")), curves
    rows = re.findall(r'<th scope="row" class="number">(\d+)</th>', page)
    assert rows == ["1", "0", "3", "2", "4"]  # the best first, what has no value last
    page = get(f"{server.url}/study/{name}?sort=motif_length")[1]
    assert re.findall(r'<th scope="row" class="number">(\d+)</th>', page) == ["0", "1", "2", "3", "4"]


def test_the_page_of_a_study_is_sent_again_when_it_has_changed(
    server: PageServer, workspace: Workspace
) -> None:
    study = make_study(workspace)
    address = f"{server.url}/study/{study.study_name}"

    def tag(known: str = "", query: str = "") -> str:
        request = urllib.request.Request(address + query, headers={"If-None-Match": known})
        try:
            with urllib.request.urlopen(request) as answer:
                return str(answer.headers["ETag"])
        except urllib.error.HTTPError as error:
            return f"{error.code} {error.read().decode()}"

    first = tag()
    assert tag(first) == "304 "
    assert tag(first, "?sort=state") != "304 "
    move(study, "searching")
    add_trials(study, [0.4], TrialState.RUNNING)
    second = tag(first)
    study._storage.set_trial_intermediate_value(study.trials[0]._trial_id, 6, 0.4)
    third = tag(second)
    EventLog(workspace.log).notice(TrialStarted(study.study_name, 0, "worker", {}))
    fourth = tag(third)
    assert "304 " not in (first, second, third, fourth)
    assert tag(fourth) == "304 "


def test_a_done_study_shows_its_evidence_and_files(server: PageServer, workspace: Workspace) -> None:
    study = make_study(workspace)
    add_trials(study, [0.3, 0.52])
    finish(workspace, study)
    page = get(f"{server.url}/study/{study.study_name}")[1]
    for shown in ("Ceiling, Set B", "0.600–0.750", "no sequence stands twice in it", "UGCAUG"):
        assert shown in page
    status, text, headers = get(f"{server.url}/files/{study.study_name}/motif_1.svg")
    assert (status, text[:4], headers["Content-Type"]) == (200, "<svg", "image/svg+xml")
    assert "sandbox" in headers["Content-Security-Policy"]
    assert get(f"{server.url}/study-1")[1] == page


def test_evidence_that_is_not_whole_costs_no_page(server: PageServer, workspace: Workspace) -> None:
    study = make_study(workspace)
    finish(workspace, study)
    name = study.study_name
    for content in ("", "{", "[]", "{}", '{"verdict": null, "ceiling": {"set_a": {"reason": "x"}}}'):
        (workspace.artifacts(name) / "evidence.json").write_text(content)
        for path in ("", f"study/{name}", f"compare?study={name}"):
            assert get(f"{server.url}/{path}")[0] == 200, (content, path)


def test_the_report_opens_and_the_export_is_an_archive_that_predicts(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "probes.fasta").write_text(">one\nAGUUGCAUGCAUAGC\n")
    with served(make_pages(Workspace(finished), Address())) as server:
        page = get(f"{server.url}/study/{STUDY}")[1]
        address = re.search(r'href="(/export/[^"]+)"', page)
        assert address
        assert "Each member was then trained " in page
        with urllib.request.urlopen(f"{server.url}{address[1]}") as answer:
            assert (
                answer.headers["Content-Disposition"] == 'attachment; filename="SIMFOX-RNCMPT90001-cnn.zip"'
            )
            content = answer.read()
        assert get(f"{server.url}/export/none.zip")[0] == 404
        status, card, headers = get(f"{server.url}/report/{STUDY}")
        assert (status, STUDY.split("/")[1] in card, "<svg" in card) == (200, True, True)
        assert "sandbox" in headers["Content-Security-Policy"]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path)
    said = rbptune("predict", tmp_path / "SIMFOX-RNCMPT90001-cnn", tmp_path / "probes.fasta")
    assert (said.code, said.out.splitlines()[1].split("\t")[0]) == (0, "one")


def test_compare_shows_the_chosen_side_by_side(server: PageServer, workspace: Workspace) -> None:
    one, other = make_study(workspace), make_study(workspace, "SIMPUM", "RNCMPT90002")
    add_trials(one, [0.3, 0.52])
    finish(workspace, one)
    partner = {"trial": 5, "params": {}, "value": 0.5, "members": 1, "refit": None}
    finish_study(workspace.artifacts(one.study_name), partners=[partner])
    add_trials(other, [0.4])
    address = f"{server.url}/compare?study={other.study_name}&study={one.study_name}&study=%3Cb%3E"
    page = get(address)[1]
    assert re.findall(r'href="/study/(\w+)', page) == ["SIMPUM", "SIMFOX"]
    assert ("Not in this workspace: &lt;b&gt;" in page, "0.400" in page, "0.600" in page) == (True,) * 3
    assert "members are 1 of the config of trial 7 and 1 of the config of trial 5" in page
    assert "Choose studies" in get(f"{server.url}/compare")[1]


@pytest.mark.parametrize(
    "path",
    [
        "study/none",
        "study/%3Cscript%3E",
        "study-99",
        "nothing",
        "files/SIMFOX/RNCMPT90001/cnn/..%2f..%2fstudies.db",
        "files/../../studies.db/x.svg",
        "files/..%2f..%2f/studies.db",
        "files/SIMFOX/RNCMPT90001/cnn/.hidden.svg",
        "files/SIMFOX/RNCMPT90001/cnn/result.pickle",
        "_/../handlers.py",
        "_/%2e%2e%2fhandlers.py",
        "_//etc/passwd",
    ],
)
def test_what_is_not_there_is_not_found(path: str, quiet: PageServer) -> None:
    status, text, headers = get(f"{quiet.url}/{path}")
    assert (status in (403, 404), "<script>" in text, "root:" in text) == (True, False, False)
    assert "default-src 'self'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["", "changes", "compare", "_/style.css", "nothing"])
def test_other_names_and_other_methods_are_refused(path: str, quiet: PageServer) -> None:
    status, text, headers = get(f"{quiet.url}/{path}", host="evil.example")
    assert (status, "host name" in text) == (403, True)
    assert headers["X-Content-Type-Options"] == "nosniff"
    for method in ("POST", "DELETE", "PUT"):
        status, _, headers = get(f"{quiet.url}/{path}", method, body=b"{}")
        assert status in (404, 405)
        assert headers["X-Content-Type-Options"] == "nosniff"
