"""A browser's part in talking to the pages: cookies, forms and their proof, without drawing anything."""

from __future__ import annotations

import http.client
import re
import uuid
from dataclasses import dataclass, field
from urllib.parse import urlencode

PROOF = re.compile(r'name="proof" value="([^"]*)"')


@dataclass
class Answer:
    """What came back."""

    status: int
    text: str
    headers: dict[str, str]


@dataclass
class Visitor:
    """Talks to a server on a port; keeps the cookies it is given."""

    port: int
    host: str = "localhost"
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(
        self, path: str, method: str = "GET", body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """Send a request as it is; redirections are not followed."""
        connection = http.client.HTTPConnection("localhost", self.port, timeout=60)
        sent = {"Host": f"{self.host}:{self.port}", **(headers or {})}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection.request(method, path, body, {name: value for name, value in sent.items() if value})
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.split(";")[0].partition("=")
            self.cookies[name] = value
        connection.close()
        return Answer(answer.status, text, {name.lower(): value for name, value in answer.headers.items()})

    def proof(self, path: str = "/launch") -> str:
        """Give what a form of this page carries."""
        found = PROOF.search(self.ask(path).text)
        return "" if found is None else found[1]

    def send(
        self,
        path: str,
        fields: dict[str, object],
        files: dict[str, tuple[str, bytes]] | None = None,
        **headers: str,
    ) -> Answer:
        """Send a form, as a browser does from a page of the same server unless `headers` say otherwise."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        own = {"Origin": f"http://{self.host}:{self.port}", "Sec-Fetch-Site": "same-origin", **named}
        if files is None:
            kind, body = "application/x-www-form-urlencoded", urlencode(fields, doseq=True).encode()
        else:
            kind, body = _multipart(fields, files)
        return self.ask(path, "POST", body, {"Content-Type": kind, **own})


def _multipart(fields: dict[str, object], files: dict[str, tuple[str, bytes]]) -> tuple[str, bytes]:
    boundary = uuid.uuid4().hex
    parts = []
    for name, value in fields.items():
        head = f'Content-Disposition: form-data; name="{name}"'
        parts.append(f"--{boundary}\r\n{head}\r\n\r\n{value}\r\n".encode())
    for name, (filename, content) in files.items():
        head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"'
        parts.append(f"--{boundary}\r\n{head}\r\n\r\n".encode() + content + b"\r\n")
    return f"multipart/form-data; boundary={boundary}", b"".join([*parts, f"--{boundary}--\r\n".encode()])
