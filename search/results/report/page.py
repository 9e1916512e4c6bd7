"""The report card's page, made of its material by a template."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from data_io.outputs import open_text_output
from search.evidence.evidence import Ceiling, Missing, Published
from search.evidence.motif_records import Known, WordMotif
from search.evidence.verdict import VERDICT_WORDS
from search.results.ensemble import configs_of, how_made
from search.results.importance import TOO_FEW
from search.results.report.material import Material

_SIGNS = {"green": "\N{CHECK MARK}", "amber": "!", "red": "\N{MULTIPLICATION SIGN}", "grey": "?"}
VERDICTS = {colour: (_SIGNS[colour], word) for colour, word in VERDICT_WORDS.items()}
_FOLDER = Path(__file__).parent


def write_report(material: Material, out: Path) -> None:
    """Write the report card of a study: one HTML file that needs nothing else, no network and no script.

    Parameters
    ----------
    material : Material
    out : Path
        See `data_io.outputs`.

    Raises
    ------
    StorageError
        When it cannot be written.
    """
    page = render_report(material)
    with open_text_output(out) as stream:
        stream.write(page)


def render_report(material: Material) -> str:
    """Give the report card as HTML; the same material gives the same text."""
    configs = configs_of(material.result)
    return render(
        "report.html.jinja",
        material=material,
        result=material.result,
        evidence=material.evidence,
        history=material.history,
        made=how_made(material.result),
        configs=configs,
        settings=list(dict.fromkeys(name for config in configs for name in config.params)),
        provenance=_provenance(material),
        pictures=_pictures(material),
        reason=_reason,
        is_known=lambda value: not isinstance(value, Missing),
        ceilings=_ceilings(material),
        published=_published(material),
        too_few=TOO_FEW,
    )


def render(template: str, **values: Any) -> str:
    """Fill a template of this folder, which gets the style sheet, and the words of verdicts, too."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = Markup((_FOLDER / "report.css").read_text(encoding="utf-8"))
    return environment.get_template(template).render(style=style, verdicts=VERDICTS, **values)


def _pictures(material: Material) -> dict[str, Any]:
    """Draw what there is to draw; a picture that cannot be is left out."""
    from search.results.report import pictures

    evidence, history = material.evidence, material.history
    known = evidence.known if evidence is not None and isinstance(evidence.known, Known) else None
    motifs = evidence.motifs if evidence is not None else ()
    words = evidence.words if evidence is not None and isinstance(evidence.words, WordMotif) else None
    beside = {known.of: known} if known else {}
    best = material.result["best_trial"]
    return {
        "density": pictures.draw_density(material.predictions) if material.predictions else None,
        "trials": pictures.draw_trials(history.trials, best) if history.trials else None,
        "members": pictures.draw_members(material.curves),
        "importance": pictures.draw_importance(history.importance) if history.importance else None,
        "motifs": [
            pictures.draw_motif(motif, beside.get("sites") if number == 1 else None, f"motif-{number}")
            for number, motif in enumerate(motifs, start=1)
        ],
        "words": pictures.draw_motif(words, beside.get("words"), "words") if words else None,
    }


def _ceilings(material: Material) -> list[tuple[str, Ceiling | Missing]]:
    if material.evidence is None:
        return []
    ceiling = material.evidence.ceiling
    return [("Set A", ceiling.set_a), ("Set B", ceiling.set_b)]


def _published(material: Material) -> Published | None:
    evidence = material.evidence
    return evidence.published if evidence and isinstance(evidence.published, Published) else None


def _provenance(material: Material) -> dict[str, Any]:
    """List what is needed to repeat the study, and what sealed its test."""
    result = material.result
    provenance = result.get("provenance") or {}
    spec, made = provenance.get("spec") or {}, provenance.get("made") or {}
    opened = material.history.opened or {}
    versions = ", ".join(f"{name} {version}" for name, version in (made.get("versions") or {}).items())
    table = material.predictions
    return {
        "Test set opened": opened.get("at"),
        "for the weights (SHA-256)": opened.get("weights"),
        "of trial": opened.get("trial"),
        "Tested": result["tested_at"],
        "Probes of the test": None if table is None else len(table),
        "left out, as Set A has their sequence": result.get("test_probes_shared_with_set_a"),
        "Split of Set A": spec.get("split"),
        "Seed": spec.get("seed"),
        "Trials": result.get("trials"),
        "Study made": made.get("at"),
        "Versions": versions or None,
        "Data": provenance.get("data"),
        "Fingerprint of Set A (SHA-256)": provenance.get("fingerprint"),
    }


def _reason(value: Any) -> str:
    return value.reason if isinstance(value, Missing) else ""
