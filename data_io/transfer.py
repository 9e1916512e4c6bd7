"""One file over HTTP: resumed where the connection broke off, and put in its place only when it is whole."""

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from data_io.errors import DataError
from data_io.files import storage_error
from data_io.integrity import find_damage

Progress = Callable[[str, int, int | None], None]

_CHUNK = 1 << 18
_TIMEOUT = 30.0


@dataclass(frozen=True)
class _Reply:
    """What the server sends: from which byte, of how many in all."""

    start: int
    total: int | None
    version: str


class _BrokenOffError(Exception):
    """The connection ended before the file did; another try may bring the rest."""


class Transfer:
    """One file on its way from a server to its place.

    What has come so far lies beside the place, so that another try, or another process, can go on.

    Parameters
    ----------
    url : str
    target : Path
    on_progress : callable, optional
        Called with the file's name, the bytes there so far and the bytes in all, or None if that is unknown.
    """

    def __init__(self, url: str, target: Path, on_progress: Progress | None) -> None:
        self._url, self._target = url, target
        self._on_progress = on_progress
        self._part = target.with_name(f".{target.name}.part")
        self._version = target.with_name(f".{target.name}.version")

    def run(self, magic: bytes, pauses: Sequence[float]) -> None:
        """Try until the file is whole, then move it to its place.

        Raises
        ------
        DataError
            When the server cannot be reached, refuses, or sends something else or a damaged file.
        StorageError
            When the disk is full or the folder cannot be written to.
        """
        try:
            self._target.parent.mkdir(parents=True, exist_ok=True)
            self._fetch_persistently(list(pauses))
            self._check(magic)
            self._part.replace(self._target)
            self._version.unlink(missing_ok=True)
        except OSError as error:
            raise storage_error(self._target, error) from error

    def _check(self, magic: bytes) -> None:
        """Throw away what is not the file that was asked for."""
        with self._part.open("rb") as file:
            other = file.read(len(magic)) != magic
        damage = None if other else find_damage(self._part, self._target.suffix)
        name = self._target.name
        if other:
            self._forget()
            raise DataError(f"{self._url}: sends something else than {name}; check the address")
        if damage:
            self._forget()
            remedy = "run the command again, or put the file there by hand"
            raise DataError(f"{self._url}: sends a damaged {name} ({damage}); {remedy}")

    def _fetch_persistently(self, pauses: list[float]) -> None:
        left = list(pauses)
        while True:
            before = self._size()
            try:
                return self._fetch_rest()
            except _BrokenOffError as error:
                if self._size() > before:
                    left = list(pauses)
                elif not left:
                    got = f"after {self._size():,} bytes" if self._size() else "before the first byte"
                    remedy = "run the command again to go on, or put the file there by hand"
                    raise DataError(f"{self._url}: failed {got} ({error}); {remedy}") from error
                else:
                    time.sleep(left.pop(0))

    def _fetch_rest(self) -> None:
        """Ask for what is missing and append it."""
        try:
            response = self._ask()
        except urllib.error.HTTPError as error:
            self._judge(error)
            return
        except (OSError, http.client.HTTPException) as error:  # a URLError is an OSError
            raise _BrokenOffError(str(getattr(error, "reason", error))) from error
        with response:
            reply = _read_reply(response, self._size())
            if reply is None:
                self._forget()
                raise _BrokenOffError("the server went on at another byte than asked")
            if reply.start == 0:
                self._forget()
                self._version.write_text(reply.version)
            self._receive(response, reply)
        if reply.total is not None and self._size() != reply.total:
            raise _BrokenOffError(f"{self._size():,} of {reply.total:,} bytes came")

    def _ask(self) -> http.client.HTTPResponse:
        request = urllib.request.Request(self._url, headers={"Accept-Encoding": "identity"})
        version = self._version.read_text() if self._version.exists() else ""
        if self._size() and version:  # without a version, two halves of two files might be joined
            request.add_header("Range", f"bytes={self._size()}-")
            request.add_header("If-Range", version)
        response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=_TIMEOUT)
        return response

    def _judge(self, error: urllib.error.HTTPError) -> None:
        """Return where the answer means that nothing is missing; raise otherwise."""
        answer = f"the server answers {error.code} {error.reason}"
        if error.code == 416:
            if error.headers.get("Content-Range") == f"bytes */{self._size()}":
                return
            self._forget()
            raise _BrokenOffError(answer)
        if error.code >= 500 or error.code in {408, 429}:
            raise _BrokenOffError(answer)
        raise DataError(f"{self._url}: {answer}; check the address")

    def _receive(self, response: IO[bytes], reply: _Reply) -> None:
        done = reply.start
        with self._part.open("ab") as file:
            while chunk := _read_chunk(response):
                file.write(chunk)
                done += len(chunk)
                if self._on_progress is not None:
                    self._on_progress(self._target.name, done, reply.total)

    def _size(self) -> int:
        return self._part.stat().st_size if self._part.exists() else 0

    def _forget(self) -> None:
        self._part.unlink(missing_ok=True)
        self._version.unlink(missing_ok=True)


def _read_chunk(response: IO[bytes]) -> bytes:
    try:
        return response.read(_CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise _BrokenOffError(str(error) or type(error).__name__) from error


def _read_reply(response: http.client.HTTPResponse, have: int) -> _Reply | None:
    """Understand the answer's head; None when it continues at another byte than asked."""
    version = response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
    version = "" if version.startswith("W/") else version  # a weak tag does not promise equal bytes
    if response.status != 206:
        return _Reply(0, _read_number(response.headers.get("Content-Length", "")), version)
    span, _, total = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
    if not span.startswith(f"{have}-"):
        return None
    return _Reply(have, _read_number(total), version)


def _read_number(text: str) -> int | None:
    """None for what is no number, as broken mirrors send: the file itself shows whether it is whole."""
    return int(text) if text.isascii() and text.isdigit() else None
