"""Optuna's dashboard of a study database, read-only, behind the guard."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from search.study.readonly import open_read_only
from search.study.workspace import Workspace
from search.web.address import Address
from search.web.guard import ReadOnlyGuard
from search.web.root_path import RootPath

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATHS = ("dashboard", "api", "static", "artifacts", "csv", "incompatible-rdb-schema", "favicon.ico")
"""What its addresses begin with; pages beside it have others."""


SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; sandbox"
"""Of what a study left: what it contains is shown as it is, and none of it is run."""


def make_dashboard(workspace: Workspace, address: Address) -> WSGIApplication:
    """Build the guarded dashboard of a workspace's studies.

    Parameters
    ----------
    workspace : Workspace
        Its database is opened read-only.
    address : Address

    Returns
    -------
    WSGI application

    Raises
    ------
    StorageError
        When the database cannot be read.
    """
    from optuna.artifacts import FileSystemArtifactStore
    from optuna_dashboard import wsgi

    # Of every page of a young study, while too few trials are there to rank the hyperparameters.
    warnings.filterwarnings("ignore", message="Some regimes for parameter", category=UserWarning)
    artifacts = FileSystemArtifactStore(workspace.shelf)
    dashboard = wsgi(open_read_only(workspace.storage_url), artifact_store=artifacts)
    pages = RootPath(_sandboxed(dashboard), address.root_path)
    return ReadOnlyGuard(pages, address.accepted, any_address=address.everywhere)


def _sandboxed(dashboard: WSGIApplication) -> WSGIApplication:
    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not environ.get("PATH_INFO", "").startswith("/artifacts/"):
            return dashboard(environ, start_response)

        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            return start_response(status, [*headers, ("Content-Security-Policy", SANDBOX)], *exc_info)

        return dashboard(environ, start)

    return answer
