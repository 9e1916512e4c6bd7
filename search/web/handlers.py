"""How requests for our own pages are answered: behind the guard, escaped, errors in words."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from tornado.web import HTTPError, RequestHandler, StaticFileHandler

from data_io.errors import StudyError, UserError
from search.web.access import Visitor
from search.web.asked import Asked, Query, Stamp
from search.web.guard import READING, SECURITY_HEADERS, foreign_host, not_possible
from search.web.site import Site

# A page that tells nothing of where it is sends forms as those of an unknown site.
OWN_HEADERS = {"Referrer-Policy": "same-origin"}


class Handler(RequestHandler):
    """A request behind the guard; the parent of every other here."""

    @property
    def site(self) -> Site:
        """What all pages share."""
        site: Site = self.settings["site"]
        return site

    def set_default_headers(self) -> None:
        """Add the headers that every answer has; a handler may set stricter ones."""
        self.clear_header("Server")
        for name, value in {**SECURITY_HEADERS, **OWN_HEADERS}.items():
            self.set_header(name, value)
        self.set_header("Cache-Control", "no-cache")

    open_to_all = False
    """Whether it is shown to those, too, who have not logged in where that is asked for."""

    @property
    def visitor(self) -> Visitor:
        """Who asks."""
        return self.site.access.visitor(self.get_cookie(self.site.cookie))

    def prepare(self) -> None:
        """Refuse a request that was addressed to another server; take a token; ask for a log-in."""
        host = self.request.headers.get("Host", "")
        if not self.site.guard.accepts(host):
            raise HTTPError(403, reason=HTTPStatus.FORBIDDEN.phrase, log_message=foreign_host(host))
        if self.request.method in READING and "token" in self.request.query_arguments:
            self._take_token(self.get_query_argument("token"))
        elif not (self.open_to_all or self.visitor.may_read):
            self.go_to(f"{self.site.root}/login")

    def _take_token(self, token: str) -> None:
        """Begin a session, and go to the same address without the token."""
        if not self.site.access.knows_token(token):
            raise HTTPError(403, "this is no token of this server's present run; take the address it printed")
        self.begin_session()
        self.go_to(f"{self.site.root}{self.request.path.removeprefix(self.site.root)}")

    def begin_session(self) -> None:
        """Give the visitor's browser a session, which no script and no other site's page can use."""
        behind_tls = self.request.headers.get("X-Forwarded-Proto") == "https"
        self.set_cookie(
            self.site.cookie,
            self.site.access.begin(),
            path=f"{self.site.root}/",
            httponly=True,
            samesite="Strict",
            secure=behind_tls,
        )

    def go_to(self, address: str) -> None:
        """Answer with another address, given as a path: a proxy's scheme and name are not known here."""
        self.set_status(303)
        self.set_header("Location", address)
        self.finish()

    def page(self, template: str, values: Mapping[str, Any]) -> str:
        """Fill a template for this visitor."""
        return self.site.render(template, {"visitor": self.visitor, **values})

    def log_exception(self, kind: Any, error: Any, trace: Any) -> None:
        """Log what failed here; what a request did wrong is for who sent it to know."""
        if not isinstance(error, HTTPError):
            super().log_exception(kind, error, trace)

    def write_error(self, status_code: int, **facts: Any) -> None:
        """Say in words what went wrong."""
        error = facts["exc_info"][1]
        text = _said(error) or HTTPStatus(status_code).phrase
        if status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            self.set_header("Allow", "GET, HEAD, OPTIONS")
            text = not_possible(self.request.method or "")
        facts = {"status": status_code, "text": text}
        if status_code == HTTPStatus.NOT_FOUND:
            self.finish(self.page("missing.html", facts))
            return
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"{status_code}: {text}\n")

    def asked(self, path: tuple[str, ...]) -> Asked:
        """Give what the request asks for."""
        query = {name: self.get_query_arguments(name) for name in self.request.query_arguments}
        return Asked(path, query)

    async def work(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Run a function on the site's threads; mistakes become answers."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self.site.threads, function, *arguments)
        except asyncio.CancelledError as error:
            raise HTTPError(503, "the server ends") from error
        except StudyError as error:
            raise HTTPError(404, "%s", error) from error
        except UserError as error:
            raise HTTPError(503, "%s", error) from error


class View(Handler):
    """A page: a query, a dict and a template."""

    def initialize(self, template: str, query: Query, stamp: Stamp | None = None) -> None:
        """Take the route's arguments; a stamp says, cheaply, when the page is the same as before."""
        self._template, self._query, self._stamp = template, query, stamp
        self._tag: str | None = None
        self._cost = 0.0

    async def get(self, *path: str) -> None:
        """Answer with the page, or that the browser has it."""
        asked = self.asked(path)
        if self._stamp is not None:
            facts = await self._timed(self._seen, asked), asked, self.visitor, self.site.began
            self._tag = f'"{hashlib.sha256(repr(facts).encode()).hexdigest()[:32]}"'
            self.set_etag_header()
            if self.check_etag_header():
                self.set_status(HTTPStatus.NOT_MODIFIED)
                return
        self.finish(await self._timed(self._kept, asked))

    head = get

    def compute_etag(self) -> str | None:
        """Give the page's stamp; without one, what Tornado makes of its content."""
        return self._tag or super().compute_etag()

    async def _timed(self, function: Callable[[Asked], Any], asked: Asked) -> Any:
        """Run a function, and say what it cost the server: scripts ask the less often the more that is."""

        def run() -> tuple[Any, float]:
            begin = time.thread_time()
            return function(asked), time.thread_time() - begin

        found, seconds = await self.work(run)
        self._cost += seconds
        self.set_header("Server-Timing", f"page;dur={1e3 * self._cost:.1f}")
        return found

    def _seen(self, asked: Asked) -> tuple[object, ...]:
        stamp = self._stamp
        assert stamp is not None
        return self.site.rendered.stamp(repr(asked), lambda: stamp(self.site, asked))

    def _kept(self, asked: Asked) -> str:
        if self._tag is None:
            return self._page(asked)
        return self.site.rendered.page(self._tag, lambda: self._page(asked))

    def _page(self, asked: Asked) -> str:
        return self.page(self._template, self._query(self.site, asked))


class Text(Handler):
    """What a script asks for as plain text: what a function gives."""

    def initialize(self, query: Callable[[Site, Asked], str]) -> None:
        """Take the route's arguments."""
        self._query = query

    async def get(self, *path: str) -> None:
        """Answer with the text."""
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(await self.work(self._query, self.site, self.asked(path)))

    head = get


class Static(Handler, StaticFileHandler):
    """A static file, behind the guard as the pages are; the log-in page needs them."""

    open_to_all = True


class Missing(Handler):
    """Any address that no route has."""

    def get(self) -> None:
        """Say that nothing is here."""
        raise HTTPError(404, "there is no such page")

    head = post = put = delete = patch = get


def _said(error: BaseException) -> str | None:
    """Give what is said with an HTTPError; of any other error nothing is told to readers."""
    if not isinstance(error, HTTPError) or error.log_message is None:
        return None
    return error.log_message % error.args
