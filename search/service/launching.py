"""From what a person asked to studies in the queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_io.errors import ConfigError, DataError, UnknownProteinError
from data_io.experiments import Experiment, read_master_sheet, resolve
from data_io.folder import find_files
from data_io.rnacompete import measured_experiments
from data_io.training_set import load_training_set
from models.config import split_params
from search.strategy.space import Space
from search.strategy.space_files import read_space, shipped_space
from search.study.database import database_errors
from search.study.record import queue_studies
from search.study.spec import Spec
from search.study.storage import open_storage
from search.study.workspace import Workspace

CHECKED_BEFORE = 8  # experiments whose data are read before anything is queued


@dataclass(frozen=True)
class Order:
    """What a launch asks for; see ``rbptune launch --help``."""

    names: tuple[str, ...]
    data: Path
    architectures: tuple[str, ...] = ("cnn",)
    trials: int = 30
    epochs: int | None = None
    seed: int = 0
    split: str = "grouped"
    space: Path | None = None
    finalists: int = 3
    members: int = 3
    everything: bool = False
    proteins: Path | None = None


def launch_studies(order: Order, workspace: Workspace) -> list[str]:
    """Check an order and queue its studies; give their names.

    Raises
    ------
    UserError
        When anything of it could not run; nothing is queued then.
    """
    experiments = find_experiments(order)
    spaces = find_spaces(order)
    workspace.prepare()
    fingerprints = read_data(order, experiments, workspace.cache)
    specs = make_specs(order, experiments, spaces)
    storage = open_storage(workspace)
    with database_errors(workspace.storage_url):
        return queue_studies(storage, specs, order.trials, order.data, fingerprints)


def read_data(order: Order, experiments: Sequence[Experiment], cache: Path | None) -> dict[str, str]:
    """Read the measurements of an order that is not large, and give their fingerprints by experiment."""
    if len(experiments) > CHECKED_BEFORE:
        return {}
    return {e.motif_id: load_training_set(order.data, e, order.split, cache).fingerprint for e in experiments}


def make_specs(order: Order, experiments: Sequence[Experiment], spaces: Sequence[Space]) -> list[Spec]:
    """Specify a study for each experiment and architecture."""
    return [
        Spec(
            experiment.protein,
            experiment.motif_id,
            experiment.species,
            space.to_dict(),
            order.seed,
            order.split,
            order.finalists,
            order.members,
        )
        for experiment in experiments
        for space in spaces
    ]


def find_experiments(order: Order) -> list[Experiment]:
    """Resolve the names, each experiment once, or take all that were measured."""
    files = find_files(order.data)
    sheet = read_master_sheet(files.sheet)
    measured = set(measured_experiments(files.matrix))
    if order.everything:
        return [experiment for experiment in sheet if experiment.motif_id in measured]
    names = [*order.names, *([] if order.proteins is None else _read_names(order.proteins))]
    if not names:
        raise UnknownProteinError("no protein named; give names, RNCMPT ids, --proteins or --all")
    experiments = {e.motif_id: e for e in (resolve(name, sheet) for name in names)}
    for experiment in experiments.values():
        if experiment.motif_id not in measured:
            raise UnknownProteinError(
                f"{files.matrix}: no column {experiment.motif_id} ({experiment.protein}); "
                "rbptune proteins lists what was measured"
            )
    return list(experiments.values())


def _read_names(path: Path) -> list[str]:
    """Read names, one a line; blank lines and those that begin with # are passed over."""
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a text"
        raise DataError(f"{path}: cannot be read ({reason}); give a text file, one protein a line") from error
    return [line for line in lines if line and not line.startswith("#")]


def find_spaces(order: Order) -> list[Space]:
    """Read the search spaces: the user's own, or the shipped one of each architecture."""
    if order.space is not None:
        spaces = [read_space(order.space)]
        if order.architectures not in ((), (spaces[0].architecture,)):
            raise ConfigError(
                f"{order.space}: a space of {spaces[0].architecture}, but --arch is "
                f"{', '.join(order.architectures)}; leave --arch out"
            )
    else:
        spaces = [shipped_space(name) for name in dict.fromkeys(order.architectures or ("cnn",))]
    fixed: dict[str, Any] = {} if order.epochs is None else {"epochs": order.epochs}
    for space in spaces:
        split_params(space.architecture, fixed)  # refuses what the space, being fixed, is not asked for
    return [space.with_fixed(**fixed) for space in spaces]
