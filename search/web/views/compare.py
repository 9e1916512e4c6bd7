"""Chosen studies side by side."""

from __future__ import annotations

from typing import Any

from search.study.status import read_status
from search.web.handlers import Asked
from search.web.site import Site


def compare(site: Site, asked: Asked) -> dict[str, Any]:
    """Give the chosen studies, in the order in which they were chosen; unknown ones are left out."""
    known = {row["study"]: row for row in read_status(site.workspace)}
    return {"studies": [known[name] for name in asked.query.get("study", ()) if name in known]}
