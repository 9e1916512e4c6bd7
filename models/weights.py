"""A trained model as a folder: config.json and one safetensors file for each member of the ensemble."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
from numpy.typing import NDArray
from torch import Tensor, nn

from data_io.alphabet import encode_long
from data_io.errors import ConfigError, ModelError
from data_io.files import write_atomically
from models import tensors
from models.model_config import FORMAT, OF_SEVERAL, OWN_KEYS, PARTS, PARTS_KEYS, read_bytes, read_config
from models.predict import predict
from models.registry import Architecture, get_architecture
from models.windows import best_windows, predict_windows

QUANTILES = "training_quantiles"
TEST_QUANTILES = "test_quantiles"
_QUANTILES = 201


@dataclass(frozen=True)
class LoadedModel:
    """A model read from a folder.

    Parameters
    ----------
    architecture : str
        Of several, joined by plus signs, where models are combined.
    network : config of the architecture
        A list of them, one a member or combined model, where there are several.
    members : list of nn.Module
        On CPU and in evaluation mode.
    extra : dict
        What was saved beside it: target scaling, provenance.
    """

    architecture: str
    network: Any
    members: list[nn.Module]
    extra: dict[str, Any]

    def predict(self, sequences: NDArray[np.uint8] | Sequence[str]) -> NDArray[np.float32]:
        """Mean prediction of the members.

        Parameters
        ----------
        sequences : uint8 array (n, 41), or sequence of n str
            Codes as `data_io.alphabet.encode` gives them, or letters of any length: of one longer than 41
            that of its best window.

        Returns
        -------
        float32 array (n,)

        Raises
        ------
        DataError
            When a sequence is empty or holds another letter than A, C, G, U, T and N.
        ValueError
            When they are one text.
        """
        if isinstance(sequences, np.ndarray) and sequences.dtype.kind in "ui":
            return predict(self.members, sequences)
        if isinstance(sequences, str):
            raise ValueError(f"sequences must be a list of them, received one text, {sequences[:20]!r}")
        if not len(sequences):
            return np.empty(0, np.float32)
        codes, lengths = encode_long(list(sequences))
        return best_windows(predict_windows(self.members, codes, lengths), codes, lengths).score

    @property
    def quantiles(self) -> NDArray[np.float64] | None:
        """Quantiles of the predictions for the training probes (test probes where models are combined), from
        0 to 1; None of an older model.
        """
        kept = self.extra.get(QUANTILES, self.extra.get(TEST_QUANTILES))
        return None if kept is None else np.asarray(kept, np.float64)

    def percentiles(self, scores: NDArray[np.float32]) -> NDArray[np.float64]:
        """Share of the same probes, in per cent, that are predicted lower; NaN where it is not known."""
        if self.quantiles is None:
            return np.full(len(scores), np.nan)
        steps = np.linspace(0.0, 100.0, len(self.quantiles))
        return np.interp(scores, self.quantiles, steps)


def quantiles_of(predictions: NDArray[np.float32]) -> list[float]:
    """What `LoadedModel.quantiles` reads: 201 quantiles of predictions, to six digits."""
    return [float(f"{value:.6g}") for value in np.quantile(predictions, np.linspace(0, 1, _QUANTILES))]


def save_model(
    folder: str | Path,
    architecture: str,
    networks: Sequence[Any],
    members: Sequence[Mapping[str, Tensor]],
    extra: Mapping[str, Any] | None = None,
) -> None:
    """Write a model's folder; what an earlier model left there is replaced.

    Parameters
    ----------
    folder : str or Path
    architecture : str
    networks : sequence of configs of the architecture
        One for each member of the ensemble; a single model has one.
    members : sequence of state dicts
        Likewise.
    extra : mapping, optional
        Further keys for config.json, fit for JSON.

    Raises
    ------
    StorageError
        When the disk is full or the folder cannot be written to.
    """
    extra = dict(extra or {})
    if taken := [key for key in OWN_KEYS if key in extra]:
        raise ValueError(f"extra must not hold {taken[0]!r}, which save_model writes itself")
    if not members:
        raise ValueError("a model needs at least one member, received none")
    if len(networks) != len(members):
        raise ValueError(f"networks must be one a member, received {len(networks)} for {len(members)}")
    folder = Path(folder)
    names = [f"weights-{number}.safetensors" for number in range(len(members))]
    for name, weights in zip(names, members, strict=True):
        _write(folder / name, tensors.pack(weights, {"architecture": architecture}))
    kept = [dataclasses.asdict(network) for network in networks]
    alike = all(network == kept[0] for network in kept)
    config = {
        "format": FORMAT if alike else OF_SEVERAL,
        "architecture": architecture,
        "network": kept[0] if alike else kept,
        "members": len(members),
        **extra,
    }
    _write(folder / "config.json", (json.dumps(config, indent=2) + "\n").encode())
    for stale in set(folder.glob("weights-*.safetensors")) - {folder / name for name in names}:
        stale.unlink()


def build_member(architecture: str, network: Any, weights: bytes) -> nn.Module:
    """Make the network of a config with weights as safetensors, ready to predict."""
    model = get_architecture(architecture).build(network).eval()
    model.load_state_dict(safetensors.torch.load(weights))
    return model


def save_parts(folder: Path, parts: Sequence[str], extra: Mapping[str, Any]) -> None:
    """Write the config of a model whose members are those of the models in folders beside it."""
    config = {"format": FORMAT, PARTS: list(parts), **extra}
    _write(folder / "config.json", (json.dumps(config, indent=2) + "\n").encode())


def load_model(folder: str | Path) -> LoadedModel:
    """Read a folder of `save_model`, or of `save_parts`.

    Raises
    ------
    ModelError
        If a file is missing, damaged, of another version or does not fit the config.
    """
    path = Path(folder) / "config.json"
    config = read_config(path)
    if PARTS in config:
        return _load_parts(path, config)
    architecture = _known_architecture(config["architecture"], path)
    kept, count = config["network"], config["members"]
    several = isinstance(kept, list)
    try:
        networks = [architecture.config(**each) for each in (kept if several else [kept])]
    except (ConfigError, TypeError) as error:
        raise ModelError(f"{path}: network: {error}") from error
    files = [path.with_name(f"weights-{number}.safetensors") for number in range(count)]
    pairs = zip(files, networks if several else networks * count, strict=True)
    members = [_read_member(file, architecture, network) for file, network in pairs]
    extra = {key: value for key, value in config.items() if key not in OWN_KEYS}
    return LoadedModel(architecture.name, networks if several else networks[0], members, extra)


def _load_parts(path: Path, config: Mapping[str, Any]) -> LoadedModel:
    """The members of several models as one ensemble."""
    names = config[PARTS]
    if not (isinstance(names, list) and names and all(map(_is_name, names))):
        raise ModelError(f"{path}: parts = {names!r}: must be names of folders beside it")
    parts = [load_model(path.with_name(name)) for name in names]
    return LoadedModel(
        "+".join(part.architecture for part in parts),
        [part.network for part in parts],
        [member for part in parts for member in part.members],
        {key: value for key, value in config.items() if key not in PARTS_KEYS},
    )


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and name not in ("", "..") and Path(name).name == name


def _write(path: Path, content: bytes) -> None:
    with write_atomically(path) as temporary:
        temporary.write_bytes(content)


def _known_architecture(name: Any, path: Path) -> Architecture:
    try:
        return get_architecture(name)
    except ConfigError as error:
        raise ModelError(f"{path}: {error}") from error


def _read_member(path: Path, architecture: Architecture, network: Any) -> nn.Module:
    weights, _ = tensors.unpack(read_bytes(path), str(path))
    member = architecture.build(network).eval()
    tensors.check_shapes(weights, member.state_dict(), str(path))
    member.load_state_dict(weights)
    return member
