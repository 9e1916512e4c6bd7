"""The config.json of a model's folder: what it has to hold, and what is said where it does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from data_io.errors import ModelError

FORMAT = 1
OF_SEVERAL = 2  # of a model whose members are of several configs: "network" lists theirs
PARTS = "parts"
OWN_KEYS = ("format", "architecture", "network", "members")
PARTS_KEYS = ("format", PARTS)


def read_bytes(path: Path) -> bytes:
    """Read a file of a model's folder.

    Raises
    ------
    ModelError
        When it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ModelError(f"{path}: {reason}; give the folder of an exported model, complete") from error


def read_config(path: Path) -> dict[str, Any]:
    """Read config.json, and see that it has what a model, or a combined one, needs.

    Raises
    ------
    ModelError
        When it is missing, damaged or of another version.
    """
    try:
        config = json.loads(read_bytes(path))
    except ValueError as error:
        raise ModelError(f"{path}: not readable as JSON ({error}); export the model anew") from error
    needed = PARTS_KEYS if isinstance(config, dict) and PARTS in config else OWN_KEYS
    if not isinstance(config, dict) or any(key not in config for key in needed):
        raise ModelError(f"{path}: not the config of an exported model (needs {', '.join(needed)})")
    if config["format"] not in (FORMAT, OF_SEVERAL):
        known = f"{FORMAT} and {OF_SEVERAL}"
        raise ModelError(f"{path}: format {config['format']!r}, this version reads {known}; update rbptune")
    if PARTS in config:
        return config
    if not isinstance(config["members"], int) or config["members"] < 1:
        raise ModelError(f"{path}: members = {config['members']!r}: must be a whole number from 1")
    if not _is_network(config["network"], config["members"]):
        raise ModelError(
            f"{path}: network = {config['network']!r}: must be a table of hyperparameters, or one a member"
        )
    return config


def _is_network(kept: Any, members: int) -> bool:
    tables = kept if isinstance(kept, list) and len(kept) == members else [kept]
    return all(isinstance(table, dict) for table in tables)
