"""The demo: the whole way from simulated measurements to exported models, in a few minutes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console

from data_io.simulate import simulate
from models.weights import load_model
from search.cli.progress import ProgressDisplay
from search.evidence.kmers import agreement, strongest_kmer
from search.results.export import export_study
from search.results.text_table import print_table
from search.service.launching import Launch, launch_studies
from search.service.reporting import history_of
from search.service.session import Outcome, Workers, drive
from search.study.status import read_status
from search.study.workspace import Workspace

PROTEINS = 2
PROBES = 12_000
BUDGETS = {"cnn": (12, 10), "rnn": (4, 6)}  # architecture -> trials, epochs
COLUMNS = {
    "protein": "Protein",
    "architecture": "Architecture",
    "trials": "Trials",
    "val_spearman": "Validation",
    "test_spearman": "Test",
    "planted": "Planted motif",
    "kmer": "Strongest k-mer",
    "agreement": "Agreement",
}


def run_demo(folder: Path, jobs: int, console: Console) -> Outcome:
    """Simulate, search, retrain, test, export, and print a table of what came out.

    Parameters
    ----------
    folder : Path
        Gets data/, studies/ and exports/.
    jobs : int
        Workers; 0 trains in this process.
    console : Console
        For the progress; the table goes to standard output.

    Returns
    -------
    Outcome
        Of the searches; without a table where they were stopped or failed.
    """
    data = folder / "data"
    if not (data / "planted.json").exists():
        console.print(f"simulating {PROBES} probes in {data}")
        simulate(data, probes=PROBES, seed=1)
    motifs = {m["motif_id"]: m for m in json.loads((data / "planted.json").read_text(encoding="utf-8"))}
    workspace = Workspace(folder / "studies")
    workspace.prepare()
    names = tuple(sorted(motifs)[:PROTEINS])
    studies = [study for arch in BUDGETS for study in _queue(names, arch, data, workspace)]
    with ProgressDisplay(console) as display:
        outcome = drive(workspace, Workers(jobs), display, studies)
    if outcome.stopped or outcome.failed:
        return outcome
    rows = [row for row in read_status(workspace) if row["study"] in studies]
    summaries = [_summary(row, motifs, workspace, folder) for row in rows]
    if sys.stdout.writable():
        print_table(summaries, COLUMNS, sys.stdout)
    console.print(f"exports: {folder / 'exports'}")
    console.print(f"to see every trial: rbptune dashboard --workspace {workspace.root}")
    return outcome


def _queue(names: tuple[str, ...], architecture: str, data: Path, workspace: Workspace) -> list[str]:
    trials, epochs = BUDGETS[architecture]
    asked = Launch(
        data,
        trials,
        seed=1,
        split="grouped",
        names=names,
        architectures=(architecture,),
        epochs=epochs,
        finalists=2,
        members=2,
    )
    return launch_studies(asked, workspace)


def _summary(
    row: dict[str, Any], motifs: dict[str, Any], workspace: Workspace, folder: Path
) -> dict[str, Any]:
    artifacts, out = workspace.artifacts(row["study"]), folder / "exports" / row["experiment"]
    export_study(artifacts, out / row["architecture"], lambda: history_of(workspace, row["study"]))
    model = load_model(artifacts / "model")
    kmer = strongest_kmer(model.members)
    planted = motifs[row["experiment"]]["motif"]
    return {
        **row,
        "trials": row["trials_done"],
        "planted": planted if isinstance(planted, str) else " / ".join(_texts(planted)),
        "kmer": kmer,
        "agreement": agreement(kmer, planted),
    }


def _texts(parts: Iterable[Any]) -> list[str]:
    return [str(part) for part in parts]
