"""Studies of whole arrays beside k-mers, the seed CNN, and what is published for the family.

`python -m tests.benchmarks.whole_arrays DATA WORKSPACE ...` takes finished CNN studies of experiments that
the master sheet of DATA gives a likely family. The ridge's figures are those of the study's evidence. The
seed network, trial 0, is trained again and tested on the probes of the study's own table of predictions, so
that no test set is opened. What was measured is kept beside the study's figures.

All figures are of the logarithms that networks learn, but for one column: Pearson of the ensemble's
intensities, the logarithms taken back, as it is not sure on which scale published scores were taken.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from data_io.predictions import NAME, read_predictions
from data_io.targets import TargetScaling
from models.metrics import pearson
from search.evidence.published import published_scores
from search.study.record import StudyRecord
from search.study.workspace import Workspace
from tests.benchmarks.motifs import likely, members_of
from tests.benchmarks.selection import finished_studies, keep, train_again

MODELS = "ridge", "seed", "member", "ensemble"
METHOD = "MultiRBP-No-Structure"
HEADS = (
    *("experiment, likely", "ridge", "seed CNN", "one member", "ensemble", "its intensities' Pearson"),
    *(METHOD, "best published"),
)


def of_study(record: StudyRecord, workspace: Workspace, family: str) -> dict[str, Any]:
    """Test Spearman and Pearson of each kind of model, and the range of what is published for the family."""
    folder = workspace.artifacts(record.name)
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    evidence = json.loads((folder / "evidence.json").read_text(encoding="utf-8"))
    trial = record.study.get_trials(deepcopy=False)[0]
    seed = keep(folder / "seed_trial.json", lambda: train_again(record, workspace, trial))
    best = max(result["members"], key=lambda member: member["val_spearman"])  # as one would choose
    ridge = evidence["baselines"]["ridge"]["test"]
    return {
        "name": f"{record.spec.protein}, {family}",
        "ridge": (ridge["spearman"], ridge["pearson"]),
        **{
            kind: (figures["test_spearman"], figures["test_pearson"])
            for kind, figures in (("seed", seed), ("member", best), ("ensemble", result))
        },
        "intensities": of_intensities(folder),
        "published": published_of(family),
    }


def of_intensities(folder: Path) -> float:
    """Pearson of predicted and measured intensities, those above the clip counted as the clip."""
    table = read_predictions(folder / NAME)
    config = json.loads((folder / "model" / "config.json").read_text(encoding="utf-8"))
    scaling = TargetScaling.from_dict(config["scaling"])
    measured = ~np.isnan(table.measured)
    return pearson(scaling.undo(table.predicted[measured]), scaling.undo(table.measured[measured]))


def published_of(family: str) -> dict[str, tuple[float, float]]:
    """Lowest and highest test Pearson of the family's experiments, of one method and of each one's best."""
    scores = [published_scores()[row["Motif_ID"]] for row in members_of(family)]
    return {
        "method": extremes([methods[METHOD] for methods in scores]),
        "best": extremes([max(methods.values()) for methods in scores]),
    }


def extremes(values: list[float]) -> tuple[float, float]:
    """Lowest and highest."""
    return min(values), max(values)


def row(figures: Mapping[str, Any]) -> str:
    """Spearman and Pearson of each."""
    models = [f"{spearman:.3f}, {pearson:.3f}" for spearman, pearson in map(figures.__getitem__, MODELS)]
    ranges = [
        " .. ".join(dict.fromkeys(f"{end:.2f}" for end in each)) for each in figures["published"].values()
    ]
    cells = [figures["name"], *models, f"{figures['intensities']:.3f}", *ranges]
    return f"| {' | '.join(cells)} |"


def means(results: list[dict[str, Any]]) -> str:
    """A row of means, the published ones of the middles of the ranges."""
    models = {
        kind: tuple(statistics.mean(each[kind][end] for each in results) for end in (0, 1)) for kind in MODELS
    }
    published = {
        kind: (statistics.mean(statistics.mean(each["published"][kind]) for each in results),)
        for kind in ("method", "best")
    }
    intensities = statistics.mean(each["intensities"] for each in results)
    return row({"name": "mean", **models, "intensities": intensities, "published": published})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="where the master sheet with its column Likely lies")
    parser.add_argument("workspaces", nargs="+", type=Path)
    options = parser.parse_args()
    families, results = likely(options.data), []
    print(f"| {' | '.join(HEADS)} |\n|{' --- |' * len(HEADS)}")
    for workspace in map(Workspace, options.workspaces):
        for record in finished_studies(workspace):
            if record.spec.architecture != "cnn":
                continue  # whose trial 0 is no seed CNN
            results.append(of_study(record, workspace, families[record.spec.experiment]))
            print(row(results[-1]), flush=True)
    if results:
        print(means(results))


if __name__ == "__main__":
    main()
