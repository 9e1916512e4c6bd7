"""The pages of a study database: Optuna's dashboard, read-only, behind the guard."""

from __future__ import annotations

import socket
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING

from search.web.guard import ReadOnlyGuard
from search.web.readonly import open_read_only
from search.web.server import ANY_ADDRESS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from optuna.storages import BaseStorage


def make_pages(
    storage: BaseStorage | str, host: str = "localhost", names: Iterable[str] = ()
) -> WSGIApplication:
    """Build the guarded pages of a study database.

    Parameters
    ----------
    storage : optuna storage or str
        The storage, or the database's address, which is then opened read-only.
    host : str
        The host that the pages will be served on; with an address for all interfaces every IP address
        and this machine's own name are accepted in requests.
    names : iterable of str
        Further host names to answer to, such as that of a proxy.

    Returns
    -------
    WSGI application
    """
    from optuna_dashboard import wsgi

    # Of every page of a young study, while too few trials are there to rank the hyperparameters.
    warnings.filterwarnings("ignore", message="Some regimes for parameter", category=UserWarning)
    opened = open_read_only(storage) if isinstance(storage, str) else storage
    everywhere = host in ANY_ADDRESS
    own_names = [socket.gethostname(), socket.getfqdn()] if everywhere else [host]
    return ReadOnlyGuard(_with_front_door(wsgi(opened)), [*own_names, *names], any_address=everywhere)


def _with_front_door(dashboard: WSGIApplication) -> WSGIApplication:
    """Send whoever opens the bare address to the dashboard."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "") in {"", "/"}:
            start_response("302 Found", [("Location", "/dashboard"), ("Content-Length", "0")])
            return [b""]
        return dashboard(environ, start_response)

    return answer
