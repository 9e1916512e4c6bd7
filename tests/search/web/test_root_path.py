"""Tests of the pages below a path of their own, as behind a proxy."""

import gzip
import json
import re
from importlib.metadata import version
from pathlib import Path
from wsgiref.util import setup_testing_defaults

import optuna_dashboard
import pytest

from data_io.errors import UserError
from search.web.address import Address
from search.web.dashboard import make_dashboard
from search.web.pages import make_pages
from search.web.root_path import LINKS, RootPath
from tests.search.web.test_server import get
from tests.support.nginx import proxying
from tests.support.pages import place_of, served

ROOT = "/rbptune"


def ask(application, path, method="GET", **headers):
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "HTTP_HOST": "localhost", **headers}
    setup_testing_defaults(environ)
    answer = {}

    def start_response(status, headers, exc_info=None):
        answer.update(status=int(status.split()[0]), headers=dict(headers))

    answer["body"] = b"".join(application(environ, start_response))
    return answer


def test_links_of_notes_lead_below_the_path():
    body = json.dumps(
        {
            "note": {
                "body": "see [it](/artifacts/1/ab), [it](/study/x) and /artifacts/x",
                "path": "/artifacts/y",
            }
        }
    )

    def answer(environ, start_response):
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body.encode()]

    got = ask(RootPath(answer, ROOT), "/api/studies/1")
    assert got["body"].decode() == body.replace("](/", f"]({ROOT}/")
    assert int(got["headers"]["Content-Length"]) == len(got["body"])


@pytest.fixture
def pages(database):
    return make_dashboard(place_of(database), Address(root_path=ROOT))


def test_the_dashboard_names_the_addresses_that_are_rewritten():
    """Of the version that the pattern was written for; another one has to be looked at."""
    assert version("optuna-dashboard") == "0.21.0"
    folder = Path(optuna_dashboard.__file__).parent
    script = (folder / "public" / "bundle.js").read_bytes()
    found = [link[0].decode() for link in LINKS.finditer(script)]
    assert {link: found.count(link) for link in sorted(set(found))} == {
        "/api": 24,
        "/artifacts": 4,
        "/csv": 2,
        "/dashboard": 1,
    }
    assert script.count(b"${this.baseURL}/api/") == 24
    assert [link[0] for link in LINKS.finditer((folder / "index.html").read_bytes())] == [b"/static"]


@pytest.mark.parametrize("path", ["/", "/rbptune", "/rbptune/"])
def test_our_own_pages_name_addresses_below_the_path(database, path):
    with served(make_pages(place_of(database), Address(root_path=ROOT))) as server:
        status, page, _ = get(f"http://localhost:{server.port}{path}")
        style = re.search(r'href="(/rbptune/_/style.css[^"]*)"', page)[1]
        assert (status, 'href="/rbptune/dashboard"' in page) == (200, True)
        assert get(f"http://localhost:{server.port}{style}")[0] == 200


@pytest.mark.parametrize("sent", ["/rbptune", ""])
def test_the_page_and_its_script_name_addresses_below_the_path(pages, sent):
    """Whether the proxy hands the path on, or cuts it off."""
    page = ask(pages, f"{sent}/dashboard/studies/1")
    assert b'src="/rbptune/static/bundle.js"' in page["body"]
    script = ask(pages, f"{sent}/static/bundle.js")["body"].decode()
    assert 'url_prefix:"/rbptune/dashboard"' in script
    assert not LINKS.search(re.sub(r'(["`(}])/rbptune/', r"\1", script).encode())
    studies = json.loads(ask(pages, f"{sent}/api/studies")["body"])["study_summaries"]
    assert len(studies) == 2


def test_the_script_is_packed_for_who_takes_it(pages):
    plain = ask(pages, "/static/bundle.js")
    packed = ask(pages, "/static/bundle.js", HTTP_ACCEPT_ENCODING="br, gzip")
    assert (plain["headers"].get("Content-Encoding"), packed["headers"]["Content-Encoding"]) == (None, "gzip")
    assert gzip.decompress(packed["body"]) == plain["body"]
    assert packed["headers"]["Content-Length"] == str(len(packed["body"]))
    head = ask(pages, "/static/bundle.js", method="HEAD")
    assert (head["body"], head["headers"]["Content-Length"]) == (b"", str(len(plain["body"])))


def test_a_path_that_only_begins_alike_is_not_cut(pages):
    assert ask(pages, "/rbptunes/api/studies")["status"] == 404


def test_a_redirection_names_no_host():
    def redirect(environ, start_response):
        start_response("302 Found", [("Location", "http://localhost/dashboard/studies?page=2")])
        return [b""]

    found = [ask(RootPath(redirect, root), "/old")["headers"]["Location"] for root in ("", ROOT)]
    assert found == ["/dashboard/studies?page=2", "/rbptune/dashboard/studies?page=2"]


@pytest.mark.parametrize("path", ["rbptune", "/a b", "/a?b", "//x", "http://x/y", '/"><script>', "/ü"])
def test_what_is_no_path_is_one_line(path):
    with pytest.raises(UserError, match=r"--root-path '.*': not a path; write it such as /rbptune"):
        Address(root_path=path)


@pytest.mark.parametrize("name", ["", "*", "*.example.org", "lab.example.org:80", "http://lab", "a b", "a/b"])
def test_what_is_no_host_name_is_one_line(name):
    with pytest.raises(UserError, match=r"--allow-host '.*': not a host name; give the name alone"):
        Address(names=(name,))


def test_a_slash_at_the_end_of_the_path_is_none():
    assert [Address(root_path=path).root_path for path in ("/rbptune/", "/a/b", "/", "")] == [
        "/rbptune",
        "/a/b",
        "",
        "",
    ]


def test_a_name_that_is_allowed_passes_and_others_do_not(database):
    pages = make_dashboard(place_of(database), Address(names=("lab.example.org",)))
    hosts = ("lab.example.org", "LAB.example.org:443", "lab.example.org.evil.example", "evil.example")
    found = [ask(pages, "/api/meta", HTTP_HOST=host)["status"] for host in hosts]
    assert found == [200, 200, 403, 403]


def test_nginx_shows_the_pages(behind_nginx):
    status, page, headers = get(f"{behind_nginx}/")
    assert (status, 'href="/rbptune/dashboard"' in page) == (200, True)
    assert "/rbptune/static/bundle.js" in get(f"{behind_nginx}/dashboard")[1]
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert len(json.loads(get(f"{behind_nginx}/api/studies")[1])["study_summaries"]) == 2
    assert get(f"{behind_nginx}/api/studies", host="evil.example")[0] == 403
    assert get(f"{behind_nginx}/api/studies/1", method="DELETE")[0] == 405


def test_nginx_may_cut_the_path_off_and_keep_its_own_host(nginx, database):
    with served(make_pages(place_of(database), Address(root_path=ROOT))) as server:
        location = f"location {ROOT}/ {{ proxy_pass http://127.0.0.1:{server.port}/; }}"
        with proxying(nginx, location) as port:
            status, page, _ = get(f"http://localhost:{port}{ROOT}/dashboard")
            assert (status, "/rbptune/static/bundle.js" in page) == (200, True)
            assert get(f"http://localhost:{port}{ROOT}/csv/1")[0] == 200
