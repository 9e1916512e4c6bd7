"""Workspaces with studies in any state, made without training anything."""

import json
from datetime import datetime, timedelta

import optuna
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.trial import TrialState

from search.strategy.space_files import parse_space
from search.strategy.strategy import Strategy
from search.study.creation import queue_studies
from search.study.spec import Spec
from search.study.storage import open_storage

START = datetime(2026, 1, 1)
DISTRIBUTIONS = {
    "motif_length": IntDistribution(4, 12),
    "learning_rate": FloatDistribution(1e-3, 1e-2, log=True),
}
EVIDENCE = {
    "format": 1,
    "ceiling": {
        "set_a": {"reason": "no sequence stands twice in it"},
        "set_b": {"pairs": 80, "reliability": 0.8, "spearman": [0.6, 0.75], "pearson": [0.6, 0.8]},
    },
    "baselines": {"trial_0": {"validation": {"spearman": 0.4}}},
    "published": {"reason": "simulated"},
    "motifs": [{"iupac": "UGCAUG", "share": 0.8, "probabilities": [], "sites": 90}],
    "verdict": {"colour": "green", "sentences": ["It is near the ceiling & <honest>."]},
}


def make_study(workspace, protein="SIMFOX", experiment="RNCMPT90001", architecture="cnn", budget=10):
    """Queue a study of a space of two hyperparameters, and give it."""
    fixed = {"epochs": 5}
    seed = {"motif_length": 8, "learning_rate": 0.001}
    parameters = {
        "motif_length": {"type": "int", "low": 4, "high": 12},
        "learning_rate": {"type": "float", "low": 1e-3, "high": 1e-2, "log": True},
    }
    space = parse_space(
        {"architecture": architecture, "fixed": fixed, "seed": seed, "parameters": parameters}
    )
    spec = Spec(protein, experiment, "Homo_sapiens", space.to_dict(), Strategy(), 1, "grouped")
    storage = open_storage(workspace)
    (name,) = queue_studies(storage, [spec], budget, workspace.root)
    return optuna.load_study(study_name=name, storage=storage)


def add_trials(study, values, state=TrialState.COMPLETE, epochs=5):
    """Add trials of a minute each with the given values, and curves that rise to them."""
    first = len(study.trials)
    for number, value in enumerate(values, first):
        ended = state.is_finished()
        params = {"motif_length": 4 + number % 9, "learning_rate": 0.001 + 0.0001 * (number % 80)}
        study.add_trial(
            optuna.trial.FrozenTrial(
                number=number,
                trial_id=-1,
                state=state,
                value=value if ended and state is not TrialState.FAIL else None,
                datetime_start=START + timedelta(minutes=number),
                datetime_complete=START + timedelta(minutes=number + 1) if ended else None,
                params=params,
                distributions=DISTRIBUTIONS,
                user_attrs={"params": params},
                system_attrs={},
                intermediate_values={step: value * step / epochs for step in range(1, epochs + 1)},
            )
        )


def move(study, state, **attributes):
    """Write a study's state, and more of its attributes."""
    for key, value in {**attributes, "state": state}.items():
        study.set_user_attr(key, value)


def finish(workspace, study, test=0.6, evidence=EVIDENCE):
    """End a study with a result and its evidence."""
    figures = {"val_spearman": test, "val_pearson": test, "test_spearman": test, "test_pearson": test}
    move(study, "done", result={**figures, "params": {"motif_length": 7, "learning_rate": 0.002}})
    folder = workspace.artifacts(study.study_name)
    folder.mkdir(parents=True)
    (folder / "evidence.json").write_text(json.dumps(evidence))
    (folder / "motif_1.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>')
