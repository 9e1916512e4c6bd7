"""The pages of a study database: Optuna's dashboard, read-only, behind the guard."""

from __future__ import annotations

import re
import socket
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_io.errors import UserError
from search.web.guard import ReadOnlyGuard, is_host_name
from search.web.readonly import open_read_only
from search.web.root_path import RootPath
from search.web.server import ANY_ADDRESS

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from optuna.storages import BaseStorage

_ROOT_PATH = re.compile(r"(?:/[\w.~-]+)+", re.ASCII)


@dataclass(frozen=True)
class Address:
    """Where the pages are served, and under which names they are asked for.

    Attributes
    ----------
    host : str
        The interface; with an address for all of them every IP address and this machine's own name are
        accepted in requests.
    port : int
        0 takes any free one.
    root_path : str
        The path below which a proxy shows the pages, such as ``/rbptune``; empty for none.
    names : tuple of str
        Further host names to answer to, such as that of a proxy.

    Raises
    ------
    UserError
        When the root path is none, or a name is not a host name alone.
    """

    host: str = "localhost"
    port: int = 8080
    root_path: str = ""
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "root_path", self.root_path.rstrip("/"))
        if self.root_path and not _ROOT_PATH.fullmatch(self.root_path):
            raise UserError(f"--root-path {self.root_path!r}: not a path; write it such as /rbptune")
        for name in self.names:
            if not is_host_name(name):
                raise UserError(
                    f"--allow-host {name!r}: not a host name; give the name alone, such as lab.example.org"
                )


def make_pages(storage: BaseStorage | str, address: Address) -> WSGIApplication:
    """Build the guarded pages of a study database.

    Parameters
    ----------
    storage : optuna storage or str
        The storage, or the database's address, which is then opened read-only.
    address : Address

    Returns
    -------
    WSGI application
    """
    from optuna_dashboard import wsgi

    # Of every page of a young study, while too few trials are there to rank the hyperparameters.
    warnings.filterwarnings("ignore", message="Some regimes for parameter", category=UserWarning)
    opened = open_read_only(storage) if isinstance(storage, str) else storage
    everywhere = address.host in ANY_ADDRESS
    own_names = [socket.gethostname(), socket.getfqdn()] if everywhere else [address.host]
    pages = RootPath(_with_front_door(wsgi(opened)), address.root_path)
    return ReadOnlyGuard(pages, [*own_names, *address.names], any_address=everywhere)


def _with_front_door(dashboard: WSGIApplication) -> WSGIApplication:
    """Send whoever opens the bare address to the dashboard."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO", "") in {"", "/"}:
            start_response("302 Found", [("Location", "/dashboard"), ("Content-Length", "0")])
            return [b""]
        return dashboard(environ, start_response)

    return answer
