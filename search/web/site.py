"""What every page needs: the workspace, its database, the templates."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from tornado.web import StaticFileHandler

from search.study.workspace import Workspace
from search.web.guard import ReadOnlyGuard

STATIC = Path(__file__).parent / "static"


class Site:
    """The pages of one workspace, as seen by those who write pages.

    Parameters
    ----------
    workspace : Workspace
    root : str
        The path below which the pages are shown, such as ``/rbptune``; empty for none. Every address in a
        template begins with it.
    guard : ReadOnlyGuard
        Says which host names requests may carry.
    threads : Executor
        Where queries run, so that the server goes on listening meanwhile.
    """

    def __init__(self, workspace: Workspace, root: str, guard: ReadOnlyGuard, threads: Executor) -> None:
        self.workspace = workspace
        self.root = root
        self.guard = guard
        self.threads = threads
        self._templates = Environment(
            loader=PackageLoader("search.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(root=root, static=self.static)

    def static(self, name: str) -> str:
        """Give the address of a static file; it changes with the file, so that browsers may keep it."""
        version = StaticFileHandler.get_version({"static_path": str(STATIC)}, name)
        return f"{self.root}/_/{name}?v={version}"

    def render(self, template: str, values: Mapping[str, Any]) -> str:
        """Fill a template; everything in `values` is escaped."""
        return self._templates.get_template(template).render(values)
