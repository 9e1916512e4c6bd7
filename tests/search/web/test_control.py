"""Studies launched, stopped, resumed and changed from the pages; and who is kept from it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from search.study.record import open_study
from search.study.status import read_status
from search.study.storage import open_storage
from search.study.workspace import Workspace
from search.web.access import Access
from search.web.address import Address
from search.web.pages import make_pages
from search.web.server import PageServer
from tests.support.commands import STUDY, TINY_SPACE, rbptune
from tests.support.pages import served
from tests.support.visitor import Visitor

MARKUP = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def access() -> Access:
    return Access.make(writes=True)


@pytest.fixture(scope="module")
def server(
    access: Access, simulated: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[PageServer, Workspace]]:
    """The pages of a workspace that begins empty and that nobody drives."""
    workspace = Workspace(tmp_path_factory.mktemp("control") / "my studies")
    open_storage(workspace)
    with served(make_pages(workspace, Address(), access, simulated)) as running:
        yield running, workspace


@pytest.fixture
def workspace(server: tuple[PageServer, Workspace]) -> Workspace:
    return server[1]


@pytest.fixture
def stranger(server: tuple[PageServer, Workspace]) -> Visitor:
    return Visitor(server[0].port)


@pytest.fixture
def writer(stranger: Visitor, access: Access) -> Visitor:
    assert stranger.ask(f"/?token={access.token}").status == 303
    return stranger


def rows(workspace: Workspace) -> dict[str, tuple[str, int]]:
    return {row["study"]: (row["state"], row["trials_total"]) for row in read_status(workspace)}


def launch_fields(writer: Visitor, **fields: object) -> dict[str, object]:
    return {"proof": writer.proof(), "protein": "SIMFOX", "arch": "cnn", "trials": "3", "seed": "5", **fields}


def test_a_token_becomes_a_cookie_that_scripts_and_other_sites_cannot_use(
    stranger: Visitor, access: Access
) -> None:
    answer = stranger.ask(f"/study/x?token={access.token}")
    assert (answer.status, answer.headers["location"]) == (303, "/study/x")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"rbptune-{stranger.port}=")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert str(access.token) not in cookie
    assert "Secure" in stranger.ask(
        f"/?token={access.token}", headers={"X-Forwarded-Proto": "https"}
    ).headers["set-cookie"].split("; ")


@pytest.mark.parametrize("token", ["", "wrong", "%00", "%F0%28", "a" * 3000])
def test_a_wrong_token_gives_nothing(token: str, stranger: Visitor) -> None:
    assert stranger.ask(f"/?token={token}").status in (400, 403)
    assert stranger.cookies == {}


def test_without_a_token_the_pages_only_show(stranger: Visitor, workspace: Workspace) -> None:
    before = rows(workspace)
    assert 'href="/launch"' not in stranger.ask("/").text
    page = stranger.ask("/launch")
    assert page.status == 200
    assert 'type="submit"' not in page.text
    assert stranger.proof() == ""
    for path in ("/launch", "/change"):
        answer = stranger.send(path, {"proof": "", "protein": "SIMFOX", "study": STUDY, "change": "stop"})
        assert (answer.status, "token" in answer.text) == (403, True)
    assert rows(workspace) == before


def test_a_launch_queues_what_the_command_on_its_page_queues(writer: Visitor, workspace: Workspace) -> None:
    page = writer.ask("/launch").text
    assert '<option value="SIMFOX">SIMFOX, Homo sapiens, RNCMPT90001</option>' in page
    fields = launch_fields(
        writer, arch=["cnn", "rnn"], more="RNCMPT90002\n\n", epochs=4, members=2, refit="no", hours="1.5"
    )
    shown = writer.ask(f"/launch/command?{query(fields)}").text
    answer = writer.send("/launch", fields)
    assert answer.status == 200
    made = {"SIMFOX/RNCMPT90001", "SIMPUM/RNCMPT90002"}
    names = {f"{name}/{architecture}" for name in made for architecture in ("cnn", "rnn")}
    assert {name: rows(workspace)[name] for name in names} == dict.fromkeys(names, ("queued", 3))
    assert all(f'href="/study/{name}"' in answer.text for name in names)
    record = open_study(open_storage(workspace), STUDY)
    assert (record.spec.seed, record.strategy.members, record.strategy.refit) == (5, 2, False)
    assert record.spec.asked == {"epochs": 4, "members": 2, "refit": False}
    assert record.time_budget is not None
    assert record.time_budget.hours == 1.5
    assert "--hours 1.5 " in shown
    program, *arguments = shlex.split(shown)
    assert program == "rbptune"
    said = rbptune(*arguments)  # which would refuse studies that differ in anything
    assert (said.code, said.err.split(" in ")[0]) == (0, "queued: 4 studies")


def query(fields: dict[str, object]) -> str:
    from urllib.parse import urlencode

    return urlencode({name: value for name, value in fields.items() if name != "proof"}, doseq=True)


def test_an_uploaded_space_is_kept_for_the_command(writer: Visitor, workspace: Workspace) -> None:
    fields = launch_fields(writer, protein="RNCMPT90004")
    answer = writer.send("/launch", fields, {"space": ("../my tiny.toml", TINY_SPACE.encode())})
    assert answer.status == 200
    (kept,) = workspace.spaces.iterdir()
    assert kept.read_text() == TINY_SPACE
    assert kept.name.startswith("my_tiny-")
    assert f"--space &#39;{kept}&#39;" in answer.text
    (name,) = [name for name in rows(workspace) if "RNCMPT90004" in name]
    assert open_study(open_storage(workspace), name).spec.space["fixed"]["filters"] == 8


@pytest.mark.parametrize(
    ("fields", "space", "said"),
    [
        ({"protein": MARKUP}, None, "no experiment is called"),
        ({"protein": ""}, None, "no protein named"),
        ({"arch": MARKUP}, None, "unknown architecture"),
        ({"trials": MARKUP}, None, "trials "),
        ({"trials": "0"}, None, "trials "),
        ({"trials": "1e9"}, None, "trials "),
        ({"seed": "-1"}, None, "seed "),
        ({"hours": MARKUP}, None, "not a number"),
        ({"hours": "-1"}, None, "hours = -1: must be a number from 0 to 87600"),
        ({"hours": "inf"}, None, "hours = inf: must be a number from 0 to 87600"),
        ({"split": MARKUP}, None, "split "),
        ({"refit": MARKUP}, None, "refit "),
        ({"data": "/etc"}, None, "not a folder of this workspace"),
        ({}, f'architecture = "{MARKUP}"'.encode(), "architecture"),
        ({}, f"{MARKUP}".encode(), "not a TOML file"),
        ({}, b"\xff\xfe", "not a TOML file"),
        ({}, b"[" * 100_000, ""),
    ],
)
def test_a_launch_that_cannot_run_is_explained_and_queues_nothing(
    fields: dict[str, object], space: bytes | None, said: str, writer: Visitor, workspace: Workspace
) -> None:
    before = rows(workspace), sorted(workspace.spaces.glob("*"))
    files = None if space is None else {"space": (f"{MARKUP}.toml", space)}
    answer = writer.send("/launch", launch_fields(writer, **{"protein": "RNCMPT90005", **fields}), files)
    assert (answer.status, said in answer.text) == (400, True), answer.text[-2000:]
    assert 'role="alert"' in answer.text
    assert MARKUP not in answer.text
    assert str(workspace.spaces) not in answer.text
    assert (rows(workspace), sorted(workspace.spaces.glob("*"))) == before


def test_a_study_is_stopped_resumed_and_given_another_budget(writer: Visitor, workspace: Workspace) -> None:
    writer.send("/launch", launch_fields(writer, protein="RNCMPT90003"))
    (name,) = [each for each in rows(workspace) if "RNCMPT90003" in each]
    page = f"/study/{name}"

    def change(what: str, **fields: object) -> tuple[str, int]:
        answer = writer.send(
            "/change", {"proof": writer.proof(page), "study": name, "change": what, **fields}
        )
        assert (answer.status, answer.headers["location"]) == (303, page)
        return rows(workspace)[name]

    assert 'value="stop"' in writer.ask(page).text
    assert change("stop") == ("stopped", 3)
    assert 'value="stop"' not in writer.ask(page).text
    assert change("resume") == ("queued", 3)
    assert change("budget", trials=7) == ("queued", 7)
    assert change("stop") == ("stopped", 7)
    assert change("budget", trials=2) == ("queued", 2)
    for wrong in ({"change": "resume"}, {"change": "budget", "trials": "-1"}, {"change": MARKUP}):
        answer = writer.send("/change", {"proof": writer.proof(page), "study": name, **wrong})
        assert answer.status == 409
        assert answer.headers["content-type"].startswith("text/plain")
    assert rows(workspace)[name] == ("queued", 2)


Change = Callable[[Visitor, dict[str, object]], object]
CROSS_SITE = {"Origin": "https://evil.example", "Sec_Fetch_Site": "cross-site"}


@pytest.mark.parametrize(
    "send",
    [
        lambda writer, fields: writer.send("/change", fields, **CROSS_SITE),
        lambda writer, fields: writer.send(
            "/change", fields, Origin="http://localhost:1", Sec_Fetch_Site="same-site"
        ),
        lambda writer, fields: writer.send("/change", fields, Origin="null", Sec_Fetch_Site=""),
        lambda writer, fields: writer.send("/change", {**fields, "proof": "x" * 64}),
        lambda writer, fields: writer.send("/change", {**fields, "proof": ""}),
        lambda writer, fields: writer.send("/change", fields, Host="evil.example"),
        lambda writer, fields: Visitor(writer.port).send("/change", fields),
        lambda writer, fields: writer.ask(f"/change?{query(fields)}&proof={fields['proof']}"),
        lambda writer, fields: writer.send("/launch", fields, **CROSS_SITE),
        lambda writer, fields: writer.send("/study/x", fields),
        lambda writer, fields: writer.ask("/change", "PUT", b"{}"),
        lambda writer, fields: writer.ask("/launch", "DELETE"),
    ],
)
def test_what_no_form_of_ours_sent_changes_nothing(
    send: Change, writer: Visitor, workspace: Workspace
) -> None:
    (name, *_) = rows(workspace)
    before = rows(workspace)
    fields = {"proof": writer.proof(), "study": name, "change": "stop", "protein": "RNCMPT90006", "trials": 9}
    assert send(writer, fields).status in (403, 405)
    assert rows(workspace) == before


def test_pages_carry_headers_against_framing_sniffing_and_foreign_scripts(writer: Visitor) -> None:
    headers = writer.ask("/launch").headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert "'unsafe-inline'" not in headers["content-security-policy"]
    assert (policy["base-uri"], policy["form-action"], policy["frame-ancestors"]) == (
        "'none'",
        "'self'",
        "'self'",
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "server" not in headers
