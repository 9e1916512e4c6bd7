"""A link from Optuna's dashboard back to our pages, and to the page of the same study."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

END = b"</body>"


def with_way_back(dashboard: WSGIApplication, root: str, static: Callable[[str], str]) -> WSGIApplication:
    """Add the link to the dashboard's page, which is the same for all of its addresses.

    Parameters
    ----------
    dashboard : WSGI application
    root : str
        The path below which the pages are shown.
    static : callable
        Gives the address of a static file.
    """
    link = (
        f'<link rel="stylesheet" href="{static("way_back.css")}">'
        f'<a id="way-back" href="{root}/">rbptune</a><script src="{static("way_back.js")}"></script>'
    ).encode()

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "").removeprefix(root)
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD") or not f"{path}/".startswith("/dashboard/"):
            return dashboard(environ, start_response)
        conditions = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_RANGE")
        plain = {key: value for key, value in environ.items() if key not in conditions}
        return _insert(dashboard, plain | {"HTTP_ACCEPT_ENCODING": ""}, start_response, link)

    return answer


def _insert(
    dashboard: WSGIApplication, environ: WSGIEnvironment, start_response: StartResponse, link: bytes
) -> Iterable[bytes]:
    answer: dict[str, Any] = {}

    def note(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        answer.update(status=status, headers=headers)

    parts = dashboard({**environ, "REQUEST_METHOD": "GET"}, note)
    body = b"".join(parts).replace(END, link + END, 1)
    if hasattr(parts, "close"):
        parts.close()
    dropped = ("content-length", "etag", "last-modified")
    headers = [(name, value) for name, value in answer["headers"] if name.lower() not in dropped]
    start_response(answer["status"], [*headers, ("Content-Length", str(len(body)))])
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]
