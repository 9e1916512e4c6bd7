"""What a finished study hands over: its report card, and all of it as one archive to download."""

from __future__ import annotations

import re
import shutil
import tempfile
from functools import partial
from pathlib import Path

from data_io.errors import StudyError
from search.results.evidence_files import REPORT
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
    from search.service.reporting import history_of

    name = find(site, asked.path[0])["study"]
    with tempfile.TemporaryDirectory(prefix="rbptune-") as beside:
        folder = Path(beside, folder_name(name))
        export_study(site.workspace.artifacts(name), folder, partial(history_of, site.workspace, name))
        archive = shutil.make_archive(str(Path(beside, "export")), "zip", beside, folder.name)
        return Path(archive).read_bytes()


def report(site: Site, asked: Asked) -> bytes:
    """Give the report card of a study: the one that was written, or one made now.

    Raises
    ------
    StudyError
        When there is no study of that name, it is not done, or its evidence was not gathered.
    """
    from search.results.report.material import read_material
    from search.results.report.page import write_report
    from search.service.reporting import history_of

    name = find(site, asked.path[0])["study"]
    written = site.board.evidence.file(name, REPORT)
    if written is not None:
        return written.read_bytes()
    history = history_of(site.workspace, name)
    if history is None:
        raise StudyError(f"study {name}: made by another version of rbptune; it has no report here")
    material = read_material(site.workspace.artifacts(name), history)
    with tempfile.TemporaryDirectory(prefix="rbptune-") as beside:
        write_report(material, Path(beside, REPORT))
        return Path(beside, REPORT).read_bytes()


def folder_name(study: str) -> str:
    """Give the name of the folder in a study's archive; it has letters, digits, dashes and _ alone."""
    return re.sub(r"[^A-Za-z0-9-]", "_", study.replace("/", "-"))
