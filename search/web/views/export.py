"""What a finished study hands over, as one archive to download."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from search.web.asked import Asked
from search.web.site import Site
from search.web.views.study import find


def export(site: Site, asked: Asked) -> bytes:
    """Give the export of a study as a zip archive, the same as ``rbptune export`` writes.

    Raises
    ------
    StudyError
        When there is none of that name, or it is not done.
    """
    from search.results.export import export_study

    name = find(site, asked.path[0])["study"]
    with tempfile.TemporaryDirectory(prefix="rbptune-") as beside:
        folder = export_study(site.workspace.artifacts(name), Path(beside, folder_name(name)))
        archive = shutil.make_archive(str(Path(beside, "export")), "zip", beside, folder.name)
        return Path(archive).read_bytes()


def folder_name(study: str) -> str:
    """Give the name of the folder in a study's archive; it has letters, digits, dashes and _ alone."""
    return re.sub(r"[^A-Za-z0-9-]", "_", study.replace("/", "-"))
