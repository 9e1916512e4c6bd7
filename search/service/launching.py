"""From what a person asked to studies in the queue."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import optuna

from data_io.errors import ConfigError, UnknownProteinError
from data_io.experiments import Experiment, match_experiments, read_master_sheet, read_names, resolve
from data_io.folder import find_files
from data_io.rnacompete import measured_experiments, prepare_matrix
from data_io.testable import require_test_set
from data_io.training_set import load_training_set
from models.config import split_params
from search.service.defaults import ARCHITECTURE
from search.service.workspace_starts import choose_starts, find_winners, starts_within
from search.strategy.space import Space
from search.strategy.space_files import read_space, shipped_space
from search.strategy.strategy import Strategy
from search.study.creation import queue_studies
from search.study.database import database_errors
from search.study.spec import OWN_SPACE, Spec
from search.study.storage import open_storage
from search.study.time_budget import check_hours
from search.study.workspace import Workspace

log = logging.getLogger(__name__)

OF_STRATEGY = ("finalists", "members", "refit")  # what of it can be asked for by name
CHECKED_BEFORE = 8  # experiments whose data are checked before anything is queued


@dataclass(frozen=True)
class Launch:
    """What a person asks for; see ``rbptune launch --help``. None leaves it to strategy or space.

    Raises
    ------
    ConfigError
        When the hours are no amount of time.
    """

    data: Path
    trials: int
    seed: int
    split: str
    names: tuple[str, ...] = ()
    everything: bool = False
    proteins: Path | None = None
    architectures: tuple[str, ...] = ()
    space: Path | None = None
    epochs: int | None = None
    finalists: int | None = None
    members: int | None = None
    refit: bool | None = None
    starts_from_workspace: bool = False
    hours: float | None = None

    def __post_init__(self) -> None:
        if self.hours is not None:
            check_hours(self.hours)

    @property
    def asked(self) -> dict[str, Any]:
        """What of space and strategy was asked for by name."""
        named = {name: getattr(self, name) for name in ("epochs", *OF_STRATEGY)}
        flags = {OWN_SPACE: self.space is not None, "starts_from_workspace": self.starts_from_workspace}
        given = {name: True for name, is_given in flags.items() if is_given}
        return {**{name: value for name, value in named.items() if value is not None}, **given}


def launch_studies(launch: Launch, workspace: Workspace) -> list[str]:
    """Check what is asked for and queue the studies; give their names.

    Raises
    ------
    UserError
        When any of it could not run; nothing is queued then.
    """
    experiments = find_experiments(launch)
    spaces = find_spaces(launch)
    workspace.prepare()
    fingerprints = read_data(launch, experiments, workspace.cache)
    specs = make_specs(launch, experiments, spaces)
    storage = open_storage(workspace)
    with database_errors(workspace.storage_url):
        if launch.starts_from_workspace:
            specs = with_starts_of_others(specs, storage)
        return queue_studies(storage, specs, launch.trials, launch.data, fingerprints, launch.hours)


def with_starts_of_others(specs: Sequence[Spec], storage: optuna.storages.BaseStorage) -> list[Spec]:
    """Let studies begin with configs that won for other proteins, too: which is decided here, once."""
    found = {}
    for spec in {spec.architecture: spec for spec in specs}.values():
        space, winners = spec.load_space(), find_winners(storage, spec.architecture)
        if not winners:
            log.warning("no finished %s study in this workspace to take starts from", spec.architecture)
        found[spec.architecture] = space, starts_within(space, winners)
    return [
        replace(
            spec,
            strategy=replace(
                spec.strategy, transferred=choose_starts(*found[spec.architecture], spec.experiment)
            ),
        )
        for spec in specs
    ]


def read_data(launch: Launch, experiments: Sequence[Experiment], cache: Path) -> dict[str, str]:
    """Read the measurements, and give their fingerprints by experiment where there are few.

    Many are read in one go into the cache; each study then says by itself whether it can use its own.

    Raises
    ------
    DataError
        When one of a few cannot be searched, or not be tested at the end.
    """
    if len(experiments) > CHECKED_BEFORE:
        prepare_matrix(launch.data, [experiment.motif_id for experiment in experiments], cache)
        return {}
    found = {}
    for experiment in experiments:
        found[experiment.motif_id] = load_training_set(
            launch.data, experiment, launch.split, cache
        ).fingerprint
        require_test_set(launch.data, experiment, cache)
    return found


def make_specs(launch: Launch, experiments: Sequence[Experiment], spaces: Sequence[Space]) -> list[Spec]:
    """Specify a study for each experiment and architecture."""
    return [
        Spec(
            protein=experiment.protein,
            experiment=experiment.motif_id,
            species=experiment.species,
            space=space.without_starts().to_dict(),
            strategy=make_strategy(launch, space),
            seed=launch.seed,
            split=launch.split,
            asked=launch.asked,
        )
        for experiment in experiments
        for space in spaces
    ]


def make_strategy(launch: Launch, space: Space) -> Strategy:
    """Give the strategy of a new study: the default one, but for what is asked for."""
    asked = {name: launch.asked[name] for name in OF_STRATEGY if name in launch.asked}
    return replace(Strategy(), starts=space.starts, **asked)


def find_experiments(launch: Launch) -> list[Experiment]:
    """Resolve the names, each experiment once, or take all that were measured."""
    files = find_files(launch.data)
    sheet = read_master_sheet(files.sheet)
    matched = match_experiments(sheet, measured_experiments(files.matrix))
    if launch.everything:
        return matched.require_some(files.sheet, files.matrix)
    names = [*launch.names, *([] if launch.proteins is None else read_names(launch.proteins))]
    if not names:
        raise UnknownProteinError("no protein named; give names, RNCMPT ids, --proteins or --all")
    measured = {experiment.motif_id.casefold(): experiment for experiment in matched.experiments}
    experiments = {}
    for wanted in (resolve(name, sheet) for name in names):
        if wanted.motif_id.casefold() not in measured:
            raise UnknownProteinError(
                f"{files.matrix}: no column {wanted.motif_id} ({wanted.protein}); "
                "rbptune proteins lists what was measured"
            )
        experiments[wanted.motif_id] = measured[wanted.motif_id.casefold()]
    return list(experiments.values())


def find_spaces(launch: Launch) -> list[Space]:
    """Read the search spaces: the user's own, or the shipped one of each architecture."""
    if launch.space is not None:
        spaces = [read_space(launch.space)]
        if launch.architectures not in ((), (spaces[0].architecture,)):
            raise ConfigError(
                f"{launch.space}: a space of {spaces[0].architecture}, but --arch is "
                f"{', '.join(launch.architectures)}; leave --arch out"
            )
    else:
        spaces = [shipped_space(name) for name in dict.fromkeys(launch.architectures or (ARCHITECTURE,))]
    fixed: dict[str, Any] = {} if launch.epochs is None else {"epochs": launch.epochs}
    for space in spaces:
        split_params(space.architecture, fixed)  # refuses what the space, being fixed, is not asked for
    return [space.with_fixed(**fixed) for space in spaces]
