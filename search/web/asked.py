"""What a request asks for, and the queries that answer it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from search.web.site import Site


@dataclass(frozen=True)
class Asked:
    """What a request asks for.

    Attributes
    ----------
    path : tuple of str
        What the route's groups matched, decoded.
    query : dict of str to list of str
        The values of the address's query.
    """

    path: tuple[str, ...]
    query: Mapping[str, list[str]]

    def first(self, name: str, default: str = "") -> str:
        """Give the first value of a name in the query."""
        return self.query.get(name, [default])[0]


Query = Callable[[Site, Asked], Mapping[str, Any]]
"""Looks up what a template shows; raises StudyError where there is no such study."""

Stamp = Callable[[Site, Asked], tuple[object, ...]]
"""Gives values that differ when what a query looks up does; it costs much less."""
