"""Whether the motif that a model is said to have is the true one.

`python -m tests.benchmarks.motifs simulated` trains both architectures on simulated proteins whose motif is
known; `python -m tests.benchmarks.motifs` trains a CNN on some probes of Set A of each of the 16 experiments
and compares its motif with the published ones of the family that the master sheet takes for likely. Set B is
not read. The CNN has one layer and trains in seconds, or is the `--start` of studies/cnn.toml (2 is the
residual network); the CNN+LSTM is a BiLSTM behind motif detectors. With `--keep` trained networks are kept,
and used again.
"""

from __future__ import annotations

import argparse
import csv
import os
import tempfile
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import torch

from data_io.experiments import Experiment, read_master_sheet
from data_io.folder import find_sheet
from data_io.planting import plan
from data_io.simulate import simulate
from data_io.training_set import Examples, TrainingSet, load_training_set
from models import tensors
from models.config import split_params
from models.registry import get_architecture
from models.trainer import Trainer
from search.evidence.evidence import Missing
from search.evidence.gather import some_of
from search.evidence.known import SURPRISING, compare, views_of
from search.evidence.motif_records import Motif, WordMotif
from search.evidence.motifs import find_motifs
from search.evidence.pwm import Matrix, from_iupac
from search.evidence.words import find_words
from search.strategy.space_files import shipped_space
from tests.support.training import fit

REPOSITORY = Path(__file__).resolve().parents[2]
TRAINED = {"batch_norm": True, "hidden": 64, "dropout": 0.2, "schedule": "cosine"}
CONFIGS = {
    "cnn": {
        **TRAINED,
        "motif_length": 11,
        "pooling": "max+average",
        "learning_rate": 2e-3,
        "batch_size": 256,
    },
    "rnn": {
        **TRAINED,
        "motif_length": 5,
        "filters": 64,
        "lstm_hidden": 64,
        "lstm_layers": 1,
        "bidirectional": True,
        "readout": "max",
        "learning_rate": 1e-3,
        "batch_size": 128,
    },
}
EPOCHS = {"cnn": 15, "rnn": 8}


