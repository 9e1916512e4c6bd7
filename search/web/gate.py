"""A WSGI gate before Optuna's dashboard: where a password is asked for, it opens to whoever has logged in."""

from __future__ import annotations

from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from search.web.access import Access

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Gate:
    """Let readers through, and lead all others to the log-in.

    Parameters
    ----------
    application : WSGI application
    access : Access
    cookie : str
        The name of the cookie that holds the session.
    login : str
        The path of the log-in page.
    """

    def __init__(self, application: WSGIApplication, access: Access, cookie: str, login: str) -> None:
        self._application = application
        self._access = access
        self._cookie = cookie
        self._login = login

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, or hand it on."""
        if self._access.visitor(self._session(environ)).may_read:
            return self._application(environ, start_response)
        start_response("303 See Other", [("Location", self._login), ("Content-Length", "0")])
        return [b""]

    def _session(self, environ: WSGIEnvironment) -> str | None:
        try:
            found = SimpleCookie(environ.get("HTTP_COOKIE", "")).get(self._cookie)
        except CookieError:
            return None
        return None if found is None else found.value
