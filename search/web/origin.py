"""Whether a form was sent by one of our own pages, as the browser tells it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit


def is_own(headers: Mapping[str, str]) -> bool:
    """Tell whether a request that writes comes from a page of this server.

    Parameters
    ----------
    headers : mapping
        Of the request. ``Sec-Fetch-Site`` compares scheme, name and port, and holds behind a proxy, too.
        ``Origin``, which browsers without it send, is compared by its name: a proxy can leave the port out of
        Host.

    Returns
    -------
    bool
        True where the request says neither: no browser sent it.
    """
    if headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    origin = headers.get("Origin")
    return origin is None or _name(origin) == _name(f"//{headers.get('Host', '')}") is not None


def _name(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
