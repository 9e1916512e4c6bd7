import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from data_io.download import FILES, fetch
from data_io.errors import DataError, StorageError

MATRIX, SHEET = FILES


@dataclass
class Site:
    """What the local server holds, how it misbehaves, and what it was asked."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    tag: str | None = '"first"'
    ranges: bool = True
    cut_after: list[int] = field(default_factory=list)  # bytes of the body before the line drops, per request
    answers: list[int] = field(default_factory=list)  # statuses to send in place of a file, per request
    length_off_by: int = 0
    announce_length: bool = True
    wrong_start: bool = False
    asked: list[tuple[str, str | None]] = field(default_factory=list)


@pytest.fixture
def site() -> Iterator[Site]:
    held = Site()
    held.files = {
        f"/{MATRIX}": b"\x1f\x8b" + bytes(range(256)) * 3000,
        f"/{SHEET}": b"PK" + b"sheet" * 100,
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"site": held}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    held.url = f"http://127.0.0.1:{server.server_port}"
    yield held
    server.shutdown()
    thread.join()
    server.server_close()


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        site, wanted = self.site, self.headers["Range"]
        site.asked.append((self.path, wanted))
        if site.answers and (status := site.answers.pop(0)) != 200:
            return self.send_error(status)
        if self.path not in site.files:
            return self.send_error(404)
        body, start = site.files[self.path], 0
        if wanted and site.ranges and self.headers["If-Range"] == site.tag:
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted).group(1))
            if start >= len(body):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(body)}")
                self.send_header("Content-Length", "0")
                return self.end_headers()
            self.send_response(206)
            first = start + 1 if site.wrong_start else start
            self.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        if site.tag:
            self.send_header("ETag", site.tag)
        if site.announce_length:
            self.send_header("Content-Length", str(len(body) - start + site.length_off_by))
        self.end_headers()
        self.wfile.write(body[start:][: site.cut_after.pop(0)] if site.cut_after else body[start:])
        return None

    def log_message(self, *args: object) -> None:
        pass


def _fetch(out, site, pauses=(0.0, 0.0), **more):
    return fetch(out, site.url, pauses=pauses, **more)


def _assert_complete(out, site):
    assert {path.name for path in out.iterdir()} == {MATRIX, SHEET}, "no partial file is left"
    for name in (MATRIX, SHEET):
        assert (out / name).read_bytes() == site.files[f"/{name}"]


def test_fetches_both_files_and_reports_progress(tmp_path, site):
    calls = []
    found = _fetch(tmp_path / "new", site, on_progress=lambda *call: calls.append(call))
    _assert_complete(tmp_path / "new", site)
    assert (found.matrix.name, found.sheet.name) == (MATRIX, SHEET)
    size = len(site.files[f"/{MATRIX}"])
    of_matrix = [call for call in calls if call[0] == MATRIX]
    assert of_matrix[-1] == (MATRIX, size, size)
    assert [done for _, done, _ in of_matrix] == sorted({done for _, done, _ in of_matrix})


def test_files_that_are_there_are_kept_and_not_asked_for(tmp_path, site):
    (tmp_path / MATRIX).write_bytes(b"mine")
    _fetch(tmp_path, site)
    assert (tmp_path / MATRIX).read_bytes() == b"mine"
    assert [path for path, _ in site.asked] == [f"/{SHEET}"]


def test_goes_on_where_the_connection_broke(tmp_path, site):
    site.cut_after = [1000, 300_000]
    _fetch(tmp_path, site)
    _assert_complete(tmp_path, site)
    assert [wanted for path, wanted in site.asked if path == f"/{MATRIX}"] == [
        None,
        "bytes=1000-",
        "bytes=301000-",
    ]


def test_a_later_call_goes_on_where_an_earlier_one_gave_up(tmp_path, site):
    site.cut_after = [5000, 0]
    with pytest.raises(DataError) as caught:
        _fetch(tmp_path, site, pauses=())
    total = len(site.files[f"/{MATRIX}"])
    assert str(caught.value) == (
        f"{site.url}/{MATRIX}: failed after 5,000 bytes (5,000 of {total:,} bytes came); "
        "run the command again to go on, or put the file there by hand"
    )
    assert not (tmp_path / MATRIX).exists()
    site.asked.clear()
    _fetch(tmp_path, site)
    assert site.asked[0] == (f"/{MATRIX}", "bytes=5000-")
    _assert_complete(tmp_path, site)


@pytest.mark.parametrize("change", ["ranges", "tag", "no tag", "wrong start"])
def test_starts_over_where_the_rest_may_not_fit_the_beginning(tmp_path, site, change):
    site.tag = None if change == "no tag" else site.tag
    site.cut_after = [5000, 0]
    with pytest.raises(DataError):
        _fetch(tmp_path, site, pauses=())
    site.files[f"/{MATRIX}"] = b"\x1f\x8b" + b"another file" * 999
    site.ranges = change != "ranges"
    site.tag = '"second"' if change == "tag" else site.tag
    site.wrong_start = change == "wrong start"
    _fetch(tmp_path, site)
    _assert_complete(tmp_path, site)


def test_a_whole_part_is_moved_to_its_place(tmp_path, site):
    site.cut_after = [5000, 0]
    with pytest.raises(DataError):
        _fetch(tmp_path, site, pauses=())
    (tmp_path / f".{MATRIX}.part").write_bytes(site.files[f"/{MATRIX}"])
    _fetch(tmp_path, site)
    _assert_complete(tmp_path, site)
    assert len([path for path, wanted in site.asked if path == f"/{MATRIX}" and not wanted]) == 1


def test_a_part_longer_than_the_file_is_thrown_away(tmp_path, site):
    site.cut_after = [5000, 0]
    with pytest.raises(DataError):
        _fetch(tmp_path, site, pauses=())
    (tmp_path / f".{MATRIX}.part").write_bytes(site.files[f"/{MATRIX}"] + b"more")
    _fetch(tmp_path, site)
    _assert_complete(tmp_path, site)


def test_a_server_that_is_busy_is_asked_again(tmp_path, site):
    site.answers = [503, 500]
    _fetch(tmp_path, site)
    _assert_complete(tmp_path, site)


def test_a_server_that_tells_no_length_is_believed(tmp_path, site):
    site.announce_length = False
    totals = set()
    _fetch(tmp_path, site, on_progress=lambda name, done, total: totals.add(total))
    _assert_complete(tmp_path, site)
    assert totals == {None}


def test_a_size_that_never_fits_is_an_error(tmp_path, site):
    site.length_off_by, site.ranges = 10, False
    with pytest.raises(DataError, match=r"768,002 of 768,012 bytes came"):
        _fetch(tmp_path, site)
    assert not (tmp_path / MATRIX).exists()


def test_a_missing_file_is_not_asked_for_twice(tmp_path, site):
    del site.files[f"/{MATRIX}"]
    with pytest.raises(DataError) as caught:
        _fetch(tmp_path, site)
    assert str(caught.value) == f"{site.url}/{MATRIX}: the server answers 404 Not Found; check the address"
    assert len(site.asked) == 1


def test_a_page_in_place_of_the_file_is_refused_and_forgotten(tmp_path, site):
    site.files[f"/{MATRIX}"] = b"<html>please log in</html>"
    with pytest.raises(DataError) as caught:
        _fetch(tmp_path, site)
    assert str(caught.value) == f"{site.url}/{MATRIX}: sends something else than {MATRIX}; check the address"
    assert list(tmp_path.iterdir()) == []


def test_nobody_answers(tmp_path):
    with pytest.raises(DataError, match=r"127\.0\.0\.1:9/.*failed before the first byte \(.*refused"):
        fetch(tmp_path, "http://127.0.0.1:9", pauses=(0.0,))


def test_only_http_is_an_address(tmp_path):
    with pytest.raises(
        DataError, match="'file:///etc' is no address; it must begin with http:// or https://"
    ):
        fetch(tmp_path, "file:///etc")


def test_a_folder_that_cannot_be_written_to(tmp_path, site):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"file.* cannot be written"):
        _fetch(tmp_path / "file" / "data", site)
