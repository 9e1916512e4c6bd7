"""Answers that are no pages: values for scripts, files of studies, ways to other addresses."""

from __future__ import annotations

from pathlib import Path

from tornado.web import HTTPError

from search.web.asked import Query
from search.web.handlers import Handler
from search.web.views.export import export, folder_name, report
from search.web.views.study import by_number

KINDS = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".meme": "text/plain; charset=utf-8",
}
"""Endings of the files of a study that are shown; no other is."""
SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; font-src data:; sandbox"


class Values(Handler):
    """What a script asks for: a query's dict as JSON."""

    def initialize(self, query: Query) -> None:
        """Take the route's arguments."""
        self._query = query

    async def get(self, *path: str) -> None:
        """Answer with the values."""
        self.finish(dict(await self.work(self._query, self.site, self.asked(path))))

    head = get


class ByNumber(Handler):
    """Leads from a study's number in the database, which Optuna's dashboard shows, to its page."""

    async def get(self, number: str) -> None:
        """Answer with the way."""
        name = await self.work(by_number, self.site, number)
        self.go_to(self.site.study_page(name))

    head = get


class File(Handler):
    """A file that a finished study left; what it contains is never run."""

    async def get(self, study: str, name: str) -> None:
        """Answer with the file."""
        kind = KINDS.get(Path(name).suffix)
        path = self.site.board.evidence.file(study, name) if kind else None
        if kind is None or path is None:
            raise HTTPError(404, "%s has no file %s", study[:200], name)
        self.set_header("Content-Type", kind)
        self.set_header("Content-Security-Policy", SANDBOX)
        self.finish(await self.work(path.read_bytes))

    head = get


class Export(Handler):
    """What a finished study hands over, as a zip archive."""

    async def get(self, study: str) -> None:
        """Answer with the archive."""
        content = await self.work(export, self.site, self.asked((study,)))
        self.set_header("Content-Type", "application/zip")
        self.set_header("Content-Disposition", f'attachment; filename="{folder_name(study)}.zip"')
        self.finish(content)


class Report(Handler):
    """The report card of a finished study."""

    async def get(self, study: str) -> None:
        """Answer with the page."""
        content = await self.work(report, self.site, self.asked((study,)))
        self.set_header("Content-Security-Policy", SANDBOX)
        self.finish(content)
