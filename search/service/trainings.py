"""Networks that the end of a study trains: each has a name, and stays on the disk with its curve."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

import safetensors.torch
from torch import Tensor

from data_io.errors import ModelError, StudyError
from models import tensors
from models.reports import EpochReport
from search.service.checkpoint_store import CheckpointStore
from search.study.workspace import Workspace
from search.workers.events import Curve, Event, Lost, Reported, Trained
from search.workers.tasks import TrainTask

log = logging.getLogger(__name__)


class Member(NamedTuple):
    """A trained network: its weights and its curve."""

    weights: dict[str, Tensor]
    curve: Curve


class Trainings:
    """Has networks trained, and keeps them; a kill at any moment loses an epoch at most.

    Parameters
    ----------
    study : str
    tasks : dict of str to TrainTask
        By the names under which the networks are kept, in the order in which they are begun.
    workspace : Workspace
    announce : callable
        Hears the name and the curve of each network as it is kept.
    """

    def __init__(
        self,
        study: str,
        tasks: Mapping[str, TrainTask],
        workspace: Workspace,
        announce: Callable[[str, Curve], None],
    ) -> None:
        self._study = study
        self._tasks = tasks
        self._announce = announce
        self._checkpoints = CheckpointStore(workspace.checkpoints(study))
        self._kept = CheckpointStore(workspace.artifacts(study) / "finalists")
        self._open = [name for name in tasks if self._find(name) is None]
        self._running: dict[str, str] = {}  # names by the tasks' keys

    def __len__(self) -> int:
        return len(self._tasks)

    @property
    def through(self) -> int:
        """How many are trained."""
        return len(self._tasks) - len(self._open) - len(self._running)

    @property
    def complete(self) -> bool:
        """Whether all are trained."""
        return self.through == len(self)

    def next_task(self) -> TrainTask | None:
        """Give the next training to run, from where it was; None while there is none to begin."""
        if not self._open:
            return None
        name = self._open.pop(0)
        task = replace(self._tasks[name], state=self._checkpoints.find(name))
        self._running[task.key] = name
        return task

    def handle(self, event: Event) -> bool:
        """Take in what a training reports; False where it is not wanted any more."""
        if event.key not in self._running:
            return False
        match event:
            case Reported():
                self._checkpoints.keep(self._running[event.key], event.state)
            case Trained():
                self._keep(event)
            case Lost():
                self._open.append(self._running.pop(event.key))
        return True

    def member(self, name: str) -> Member:
        """Give a network that is trained.

        Raises
        ------
        StudyError
            When its file was removed or damaged meanwhile.
        """
        found = self._find(name)
        if found is None:
            raise StudyError(f"study {self._study}: a retrained model was lost; resume it")
        return found

    def drop_checkpoints(self) -> None:
        """Remove what only a training under way needs."""
        self._checkpoints.drop_all()

    def _find(self, name: str) -> Member | None:
        """Give a network that is trained already; a damaged one comes out the same again."""
        content = self._kept.find(name)
        if content is None:
            return None
        try:
            weights, note = tensors.unpack(content, f"member {name} of study {self._study}")
        except ModelError as error:
            log.warning("%s; it is trained again", error)
            return None
        return Member(weights, tuple(EpochReport.from_dict(report) for report in note["curve"]))

    def _keep(self, event: Trained) -> None:
        """Keep weights and curve in one file, so that neither is ever there without the other."""
        name = self._running[event.key]
        curve = [report.to_dict() for report in event.curve]
        self._kept.keep(name, tensors.pack(safetensors.torch.load(event.weights), {"curve": curve}))
        self._checkpoints.drop(name)
        del self._running[event.key]
        self._announce(name, event.curve)
