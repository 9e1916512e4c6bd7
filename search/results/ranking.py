"""Rank the finished studies: which architecture models which protein best, and with which hyperparameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from data_io.errors import StudyError
from search.evidence.evidence import Ceiling, Evidence, Published, Ridge, Scores
from search.results.ensemble import configs_of
from search.results.evidence_files import read_evidence
from search.results.export import read_result

Row = dict[str, Any]
YARDSTICKS = (
    *("verdict", "motif", "ceiling_spearman_low", "ceiling_spearman_high"),
    *("ceiling_pearson_low", "ceiling_pearson_high", "ridge_spearman", "ridge_pearson"),
    *("published_pearson", "published_by"),
)
"""What the test figures are to be measured by, all of the test set; the published score is the best one."""


def rank_studies(
    rows: Iterable[Mapping[str, Any]], artifacts: Callable[[str], Path] | None = None
) -> list[Row]:
    """Rank the architectures within each experiment of each protein.

    They are ranked by the validation score: the test score is shown, but choosing by it would make it a part
    of the search.

    Parameters
    ----------
    rows, artifacts
        As in `search.results.leaderboard.leaderboard`.

    Returns
    -------
    list of dict
        Sorted by protein, experiment and rank; to the keys of a row come rank (from 1), best (whether it is
        the best architecture of its experiment), the `YARDSTICKS`, params (of the winner), configs (those of
        all members, see `search.results.ensemble.Config`) and provenance, which are None where they are not
        known.
    """
    done = sorted((dict(row) for row in rows if row["state"] == "done"), key=_order)
    ranked = []
    for _, group in groupby(done, key=lambda row: (row["protein"], row["experiment"])):
        for rank, row in enumerate(group, 1):
            found = _find(row["study"], artifacts)
            ranked.append({**row, "rank": rank, "best": rank == 1, **found})
    return ranked


def _order(row: Row) -> tuple[str, str, float, str]:
    score = row.get("val_spearman")
    return row["protein"], row["experiment"], -(score if score is not None else -1.0), row["architecture"]


def _find(study: str, artifacts: Callable[[str], Path] | None) -> Row:
    """Give what the artifacts of a study say; they may be on another machine, whose database is shared."""
    nothing: Row = dict.fromkeys((*YARDSTICKS, "params", "configs", "provenance"))
    if artifacts is None:
        return nothing
    try:
        folder = artifacts(study)
        result, evidence = read_result(folder), read_evidence(folder)
    except StudyError:
        return nothing
    return {
        **nothing,
        **({} if evidence is None else _yardsticks(evidence)),
        **_configs(result),
        "provenance": _provenance(result),
    }


def _configs(result: Mapping[str, Any]) -> Row:
    try:
        configs = configs_of(result)
    except StudyError:  # damaged: the figures stand all the same
        return {}
    return {"params": dict(configs[0].params), "configs": [config.to_dict() for config in configs]}


def _yardsticks(evidence: Evidence) -> Row:
    ceiling, ridge, found = evidence.ceiling.set_b, evidence.baselines.ridge, evidence.published
    row: Row = {"verdict": evidence.verdict.colour}
    if evidence.motifs:
        row["motif"] = evidence.motifs[0].iupac
    if isinstance(ceiling, Ceiling):
        row["ceiling_spearman_low"], row["ceiling_spearman_high"] = ceiling.spearman
        row["ceiling_pearson_low"], row["ceiling_pearson_high"] = ceiling.pearson
    if isinstance(ridge, Ridge) and isinstance(ridge.test, Scores):
        row["ridge_spearman"], row["ridge_pearson"] = ridge.test.spearman, ridge.test.pearson
    if isinstance(found, Published) and found.pearson:
        row["published_pearson"], row["published_by"] = max((v, k) for k, v in found.pearson.items())
    return row


def _provenance(result: Mapping[str, Any]) -> Row:
    """Give where the figures come from, flat."""
    provenance = result.get("provenance") or {}
    spec, made = provenance.get("spec") or {}, provenance.get("made") or {}
    return {
        "species": result["species"],
        "best_trial": result.get("best_trial"),
        "tested_at": result["tested_at"],
        "split": spec.get("split"),
        "seed": spec.get("seed"),
        "budget": provenance.get("budget"),
        "made_at": made.get("at"),
        "data": provenance.get("data"),
        "fingerprint": provenance.get("fingerprint"),
        **{f"version_{name}": version for name, version in (made.get("versions") or {}).items()},
    }
