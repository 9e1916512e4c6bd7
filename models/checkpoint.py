"""The state of a training run between two epochs, as bytes and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from data_io.errors import ModelError
from models import tensors
from models.reports import Best, EpochReport

SOURCE = "checkpoint"  # checkpoints are handed around as bytes: there is no file name to blame

GROUPS = ("model", "best", "optimizer", "average")


@dataclass(frozen=True)
class Checkpoint:
    """All that a training run needs to go on.

    There is no random state in it: a trainer derives that from its seed and the number of the epoch.

    Parameters
    ----------
    identity : dict
        What must be equal for it to fit: everything that the result of the training follows from.
    model, best_weights : dict of str to Tensor
        State dicts.
    optimizer : dict of str to Tensor
    average : dict of str to Tensor
        Empty where no weights are averaged.
    curve : list of EpochReport
    best : Best
    """

    identity: Mapping[str, Any]
    model: Mapping[str, Tensor]
    best_weights: Mapping[str, Tensor]
    optimizer: Mapping[str, Tensor]
    average: Mapping[str, Tensor]
    curve: list[EpochReport]
    best: Best

    def to_bytes(self) -> bytes:
        """The bytes of a safetensors file."""
        groups = zip(GROUPS, (self.model, self.best_weights, self.optimizer, self.average), strict=True)
        state = {f"{group}.{name}": value for group, values in groups for name, value in values.items()}
        curve = [report.to_dict() for report in self.curve]
        return tensors.pack(state, {"identity": self.identity, "curve": curve, "best": list(self.best)})

    @classmethod
    def from_bytes(cls, blob: bytes) -> Checkpoint:
        """Read what `to_bytes` wrote.

        Raises
        ------
        ModelError
            If the bytes are damaged or no checkpoint.
        """
        state, note = tensors.unpack(blob, SOURCE)
        if note.keys() != {"identity", "curve", "best"}:
            raise ModelError(f"{SOURCE}: these bytes are no checkpoint of a training run")
        curve = [EpochReport.from_dict(report) for report in note["curve"]]
        model, best_weights, optimizer, average = (_group(state, name) for name in GROUPS)
        return cls(note["identity"], model, best_weights, optimizer, average, curve, Best(*note["best"]))

    def check_identity(self, wanted: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
        """Refuse to go on with another run.

        Parameters
        ----------
        wanted : mapping of str to value
            What has to be equal.
        defaults : mapping of str to value
            What a checkpoint means that does not have a name yet, because it is older.

        Raises
        ------
        ModelError
            Naming the first thing that differs.
        """
        for name in sorted(wanted.keys() | self.identity.keys()):
            found, asked = self.identity.get(name, defaults.get(name)), wanted.get(name)
            if found != asked:
                raise ModelError(
                    f"{SOURCE}: of another training run: {name} = {found!r}, this run has {asked!r}"
                )


def _group(state: Mapping[str, Tensor], group: str) -> dict[str, Tensor]:
    prefix = f"{group}."
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
