"""All that the report card shows of a study."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_io.errors import StudyError
from data_io.predictions import NAME, Predictions, read_predictions
from search.evidence.evidence import Ceiling, Evidence, FirstTrial, Missing, Published, Ridge, Scores
from search.results.ensemble import configs_of
from search.results.evidence_files import read_evidence
from search.results.export import read_result
from search.results.history import History

Curve = tuple[tuple[int, float], ...]
Cell = float | tuple[float, float] | None


@dataclass(frozen=True)
class ScoreRow:
    """A line of the table of scores.

    Attributes
    ----------
    name : str
    cells : tuple of float, (float, float) or None
        Spearman and Pearson of the validation, then of the test; an interval stands as its two ends.
    own : bool
        Whether it is the study's model. Default: False.
    """

    name: str
    cells: tuple[Cell, ...]
    own: bool = False


@dataclass(frozen=True)
class Material:
    """What is shown of a study.

    Attributes
    ----------
    result : dict
        result.json.
    history : History
    evidence : Evidence or None
        None where it was not gathered.
    predictions : Predictions or None
        None where the test was made before they were kept.
    curves : tuple of curves
        Epoch and validation Spearman, of each member.
    """

    result: Mapping[str, Any]
    history: History
    evidence: Evidence | None
    predictions: Predictions | None
    curves: tuple[Curve, ...]

    @property
    def scores(self) -> tuple[ScoreRow, ...]:
        """The table of scores: the model, its members, and what they are to be measured by."""
        configs = configs_of(self.result)
        trials = [f", of trial {config.trial}" for config in configs for _ in range(config.members)]
        own = [_figures("Ensemble: the model", self.result, own=True)]
        for number, member in enumerate(self.result["members"], start=1):
            own.append(_figures(f"Member {number}" + trials[number - 1] * (len(configs) > 1), member))
        return (*own, *(_yardsticks(self.evidence) if self.evidence else ()))


def read_material(artifacts: Path, history: History) -> Material:
    """Read what a finished study left.

    Raises
    ------
    StudyError, DataError
        When a file of it is missing or damaged.
    """
    table = artifacts / NAME
    predictions = read_predictions(table) if table.is_file() else None
    return Material(
        read_result(artifacts),
        history,
        read_evidence(artifacts),
        predictions,
        _curves(artifacts / "curve.csv"),
    )


def _figures(name: str, figures: Mapping[str, Any], own: bool = False) -> ScoreRow:
    keys = ("val_spearman", "val_pearson", "test_spearman", "test_pearson")
    return ScoreRow(name, tuple(figures.get(key) for key in keys), own)


def _yardsticks(evidence: Evidence) -> list[ScoreRow]:
    baselines, rows = evidence.baselines, []
    if isinstance(baselines.trial_0, FirstTrial):
        score = baselines.trial_0.validation.spearman
        rows.append(ScoreRow("Trial 0: the published notebook's", (score, None, None, None)))
    if isinstance(baselines.ridge, Ridge):
        sides = baselines.ridge.validation, baselines.ridge.test
        rows.append(ScoreRow("Ridge on counts of k-mers", _cells(sides)))
    ceilings = _cells((evidence.ceiling.set_a, evidence.ceiling.set_b))
    if any(ceilings):
        rows.append(ScoreRow("The most that noise lets any model reach", ceilings))
    if isinstance(evidence.published, Published):
        ordered = sorted(evidence.published.pearson.items(), key=lambda method: -method[1])
        rows += [ScoreRow(f"Published: {method}", (None, None, None, score)) for method, score in ordered]
    return rows


def _cells(sides: Iterable[Ceiling | Scores | Missing]) -> tuple[Cell, ...]:
    """Give Spearman and Pearson of both sides, None where a side is missing."""
    return tuple(getattr(side, kind, None) for side in sides for kind in ("spearman", "pearson"))


def _curves(path: Path) -> tuple[Curve, ...]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [(int(r["member"]), int(r["epoch"]), float(r["spearman"])) for r in csv.DictReader(file)]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise StudyError(f"{path}: cannot be read ({error}); restore it from a copy") from error
    members = sorted({member for member, _, _ in rows})
    return tuple(tuple((epoch, value) for m, epoch, value in rows if m == member) for member in members)
