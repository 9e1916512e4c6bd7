"""Hand all finished studies over: a folder each, and a page that leads to them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_io.errors import StudyError, UserError
from data_io.files import write_atomically
from search.results.evidence_files import read_evidence
from search.results.export import export_study
from search.results.history import History
from search.results.model_folder import METRICS

INDEX = "index.html"
_OURS = '<meta name="generator" content="rbptune">'
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same files give the same archive


@dataclass(frozen=True)
class Source:
    """Where what is known of a finished study lies.

    Attributes
    ----------
    study : str
    artifacts : Path
    history : callable
        Gives its history, where that can be read.
    """

    study: str
    artifacts: Path
    history: Callable[[], History | None]


def export_all(
    sources: Iterable[Source], out: Path, said: Callable[[str, str | None], None] = lambda *_: None
) -> list[str]:
    """Export each study to PROTEIN/RNCMPTxxxxx/ARCH in a folder, and write an index of all in it.

    Parameters
    ----------
    sources : iterable of Source
    out : Path
        The folder; exports of the same studies in it are replaced.
    said : callable, optional
        Hears of each study when it is through: its name, and what went wrong.

    Returns
    -------
    list of str
        The studies that could not be exported; the others were.

    Raises
    ------
    StudyError
        When there is an index.html in the folder that is not ours.
    StorageError
        When the folder cannot be written.
    """
    _check_index(out / INDEX)
    failed, folders = [], []
    for source in sources:
        folder = out.joinpath(*source.artifacts.parts[-3:])
        problem = _export(source, folder)
        if problem is None:
            folders.append(folder)
        else:
            failed.append(source.study)
        said(source.study, problem)
    with write_atomically(out / INDEX) as temporary:
        temporary.write_text(_index(folders, out), encoding="utf-8")
    return failed


def zip_folder(folder: Path, archive: Path) -> Path:
    """Pack a folder into a zip archive that holds it by the archive's name; the same files, the same bytes.

    Raises
    ------
    StorageError
        When it cannot be written.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    with (
        write_atomically(archive) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for path in files:
            name = f"{archive.stem}/{path.relative_to(folder).as_posix()}"
            packed.writestr(zipfile.ZipInfo(name, _ZIP_EPOCH), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return archive


def _export(source: Source, folder: Path) -> str | None:
    """Export a study; give what went wrong with it, while what is wrong with the folder is everybody's."""
    try:
        export_study(source.artifacts, folder, source.history)
    except UserError as error:
        return str(error)
    return None


def _check_index(path: Path) -> None:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    except OSError as error:
        raise StudyError(
            f"{path}: cannot be read ({error.strerror}); give another folder to --out"
        ) from error
    if _OURS not in text:
        raise StudyError(f"{path}: is not an index of rbptune's; give another folder to --out")


def _index(folders: Sequence[Path], out: Path) -> str:
    from search.results.report.page import render

    rows = [_row(folder, out) for folder in folders]
    rows.sort(key=lambda row: (row["protein"], row["experiment"], row["architecture"]))
    return render("index.html.jinja", rows=rows)


def _row(folder: Path, out: Path) -> dict[str, Any]:
    """Give what the index shows of an export."""
    result = json.loads((folder / METRICS).read_text(encoding="utf-8"))
    evidence = read_evidence(folder)
    return {
        **result,
        "folder": folder.relative_to(out).as_posix(),
        "colour": "grey" if evidence is None else evidence.verdict.colour,
        "motif": evidence.motifs[0].iupac if evidence and evidence.motifs else None,
    }