def simulated(options: argparse.Namespace) -> None:
    """Print the motif of each simulated protein and architecture, beside what was planted."""
    planted, found = plan(options.proteins, options.seed), {}
    print("| protein | planted | architecture | validation | first motif | share | 7-mers | p |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        simulate(folder, options.probes, options.seed, experiments=options.proteins)
        for motif in planted:
            experiment = Experiment(motif.motif_id, motif.protein, motif.species)
            data = load_training_set(folder, experiment, cache=Path(folder, "cache"))
            for architecture in CONFIGS:
                score, motifs, words = learn(f"{motif.motif_id}.simulated", architecture, data, options)
                p = best_p(views_of(motifs, words), [motif.motif])
                found[motif.motif_id, architecture] = p
                name = f"{motif.protein} {motif.motif_id}"
                print(
                    row(name, motif.motif, architecture, f"{score:.3f}", *shown(motifs, words), f"{p:.1g}"),
                    flush=True,
                )
    said = sum(p <= SURPRISING for p in found.values())
    print(f"the planted motif comes first at p <= {SURPRISING} for {said} of {len(found)}")


def measured(options: argparse.Namespace) -> None:
    """Print the motif of each measured experiment, and how well it agrees with the likely family's."""
    families, found = likely(options.data), []
    print(
        "| experiment | likely | validation | first motif | share | 7-mers | further motifs | published | p |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for experiment in read_master_sheet(find_sheet(options.data)):
        whole = load_training_set(options.data, experiment, cache=options.cache)
        data = TrainingSet(
            some(whole.train, options.probes),
            some(whole.validation, options.probes // 4),
            whole.scaling,
            "some",
        )
        score, motifs, words = learn(experiment.motif_id, "cnn", data, options)
        family = families[experiment.motif_id]
        known = published_of(family)
        p = best_p(views_of(motifs, words), known)
        found.append(p)
        further = " ".join(motif.iupac for motif in motifs[1:])
        cells = family, f"{score:.3f}", *shown(motifs, words), further, " ".join(known), f"{p:.1g}"
        print(row(experiment.protein, *cells), flush=True)
    said = sum(p <= SURPRISING for p in found)
    print(f"the likely family's motif comes first at p <= {SURPRISING} for {said} of {len(found)}")


def learn(
    name: str, architecture: str, data: TrainingSet, options: argparse.Namespace
) -> tuple[float, tuple[Motif, ...], WordMotif | Missing]:
    """Train a network, or take the one that is kept; give its validation Spearman and what it binds."""
    network, training = split_params(architecture, config_of(architecture, options))
    kept = options.keep and options.keep / f"{name}.{architecture}.safetensors"
    if kept and kept.is_file():
        weights, note = tensors.unpack(kept.read_bytes(), str(kept))
    else:
        trainer = Trainer(architecture, network, training, data, seed=1, device="cpu")
        fit(trainer)
        weights, note = dict(trainer.best_weights()), {"spearman": trainer.best.spearman}
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(tensors.pack(weights, note))
    model = get_architecture(architecture).build(network).eval()
    model.load_state_dict(weights)
    return note["spearman"], find_motifs([model], some_of(data.train, seed=0)), find_words([model])


def config_of(architecture: str, options: argparse.Namespace) -> dict[str, Any]:
    """The hyperparameters that are asked for."""
    if options.start and architecture == "cnn":
        config = dict(shipped_space(architecture).prescribed[options.start])
    else:
        config = {**CONFIGS[architecture], "epochs": EPOCHS[architecture]}
    return {**config, "epochs": options.epochs or config["epochs"]}


def best_p(views: dict[str, Matrix], known: list[str]) -> float:
    """The smallest p of a comparison with any of the known motifs, times their number (Bonferroni)."""
    found = [compare(views, from_iupac(iupac))[1].p for iupac in known if views]
    return min(1.0, min(found, default=1.0) * len(found))


def likely(data: Path) -> dict[str, str]:
    """The family that each experiment is likely of, by its id."""
    with find_sheet(data).open(encoding="utf-8", newline="") as file:
        return {row["Motif_ID"]: row["Likely"] for row in csv.DictReader(file)}


def members_of(family: str) -> list[dict[str, str]]:
    """Rows of the published motifs of genes whose names begin with one of the family's ("CPEB4/TIA1")."""
    first, *others = family.split("/")
    names = (first, *(name for name in others if name != "LL"))  # HNRNPL/LL
    with resources.files("search.evidence").joinpath("tables/motifs.tsv").open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file, delimiter="\t") if row["gene"].startswith(names)]


def published_of(family: str) -> list[str]:
    """The different published motifs of a family."""
    return sorted({row["iupac"] for row in members_of(family)})


def some(examples: Examples, count: int) -> Examples:
    """Up to `count` measured probes, the same every time."""
    rows = np.random.default_rng(0).permutation(np.flatnonzero(~np.isnan(examples.targets)))[:count]
    return Examples(examples.codes[rows], examples.targets[rows])


def shown(motifs: tuple[Motif, ...], words: WordMotif | Missing) -> tuple[str, str, str]:
    """The first motif, its share and the aligned 7-mers, as cells of the table."""
    first = (motifs[0].iupac, f"{motifs[0].share:.2f}") if motifs else ("none", "")
    return (*first, "none" if isinstance(words, Missing) else words.iupac)


def row(*cells: str) -> str:
    """One line of a table."""
    return f"| {' | '.join(cells)} |"


def main() -> None:
    data = Path(os.environ.get("RBPTUNE_REAL_DATA") or REPOSITORY.parent / "shared" / "data")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.set_defaults(command=measured)
    parser.add_argument("--data", type=Path, default=data / "rnacompete_16")
    parser.add_argument("--cache", type=Path, help="folder of a cache (default: none)")
    parser.add_argument(
        "--probes", type=int, default=24_000, help="training probes, or all that are simulated"
    )
    parser.add_argument("--epochs", type=int, help=f"default: {EPOCHS}")
    parser.add_argument("--start", type=int, help="of studies/cnn.toml, from 1 (default: one layer)")
    parser.add_argument("--keep", type=Path, help="folder of trained networks, one for each kind of network")
    commands = parser.add_subparsers()
    simulating = commands.add_parser("simulated")
    simulating.set_defaults(command=simulated)
    simulating.add_argument("--proteins", type=int, default=10)
    simulating.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.command(options)


if __name__ == "__main__":
    main()
