"""Whether the model that a study chooses is better than its best trial's, and its validation figure truer.

`python -m tests.benchmarks.selection WORKSPACE ...` takes finished studies. It trains the network of each
one's best trial again, as the trial trained it, and tests it on the probes of the study's own table of
predictions, so that no test set is opened. What was measured is kept beside the study's figures.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import safetensors.torch
from optuna.trial import FrozenTrial
from scipy.stats import wilcoxon

from data_io.experiments import Experiment
from data_io.files import write_atomically
from data_io.predictions import NAME, read_predictions
from data_io.training_set import Examples, load_training_set
from models.config import split_params
from models.trainer import Trainer
from search.strategy.seeds import derive_seed
from search.study.readonly import open_read_only
from search.study.record import StudyRecord, open_study
from search.study.workspace import Workspace
from search.workers.events import Tested
from search.workers.in_process import run_here
from search.workers.tasks import HeldOutTask

KEPT = "best_trial.json"
KINDS = "val_spearman", "test_spearman", "val_pearson", "test_pearson"
HEADS = "study", "best trial, validation", "its test", "chosen, validation", "its test", "one member's test"


def of_study(record: StudyRecord, workspace: Workspace) -> dict[str, Any]:
    """Figures of the best trial's network and of the model that was chosen."""
    folder = workspace.artifacts(record.name)
    result = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    trial = keep(folder / KEPT, lambda: train_again(record, workspace, record.study.best_trial))
    members = [{kind: member[kind] for kind in KINDS} for member in result["members"]]
    return {
        "study": record.name,
        "trial": trial,
        "chosen": {kind: result[kind] for kind in KINDS},
        "member": {kind: statistics.mean(member[kind] for member in members) for kind in KINDS},
    }


def keep(path: Path, measure: Callable[[], dict[str, float]]) -> dict[str, float]:
    """What the file has, or else what is measured now and written to it."""
    if not path.exists():
        with write_atomically(path) as temporary:
            temporary.write_text(json.dumps(measure(), indent=1) + "\n")
    figures: dict[str, float] = json.loads(path.read_text())
    return figures


def train_again(record: StudyRecord, workspace: Workspace, trial: FrozenTrial) -> dict[str, float]:
    """Train a trial's network again as the trial trained it, and score it on the study's own table."""
    spec = record.spec
    experiment = Experiment(spec.experiment, spec.protein, spec.species)
    data = load_training_set(record.data, experiment, spec.split, workspace.cache)
    table = read_predictions(workspace.artifacts(record.name) / NAME)
    params = trial.user_attrs["params"]
    seed = derive_seed(spec.seed, record.name, trial.number)
    trainer = Trainer(spec.architecture, *split_params(spec.architecture, params), data, seed)
    for _ in range(trial.last_step or 0):  # no further than the trial went
        trainer.run_epoch()
    weights = (safetensors.torch.save(trainer.best_weights()),)
    test = Examples(table.codes, table.measured)
    tested = run_here(HeldOutTask("test", spec.architecture, (params,), weights, weights, data, test))
    assert isinstance(tested, Tested), tested
    figures = {kind: getattr(tested.ensemble, kind) for kind in KINDS}
    return {**figures, "number": trial.number, "recorded": value_of(trial)}


def value_of(trial: FrozenTrial) -> float:
    """What the trial scored."""
    assert trial.value is not None, trial
    return trial.value


def finished_studies(workspace: Workspace) -> Iterator[StudyRecord]:
    """The studies of a workspace that have been tested."""
    storage = open_read_only(workspace.storage_url)
    for study in storage.get_all_studies():
        record = open_study(storage, study.study_name)
        if (workspace.artifacts(record.name) / "result.json").exists():
            yield record


def row(figures: dict[str, Any]) -> str:
    """Spearman of both."""
    trial, chosen = figures["trial"], figures["chosen"]
    values = trial["recorded"], trial["test_spearman"], chosen["val_spearman"], chosen["test_spearman"]
    cells = [f"{value:.4f}" for value in (*values, figures["member"]["test_spearman"])]
    return f"| {figures['study']} | {' | '.join(cells)} |"


def summary(results: list[dict[str, Any]]) -> str:
    """How much higher the test is, and how much less the validation promises than the test keeps."""
    gains = [each["chosen"]["test_spearman"] - each["trial"]["test_spearman"] for each in results]
    single = [each["member"]["test_spearman"] - each["trial"]["test_spearman"] for each in results]
    excess = [
        (each["trial"]["recorded"] - each["trial"]["test_spearman"])
        - (each["chosen"]["val_spearman"] - each["chosen"]["test_spearman"])
        for each in results
    ]
    compared = {
        "test Spearman of the chosen model above the best trial's": gains,
        "of one of its members, on average": single,
        "validation above test, the best trial's more than the chosen model's": excess,
    }
    return "\n".join(f"{what}: {describe(values)}" for what, values in compared.items())


def describe(values: list[float]) -> str:
    """Mean, spread and how surely it is above 0."""
    above, spread = sum(value > 0 for value in values), statistics.stdev(values)
    shares = f"deviation {spread:.4f}, above 0 in {above} of {len(values)}"
    return f"{statistics.mean(values):+.4f} ({shares}; Wilcoxon's p = {wilcoxon(values).pvalue:.2g})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workspaces", nargs="+", type=Path)
    options = parser.parse_args()
    print(f"| {' | '.join(HEADS)} |\n|{' --- |' * len(HEADS)}")
    results = []
    for workspace in map(Workspace, options.workspaces):
        for record in finished_studies(workspace):
            results.append(of_study(record, workspace))
            print(row(results[-1]), flush=True)
    if len(results) > 1:
        print(f"\n{summary(results)}")


if __name__ == "__main__":
    main()
