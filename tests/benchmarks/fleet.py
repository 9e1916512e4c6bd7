"""What a fleet of studies costs: queueing, status, asking and telling, and the driver's memory."""

from __future__ import annotations

import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import optuna

from data_io.simulate import simulate
from search.service.launching import Launch, launch_studies
from search.strategy.space_files import shipped_space
from search.study.record import open_study
from search.study.status import read_status
from search.study.storage import open_storage
from search.study.workspace import Workspace

EXPERIMENTS, TRIALS, EPOCHS = 244, 100, 30
ROUNDS = 20


def fleet() -> list[dict[str, object]]:
    """Measure a fleet of 244 experiments and 2 architectures, with 100 trials of 30 epochs in each study."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        simulate(data, probes=1000, experiments=EXPERIMENTS)
        many, one = Workspace(Path(folder) / "many"), Workspace(Path(folder) / "one")
        start = time.perf_counter()
        launch_studies(order(data, ("cnn", "rnn"), everything=True), many)
        queued = time.perf_counter() - start
        launch_studies(order(data, ("cnn",), names=("SIMFOX",)), one)
        fill(many)
        fill(one)
        return [
            {"name": "fleet_queue", "value": queued, "unit": "s for 488 studies"},
            {"name": "fleet_status", "value": status_time(many), "unit": "s, the whole command"},
            {
                "name": "fleet_trials",
                "value": len(read_status(many)) * TRIALS,
                "unit": "trials in the database",
            },
            {"name": "fleet_ask_tell", "value": ask_and_tell(many), "unit": "s a trial"},
            {"name": "one_study_ask_tell", "value": ask_and_tell(one), "unit": "s a trial"},
            {"name": "fleet_driver_memory", "value": memory(many), "unit": "MB after 20 trials"},
        ]


def order(data: Path, architectures: tuple[str, ...], **experiments: Any) -> Launch:
    """Ask for 100 trials for each of some experiments."""
    return Launch(data, TRIALS, 0, "grouped", architectures=architectures, **experiments)


def fill(workspace: Workspace, trials: int = TRIALS) -> None:
    """Give every study finished trials; rows are written directly, since asking would take an hour."""
    space, draws = shipped_space("cnn"), np.random.default_rng(0)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    with sqlite3.connect(workspace.database) as connection:
        studies = [row[0] for row in connection.execute("SELECT study_id FROM studies")]
        for _ in range(trials):
            trial = study.ask()
            params = space.suggest(trial)
            study.tell(trial, 0.0)
            frozen = study.get_trials(deepcopy=False)[-1]
            for owner in studies:
                _write_trial(connection, owner, frozen, params, _curve(draws))


def _curve(draws: np.random.Generator) -> list[float]:
    """Draw a learning curve: it rises fast, then slowly, with noise, to a height of its own."""
    rise = 1 - np.exp(-np.arange(1, EPOCHS + 1) / draws.uniform(2, 10))
    curve: list[float] = (draws.uniform(0.1, 0.6) * rise + draws.normal(0, 0.01, EPOCHS)).tolist()
    return curve


def _write_trial(
    connection: sqlite3.Connection,
    owner: int,
    frozen: optuna.trial.FrozenTrial,
    params: dict[str, object],
    curve: list[float],
) -> None:
    began = datetime(2026, 1, 1) + timedelta(minutes=frozen.number)
    times = [f"{at:%Y-%m-%d %H:%M:%S.%f}" for at in (began, began + timedelta(minutes=5))]
    values = (frozen.number, owner, "COMPLETE", *times)
    columns = "number, study_id, state, datetime_start, datetime_complete"
    trial = connection.execute(f"INSERT INTO trials ({columns}) VALUES (?, ?, ?, ?, ?)", values).lastrowid
    connection.execute(
        "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES (?, 0, ?, 'FINITE')",
        (trial, max(curve)),
    )
    rows = []
    for name, distribution in frozen.distributions.items():
        internal = distribution.to_internal_repr(frozen.params[name])
        rows.append((trial, name, internal, optuna.distributions.distribution_to_json(distribution)))
    connection.executemany(
        "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES (?, ?, ?, ?)",
        rows,
    )
    connection.executemany(
        "INSERT INTO trial_intermediate_values"
        " (trial_id, step, intermediate_value, intermediate_value_type) VALUES (?, ?, ?, 'FINITE')",
        [(trial, epoch, value) for epoch, value in enumerate(curve, 1)],
    )
    connection.execute(
        "INSERT INTO trial_user_attributes (trial_id, key, value_json) VALUES (?, 'params', ?)",
        (trial, json.dumps(params)),
    )


def status_time(workspace: Workspace) -> float:
    """Seconds of ``rbptune status``, median of 5."""
    command = [sys.executable, "-m", "search", "status", "--workspace", str(workspace.root)]
    times = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def ask_and_tell(workspace: Workspace) -> float:
    """Seconds to ask, draw, report 30 epochs, check each for pruning and tell; median of 20."""
    return statistics.median(seconds for seconds, _ in drive_trials(workspace))


def drive_trials(workspace: Workspace, rounds: int = ROUNDS) -> list[tuple[float, float]]:
    """Give the seconds of the driver's work for each of some trials: as they passed, and of the processor."""
    storage = open_storage(workspace)
    record = open_study(storage, storage.get_all_studies()[0].study_name)
    space = record.spec.load_space()
    times = []
    for _ in range(rounds):
        start, used = time.perf_counter(), time.thread_time()
        trial = record.study.ask()
        trial.set_user_attr("params", space.suggest(trial))
        for epoch in range(1, EPOCHS + 1):
            trial.report(0.5, epoch)
            trial.should_prune()
        record.study.tell(trial, 0.5)
        times.append((time.perf_counter() - start, time.thread_time() - used))
    return times


def memory(workspace: Workspace) -> float:
    """Megabytes of a process that has driven a study of the workspace."""
    code = (
        "import sys; from pathlib import Path; from tests.benchmarks.fleet import ask_and_tell;"
        "from search.study.workspace import Workspace; import search.service.session, psutil;"
        "ask_and_tell(Workspace(Path(sys.argv[1]))); print(psutil.Process().memory_info().rss / 1e6)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(workspace.root)], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


if __name__ == "__main__":
    for row in fleet():
        sys.stdout.write(f"{row['name']:22} {row['value']:10.3f} {row['unit']}\n")
