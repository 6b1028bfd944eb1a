"""Synthesizers and checkpoints as bytes: facts as JSON, arrays as safetensors, one checksum over both; never pickle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from workbench.errors import CorruptArtifact
from workbench.tensors import torch_module

MARK = b"WBTV"
FORMAT = 1
_HEAD = len(MARK) + 2 + 32 + 8
REMEDY = "Train the synthesizer again, or restore the file from a backup."


def pack(facts: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """Return ``facts`` (plain JSON values) and named ``arrays`` as bytes that ``unpack`` reads back."""
    torch_module()
    from safetensors.numpy import save

    told = json.dumps(facts, allow_nan=False).encode()
    body = len(told).to_bytes(8, "big") + told + save({name: np.ascontiguousarray(a) for name, a in arrays.items()})
    return MARK + FORMAT.to_bytes(2, "big") + hashlib.sha256(body).digest() + body


def unpack(payload: bytes) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Return what ``pack`` was given; raises ``CorruptArtifact`` for bytes that are not ours or were changed."""
    torch_module()
    from safetensors import SafetensorError
    from safetensors.numpy import load

    if payload[:4] != MARK or int.from_bytes(payload[4:6], "big") != FORMAT or len(payload) < _HEAD:
        raise CorruptArtifact("The bytes are not a synthesizer of this workbench (format 1).", REMEDY)
    if hashlib.sha256(payload[38:]).digest() != payload[6:38]:
        raise CorruptArtifact("The synthesizer's content does not match its own checksum.", REMEDY)
    end = _HEAD + int.from_bytes(payload[38:_HEAD], "big")
    try:
        return json.loads(payload[_HEAD:end]), load(payload[end:])
    except (ValueError, SafetensorError) as error:
        raise CorruptArtifact(f"The synthesizer cannot be read: {error}", REMEDY) from error
