"""The evidence of a study as files: evidence.json, motifs.meme, and a logo of each motif."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_io.errors import StudyError
from data_io.files import write_atomically

if TYPE_CHECKING:
    from search.evidence.evidence import Evidence

EVIDENCE, MOTIFS, REPORT = "evidence.json", "motifs.meme", "report.html"
_LOGOS = "motif_*.[ps][nv]g"


def logo_files(folder: Path) -> list[Path]:
    """List the drawn motifs of a study: motif_1.svg, motif_1.png and so on."""
    return sorted(folder.glob(_LOGOS))


def write_evidence(
    folder: Path, evidence: Mapping[str, Any], svgs: Sequence[str], pngs: Sequence[bytes]
) -> None:
    """Write what was gathered; evidence.json comes last, so that it is never there without the others.

    Parameters
    ----------
    folder : Path
        The study's artifacts.
    evidence : dict
        `Evidence.to_dict`.
    svgs, pngs : sequences
        The logos of its motifs.

    Raises
    ------
    StorageError
        When the disk is full or the folder cannot be written to.
    """
    (folder / EVIDENCE).unlink(missing_ok=True)
    for stale in logo_files(folder):
        stale.unlink()
    for number, (svg, png) in enumerate(zip(svgs, pngs, strict=True), start=1):
        _write(folder / f"motif_{number}.svg", svg.encode())
        _write(folder / f"motif_{number}.png", png)
    _write(folder / MOTIFS, as_meme(_named(evidence)).encode())
    _write(folder / EVIDENCE, (json.dumps(evidence, indent=2) + "\n").encode())


def read_evidence(folder: Path) -> Evidence | None:
    """Read the evidence of a study; None where none was gathered yet.

    Raises
    ------
    StudyError
        When the file is damaged or of another version.
    """
    from search.evidence.evidence import Evidence

    path = folder / EVIDENCE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise StudyError(f"{path}: cannot be read ({error}); remove it and repeat rbptune report") from error
    return Evidence.from_dict(content, str(path))


def as_meme(motifs: Mapping[str, Mapping[str, Any]]) -> str:
    """Give motifs in the minimal MEME format, of RNA, which has one strand.

    Parameters
    ----------
    motifs : dict of dict
        By their names; with iupac, probabilities (A, C, G, U at each position) and sites.
    """
    head = [
        "MEME version 4",
        "ALPHABET= ACGU",
        "strands: +",
        "Background letter frequencies\nA 0.25 C 0.25 G 0.25 U 0.25",
    ]
    return "\n\n".join([*head, *(_meme_motif(name, motif) for name, motif in motifs.items())]) + "\n"


def _named(evidence: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Give the motifs of evidence by the names that they have in the MEME file."""
    named = {f"motif_{number}": motif for number, motif in enumerate(evidence["motifs"], start=1)}
    words = evidence["words"]
    return {**named, "words": {**words, "sites": len(words["kmers"])}} if "kmers" in words else named


def _meme_motif(name: str, motif: Mapping[str, Any]) -> str:
    rows = motif["probabilities"]
    title = f"MOTIF {name} {motif['iupac']}"
    header = f"letter-probability matrix: alength= 4 w= {len(rows)} nsites= {motif['sites']} E= 0"
    return "\n".join([title, header, *(" ".join(f"{value:.6f}" for value in row) for row in rows)])


def _write(path: Path, content: bytes) -> None:
    with write_atomically(path) as temporary:
        temporary.write_bytes(content)
