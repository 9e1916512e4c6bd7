"""All pages of a workspace: its own, and Optuna's dashboard beside them."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

from tornado.httputil import HTTPServerConnectionDelegate
from tornado.routing import AnyMatches, PathMatches, Rule, RuleRouter
from tornado.web import Application

from search.study.workspace import Workspace
from search.web.access import Access
from search.web.address import Address
from search.web.container import Container
from search.web.dashboard import PATHS, make_dashboard
from search.web.gate import Gate
from search.web.guard import ReadOnlyGuard
from search.web.handlers import Missing
from search.web.routes import routes
from search.web.site import Site
from search.web.way_back import with_way_back

Pages = Callable[[Executor, str, int], HTTPServerConnectionDelegate]
"""Given threads to work on and the server's own name and port, gives what answers requests."""


def make_pages(
    workspace: Workspace, address: Address, access: Access | None = None, data: Path | None = None
) -> Pages:
    """Build the pages of a workspace.

    Parameters
    ----------
    workspace : Workspace
    address : Address
    access : Access, optional
        Default: everybody may read, and nobody write.
    data : Path, optional
        A folder of measurements to launch from.

    Returns
    -------
    Pages
        For a `PageServer`.

    Raises
    ------
    StorageError
        When the workspace's database cannot be read.
    """
    given = access or Access()
    dashboard = make_dashboard(workspace, address)
    guard = ReadOnlyGuard(dashboard, address.accepted, any_address=address.everywhere)

    def build(threads: Executor, name: str, port: int) -> HTTPServerConnectionDelegate:
        site = Site(workspace, address.root_path, guard, given, threads, port, data)
        site.warm_up()
        own = Application(routes(site), default_handler_class=Missing, site=site, compress_response=True)
        linked = with_way_back(dashboard, site.root, site.static)
        gate = Gate(linked, given, site.cookie, f"{site.root}/login")
        beside = PathMatches(f"(?:{re.escape(address.root_path)})?/(?:{'|'.join(PATHS)})(?:/.*)?$")
        return RuleRouter([Rule(beside, Container(gate, threads, name, port)), Rule(AnyMatches(), own)])

    return build
