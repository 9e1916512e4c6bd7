"""Tensors and a JSON note in one safetensors file; unlike the bare format, damage is noticed."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from data_io.errors import ModelError

# One key only: the format's library writes several in random order, and equal states would differ in bytes.
_KEY = "rbptune"


def pack(tensors: Mapping[str, Tensor], note: Mapping[str, Any]) -> bytes:
    """Write tensors and a note, which must be fit for JSON, as the bytes of a safetensors file."""
    tensors = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    sealed = {"crc32": checksum(tensors, note), "note": note}
    return safetensors.torch.save(tensors, {_KEY: json.dumps(sealed, sort_keys=True)})


def unpack(blob: bytes, source: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `pack` wrote.

    Parameters
    ----------
    blob : bytes
    source : str
        File name or the like, for the error message.

    Raises
    ------
    ModelError
        If the bytes are damaged or not from `pack`.
    """
    try:
        tensors = safetensors.torch.load(blob)
        sealed = json.loads(_metadata(blob)[_KEY])
        note, sealed_by = dict(sealed["note"]), sealed["crc32"]
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{source}: damaged or not written by rbptune; restore it or make it anew"
        ) from error
    if sealed_by != checksum(tensors, note):
        raise ModelError(f"{source}: damaged (its checksum is wrong); restore it or make it anew")
    return tensors, note


def check_shapes(tensors: Mapping[str, Tensor], expected: Mapping[str, Tensor], source: str) -> None:
    """Compare the names and shapes of tensors that were read with those that are needed.

    Raises
    ------
    ModelError
        Naming the first tensor that is missing, unknown or of another shape.
    """
    for name in sorted(expected.keys() | tensors.keys()):
        if name not in tensors:
            raise ModelError(
                f"{source}: tensor {name!r} is missing; these are not the weights of this config"
            )
        if name not in expected:
            raise ModelError(
                f"{source}: tensor {name!r} is unknown; these are not the weights of this config"
            )
        if tensors[name].shape != expected[name].shape:
            found, wanted = tuple(tensors[name].shape), tuple(expected[name].shape)
            raise ModelError(f"{source}: tensor {name!r} has shape {found}, the config asks for {wanted}")


def _metadata(blob: bytes) -> dict[str, str]:
    """Metadata of a safetensors file, of which the library gives only that of files on disk."""
    size = int.from_bytes(blob[:8], "little")
    header: dict[str, dict[str, str]] = json.loads(blob[8 : 8 + size])
    return header["__metadata__"]


def checksum(tensors: Mapping[str, Tensor], note: Mapping[str, Any]) -> int:
    """CRC-32 of tensors on the CPU with their names, types and shapes, and of a note fit for JSON."""
    found = zlib.crc32(json.dumps(note, sort_keys=True).encode())
    for name, value in sorted(tensors.items()):
        found = zlib.crc32(f"{name} {value.dtype} {tuple(value.shape)}".encode(), found)
        found = zlib.crc32(value.numpy().tobytes(), found)
    return found
