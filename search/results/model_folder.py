"""Which files stand in the folder of an export."""

from __future__ import annotations

from pathlib import Path

from data_io.predictions import NAME
from search.results.evidence_files import EVIDENCE, MOTIFS, REPORT

METRICS = "metrics.json"
SPACE = "space.toml"
PARTS = "parts"  # key of the figures of several exports combined

_WRITTEN = {
    *("config.json", METRICS, "curve.csv", "motif.tsv", "README.txt"),
    *(NAME, EVIDENCE, MOTIFS, SPACE, REPORT),
}
_WRITTEN_TOO = ("weights-", "motif_")


def is_written(name: str) -> bool:
    """Whether an export has files of that name."""
    return name in _WRITTEN or name.startswith(_WRITTEN_TOO)


def files_of(export: Path) -> list[Path]:
    """What stands in an export, and in the exports that are combined there: no output may go there."""
    return [*export.glob("*"), *export.glob("*/*")]
