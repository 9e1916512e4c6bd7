import gzip
import hashlib
import io
import logging
import random
import re
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from data_io.download import FILES, fetch
from data_io.errors import DataError, StorageError

MATRIX, SHEET = FILES
NOTES = {f"{name}.sha256" for name in FILES}


def packed(seed: int, size: int = 768_000) -> bytes:
    return gzip.compress(random.Random(seed).randbytes(size), compresslevel=1, mtime=0)


def book(text: str = "sheet") -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("sheet1.xml", text * 100)
    return held.getvalue()


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
    length: str | None = None  # what to announce instead
    wrong_start: bool = False
    asked: list[tuple[str, str | None]] = field(default_factory=list)


@pytest.fixture
def site() -> Iterator[Site]:
    held = Site()
    held.files = {
        f"/{MATRIX}": packed(0),
        f"/{SHEET}": book(),
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
            self.send_header("Content-Length", site.length or str(len(body) - start + site.length_off_by))
        self.end_headers()
        self.wfile.write(body[start:][: site.cut_after.pop(0)] if site.cut_after else body[start:])
        return None

    def log_message(self, *args: object) -> None:
        pass


def _fetch(out, site, pauses=(0.0, 0.0), **more):
    return fetch(out, site.url, pauses=pauses, **more)


def _assert_complete(out, site):
    assert {path.name for path in out.iterdir()} == {MATRIX, SHEET, *NOTES}, "no partial file is left"
    for name in (MATRIX, SHEET):
        assert (out / name).read_bytes() == site.files[f"/{name}"]
        digest = hashlib.sha256(site.files[f"/{name}"]).hexdigest()
        assert (out / f"{name}.sha256").read_text() == f"{digest}  {name}\n"


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
    (tmp_path / MATRIX).write_bytes(packed(1))
    for _ in range(2):
        _fetch(tmp_path, site)
        assert (tmp_path / MATRIX).read_bytes() == packed(1)
        assert [path for path, _ in site.asked] == [f"/{SHEET}"]
    assert not (tmp_path / f"{MATRIX}.sha256").exists(), "nothing is claimed of what was not fetched"


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
    site.files[f"/{MATRIX}"] = packed(2, 12_000)
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
    size = len(site.files[f"/{MATRIX}"])
    with pytest.raises(DataError, match=rf"{size:,} of {size + 10:,} bytes came"):
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


DAMAGE = {
    "cut": (MATRIX, packed(0)[:400_000], "Compressed file ended before the end-of-stream marker was reached"),
    "garbage behind the first bytes": (MATRIX, b"\x1f\x8b garbage", "Unknown compression method"),
    "a flipped bit": (MATRIX, packed(0)[:-6] + b"\0" + packed(0)[-5:], "CRC check failed"),
    "compressed twice": (MATRIX, gzip.compress(packed(0)), "compressed twice"),
    "nothing inside": (MATRIX, gzip.compress(b""), "empty"),
    "a sheet of garbage": (SHEET, b"PK garbage", "File is not a zip file"),
    "a sheet with a flipped bit": (
        SHEET,
        book().replace(b"sheetsheet", b"sheetshoot"),
        "bad checksum of sheet1.xml",
    ),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_file_is_refused_and_forgotten(tmp_path, site, case):
    name, content, reason = DAMAGE[case]
    site.files[f"/{name}"] = content
    with pytest.raises(DataError) as caught:
        _fetch(tmp_path, site)
    message = str(caught.value)
    assert message.startswith(f"{site.url}/{name}: sends a damaged {name} ({reason}")
    assert message.endswith("); run the command again, or put the file there by hand")
    assert not [path for path in tmp_path.iterdir() if name in path.name]


@pytest.mark.parametrize("fetched", [False, True])
@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_file_that_is_there_is_fetched_again(tmp_path, site, caplog, case, fetched):
    name, content, reason = DAMAGE[case]
    if fetched:
        _fetch(tmp_path, site)
    (tmp_path / name).write_bytes(content)
    with caplog.at_level(logging.WARNING):
        _fetch(tmp_path, site)
    _assert_complete(tmp_path, site)
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith(f"{tmp_path / name}: is damaged ({reason}")
    assert said.endswith("); fetching it again")


def test_a_damaged_file_stays_until_a_whole_one_has_come(tmp_path, site):
    (tmp_path / MATRIX).write_bytes(packed(0)[:5000])
    site.answers = [404]
    with pytest.raises(DataError, match="404"):
        _fetch(tmp_path, site)
    assert (tmp_path / MATRIX).read_bytes() == packed(0)[:5000]


def test_what_was_fetched_is_known_by_its_checksum(tmp_path, site, caplog):
    _fetch(tmp_path, site)
    checked = subprocess.run(
        ["sha256sum", "--check", *sorted(NOTES)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    site.asked.clear()
    _fetch(tmp_path, site)
    assert (site.asked, caplog.messages) == ([], [])

    (tmp_path / MATRIX).write_bytes(packed(1))
    _fetch(tmp_path, site)
    assert site.asked == []
    assert caplog.messages == [
        f"{tmp_path / MATRIX}: is whole, but not what was fetched; delete it to fetch it again"
    ]

    caplog.clear()
    (tmp_path / MATRIX).unlink()
    site.files[f"/{MATRIX}"] = packed(3)
    _fetch(tmp_path, site)
    assert caplog.messages == [f"{tmp_path / MATRIX}: the server sends another file than it did before"]
    _assert_complete(tmp_path, site)


@pytest.mark.parametrize("note", [b"", b"\xff\xfe", b"nonsense", None])
def test_a_note_that_is_no_checksum_is_none(tmp_path, site, note):
    _fetch(tmp_path, site)
    path = tmp_path / f"{MATRIX}.sha256"
    path.unlink() if note is None else path.write_bytes(note)
    site.asked.clear()
    _fetch(tmp_path, site)
    assert site.asked == []


@pytest.mark.parametrize("length", ["abc", "-5", "1e6", "\u00b2"])
def test_a_length_that_is_no_number_counts_as_none(tmp_path, site, length):
    site.length = length
    totals = set()
    _fetch(tmp_path, site, on_progress=lambda name, done, total: totals.add(total))
    _assert_complete(tmp_path, site)
    assert totals == {None}


def test_a_file_cut_where_no_length_is_told_is_refused(tmp_path, site):
    site.announce_length, site.cut_after = False, [5000]
    with pytest.raises(DataError, match="sends a damaged"):
        _fetch(tmp_path, site)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_place_of_a_file(tmp_path, site):
    (tmp_path / MATRIX).mkdir()
    with pytest.raises(DataError, match=r"cannot be read \(Is a directory\); check the file and its rights"):
        _fetch(tmp_path, site)
