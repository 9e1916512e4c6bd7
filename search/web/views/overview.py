"""The overview: all studies at one look."""

from __future__ import annotations

from typing import Any

from search.study.lock import describe, holder, is_driven
from search.study.status import read_status
from search.web.handlers import Asked
from search.web.site import Site


def overview(site: Site, _: Asked) -> dict[str, Any]:
    """Give all studies, and who drives them."""
    driver = describe(holder(site.workspace)) if is_driven(site.workspace) else None
    return {"studies": read_status(site.workspace), "driver": driver}
