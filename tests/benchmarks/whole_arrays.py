"""Studies of whole arrays beside k-mers, the seed CNN, and what is published for the family.

`python -m tests.benchmarks.whole_arrays DATA WORKSPACE ...` takes finished CNN studies of experiments that
the master sheet of DATA gives a likely family. The ridge's figures are those of the study's evidence. The
seed network, trial 0, is trained again and tested on the probes of the study's own table of predictions, so
that no test set is opened. What was measured is kept beside the study's figures.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from search.evidence.published import published_scores
from search.study.record import StudyRecord
from search.study.workspace import Workspace
from tests.benchmarks.motifs import likely, members_of
from tests.benchmarks.selection import finished_studies, keep, train_again

MODELS = "ridge", "seed", "member", "ensemble"
METHOD = "MultiRBP-No-Structure"
HEADS = "experiment, likely", "ridge", "seed CNN", "one member", "ensemble", METHOD, "best published"


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
        "published": published_of(family),
    }


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
    return f"| {' | '.join([figures['name'], *models, *ranges])} |"


def means(results: list[dict[str, Any]]) -> str:
    """A row of means, the published ones of the middles of the ranges."""
    models = {
        kind: tuple(statistics.mean(each[kind][end] for each in results) for end in (0, 1)) for kind in MODELS
    }
    published = {
        kind: (statistics.mean(statistics.mean(each["published"][kind]) for each in results),)
        for kind in ("method", "best")
    }
    return row({"name": "mean", **models, "published": published})


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
