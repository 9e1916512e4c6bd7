"""The figures of a finished study as files: result.json and curve.csv."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data_io.files import write_atomically
from models.reports import EpochReport
from search.results.ensemble import Config
from search.strategy.edges import find_edges
from search.study.record import StudyRecord

CURVE_COLUMNS = ("epoch", "member", "train_loss", "validation_loss", "spearman", "pearson")


def write_results(
    record: StudyRecord,
    configs: Sequence[Config],
    ensemble: Mapping[str, float],
    members: Sequence[Mapping[str, float]],
    curves: Sequence[Sequence[EpochReport]],
    shared: int,
    folder: Path,
) -> dict[str, Any]:
    """Write result.json and curve.csv, and give the figures that the study keeps in the database.

    Parameters
    ----------
    record : StudyRecord
    configs : sequence of Config
        Those of the members, the winner's first.
    ensemble : dict
        Figures of the ensemble.
    members : sequence of dict
        The same for each member, in the order of the configs.
    curves : sequence of curves
        One a member, a curve being its epoch reports: of its training without the validation probes, also
        where it was trained on all of Set A, which cannot be validated.
    shared : int
        Probes of Set B that were left out of the test, since Set A has their sequence, too.
    folder : Path
    """
    spec = record.spec
    winner, *partners = configs
    trials = [config.trial for config in configs for _ in range(config.members)]
    result = {
        "study": record.name,
        "protein": spec.protein,
        "experiment": spec.experiment,
        "species": spec.species,
        "architecture": spec.architecture,
        "params": dict(winner.params),
        "at_edge": find_edges(spec.load_space(), winner.params),
        **ensemble,
        "best_trial": winner.trial,
        "best_trial_spearman": winner.value,
        "trials": record.done,
        "members": [{"trial": trial, **member} for trial, member in zip(trials, members, strict=True)],
        "refit": winner.refit,
        "partners": [partner.to_dict() for partner in partners],
        "test_probes_shared_with_set_a": shared,
        "tested_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    _write_curve(folder / "curve.csv", curves)
    with write_atomically(folder / "result.json") as temporary:
        content = {**result, "provenance": record.provenance()}
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return result


def _write_curve(path: Path, curves: Sequence[Sequence[EpochReport]]) -> None:
    with write_atomically(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, CURVE_COLUMNS, extrasaction="ignore")
        writer.writeheader()
        for member, curve in enumerate(curves):
            writer.writerows({**report.to_dict(), "member": member} for report in curve)
