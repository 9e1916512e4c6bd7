"""Optuna's dashboard of a study database, read-only, behind the guard."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from search.study.readonly import open_read_only
from search.web.address import Address
from search.web.guard import ReadOnlyGuard
from search.web.root_path import RootPath

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

PATHS = ("dashboard", "api", "static", "artifacts", "csv", "incompatible-rdb-schema", "favicon.ico")
"""What its addresses begin with; pages beside it have others."""


def make_dashboard(url: str, address: Address) -> WSGIApplication:
    """Build the guarded dashboard of a study database.

    Parameters
    ----------
    url : str
        The database's address; it is opened read-only.
    address : Address

    Returns
    -------
    WSGI application

    Raises
    ------
    StorageError
        When the database cannot be read.
    """
    from optuna_dashboard import wsgi

    # Of every page of a young study, while too few trials are there to rank the hyperparameters.
    warnings.filterwarnings("ignore", message="Some regimes for parameter", category=UserWarning)
    pages = RootPath(wsgi(open_read_only(url)), address.root_path)
    return ReadOnlyGuard(pages, address.accepted, any_address=address.everywhere)
