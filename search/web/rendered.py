"""The last pages and their stamps, so that readers who come together share one look and one page."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

FRESH_SECONDS = 4.0  # an epoch takes seconds, and a script asks for its page every five
MOST = 32


class Rendered:
    """Pages by what they depend on; the oldest is forgotten first."""

    def __init__(self) -> None:
        self._pages: OrderedDict[str, str] = OrderedDict()
        self._stamps: OrderedDict[Hashable, tuple[float, tuple[object, ...]]] = OrderedDict()
        self._lock = threading.Lock()

    def stamp(self, asked: Hashable, look: Callable[[], tuple[object, ...]]) -> tuple[object, ...]:
        """Give what a page depends on, as it was seen some seconds ago at most."""
        with self._lock:  # one looks, the others wait for what it sees
            looked, seen = self._stamps.get(asked, (float("-inf"), ()))
            if time.monotonic() - looked >= FRESH_SECONDS:
                seen = look()
                _keep(self._stamps, asked, (time.monotonic(), seen))
            return seen

    def page(self, tag: str, render: Callable[[], str]) -> str:
        """Give the page of a tag, rendered where it is not known."""
        known = self._pages.get(tag)
        if known is not None:
            return known
        page = render()
        with self._lock:
            _keep(self._pages, tag, page)
        return page

    def forget(self) -> None:
        """Look anew when next asked, since something was changed here."""
        with self._lock:
            self._stamps.clear()


def _keep(kept: OrderedDict[Any, Any], key: Hashable, value: object) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > MOST:
        kept.popitem(last=False)
