"""What Optuna's dashboard shows of a study besides its trials: a note, its motif and its report."""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import optuna
from optuna.artifacts import FileSystemArtifactStore, get_all_artifact_meta, upload_artifact

from search.evidence.verdict import VERDICT_WORDS
from search.results.ensemble import Config, configs_of, how_made
from search.results.evidence_files import REPORT, read_evidence
from search.service.notices import Notice, StudyDone, StudyFailed
from search.service.study_log import log_traceback
from search.study.record import StudyRecord, open_study
from search.study.workspace import Workspace

SHOWN = ("motif_1.png", REPORT)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$-])")


class DashboardNotes:
    """An observer of the driver that writes a note into each study that ends.

    Parameters
    ----------
    workspace : Workspace
    storage : optuna storage
        The driver's own.
    """

    def __init__(self, workspace: Workspace, storage: optuna.storages.BaseStorage) -> None:
        self._workspace = workspace
        self._storage = storage

    def notice(self, notice: Notice) -> None:
        """See `Observer.notice`; what goes wrong is logged, since the study has ended without it."""
        if not isinstance(notice, StudyDone | StudyFailed):
            return
        try:
            describe(open_study(self._storage, notice.study), self._workspace)
        except Exception:
            log_traceback(self._workspace, notice.study, "no note for the dashboard", traceback.format_exc())


def describe(record: StudyRecord, workspace: Workspace) -> None:
    """Write the note of a study, and show its motif and its report beside."""
    from optuna_dashboard import save_note

    folder = workspace.artifacts(record.name)
    links = {path.name: _show(record, path, workspace) for name in SHOWN if (path := folder / name).is_file()}
    save_note(record.study, note(record, folder, links))


def note(record: StudyRecord, folder: Path, links: Mapping[str, str]) -> str:
    """Put into Markdown what a study is, and what came of it.

    Parameters
    ----------
    record : StudyRecord
    folder : Path
        Its artifacts.
    links : dict
        Addresses of those that the dashboard shows, by the files' names.
    """
    spec, result = record.spec, record.attribute("result") or {}
    what = [spec.species.replace("_", " "), spec.experiment, spec.architecture]
    title = ", ".join([f"**{_plain(spec.protein)}**", *map(_plain, what)])
    reason = record.attribute("reason")
    parts = [f"{title}: {record.state.value}" + (f" ({_plain(reason)})" if reason else "") + "."]
    if result:
        parts += [_figures(result), *_verdict(folder), _table(configs_of(result))]
    if SHOWN[0] in links:
        parts.append(f"![the strongest motif]({links[SHOWN[0]]})")
    pages = {"Its page": "study", **({"its report card": "report"} if result else {})}
    return "\n\n".join(
        [*parts, ", ".join(f"[{what}](/{at}/{quote(record.name)})" for what, at in pages.items())]
    )


def _figures(result: Mapping[str, Any]) -> str:
    figures = [f"{result[key]:.3f}" for key in ("val_spearman", "test_spearman", "test_pearson")]
    said = "Trial {} won: validation Spearman {}, test {} (Pearson {}).".format(
        result["best_trial"], *figures
    )
    return " ".join(filter(None, [said, how_made(result)]))


def _verdict(folder: Path) -> list[str]:
    evidence = read_evidence(folder)
    if evidence is None:
        return []
    verdict = evidence.verdict
    return [f"Verdict: **{VERDICT_WORDS[verdict.colour]}**. {_plain(' '.join(verdict.sentences))}"]


def _table(configs: Sequence[Config]) -> str:
    trials = [f"trial {config.trial}" for config in configs] if len(configs) > 1 else [""]
    names = sorted({name for config in configs for name in config.params})
    rows = [(name, *(config.params.get(name, "-") for config in configs)) for name in names]
    header = ["Best config" if len(configs) == 1 else "Configs", *trials]
    lines = [header, ["---"] * len(header), *([_plain(str(value)) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(text: str) -> str:
    """Keep what Markdown and HTML would take for their own."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def _show(record: StudyRecord, path: Path, workspace: Workspace) -> str:
    """Let the dashboard show a file, and give its address there."""
    from optuna_dashboard.artifact import get_artifact_path

    known = {meta.filename: meta.artifact_id for meta in get_all_artifact_meta(record.study)}
    if path.name not in known:
        known[path.name] = upload_artifact(
            artifact_store=Shelf(workspace.shelf), file_path=str(path), study_or_trial=record.study
        )
    return str(get_artifact_path(record.study, known[path.name]))


class Shelf(FileSystemArtifactStore):
    """A store of artifacts that holds links to the files of studies: a report written again is shown anew."""

    def write(self, artifact_id: str, content_body: BinaryIO) -> None:
        """Put a link to a file there, under its number."""
        link = self._get_filepath(artifact_id)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(content_body.name, link.parent))
