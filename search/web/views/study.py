"""The page of one study."""

from __future__ import annotations

from typing import Any

from data_io.errors import StudyError
from search.study.status import read_status
from search.web.handlers import Asked
from search.web.site import Site


def study(site: Site, asked: Asked) -> dict[str, Any]:
    """Give where a study stands.

    Raises
    ------
    StudyError
        When there is none of that name.
    """
    (name,) = asked.path
    found = [row for row in read_status(site.workspace) if row["study"] == name]
    if not found:
        raise StudyError(f"no study {name[:200]} in this workspace")
    return {"study": found[0]}
