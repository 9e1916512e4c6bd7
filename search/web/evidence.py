"""What a finished study left beside its figures, read again when it has changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from search.evidence.ceiling import share_of
from search.results.evidence_files import EVIDENCE
from search.study.workspace import Workspace

PARTS = (
    "ceiling",
    "baselines",
    "published",
    "motifs",
    "words",
    "filters",
    "data_motif",
    "known",
    "similar",
    "verdict",
)


class EvidenceFiles:
    """The evidence of the studies of a workspace.

    Parameters
    ----------
    workspace : Workspace
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._read: dict[str, tuple[int, dict[str, Any]]] = {}

    def of(self, study: str) -> dict[str, Any]:
        """Give the parts of a study's evidence.json, which may be None; empty where it cannot be read."""
        path = self._workspace.artifacts(study) / EVIDENCE
        try:
            changed = path.stat().st_mtime_ns
            known = self._read.get(study)
            if known is None or known[0] != changed:
                known = self._read[study] = changed, _content(path)
        except OSError:
            return {}
        return known[1]

    def file(self, study: str, name: str) -> Path | None:
        """Give one of its files; None where there is none."""
        path = self._workspace.artifacts(study) / name
        return path if path.is_file() else None


def share_of_ceiling(evidence: Mapping[str, Any], test: float | None) -> tuple[float, float] | None:
    """Say how much of what is possible a test Spearman is."""
    ceiling = ((evidence.get("ceiling") or {}).get("set_b") or {}).get("spearman")
    return None if test is None or not ceiling else share_of(test, ceiling)


def letters_alone(letters: int) -> str:
    """Give the fragment of an address that shows a logo of so many letters without its axes.

    The axes of `search.evidence.logos` are as wide and high whatever the motif.
    """
    return f"#svgView(viewBox(30,6,{17 + round(30.24 * letters)},97);preserveAspectRatio(none))"


def _content(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return {**dict.fromkeys(PARTS), **content} if isinstance(content, dict) else {}
