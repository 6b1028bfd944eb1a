"""Models to bytes and back: skops, with the types allowed fixed here; never pickle.

The bytes open with a mark, a format number and the sha256 of what follows, because skops alone would load a changed
leaf value without a word.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import sys
import zipfile
from typing import Any

from workbench.errors import CorruptArtifact

# skops imports every module of scikit-learn, and this one would take torch along: a second and 230 MB for nothing.
TAKES_TORCH = "sklearn.externals.array_api_compat.torch"
_hidden = TAKES_TORCH not in sys.modules
if _hidden:
    sys.modules[TAKES_TORCH] = None  # type: ignore[assignment]
try:
    import skops.io
finally:
    if _hidden:
        del sys.modules[TAKES_TORCH]

MARK = b"WBML"
FORMAT = 1
# Types beyond those that skops trusts by itself; each is data only.
ALLOWED = ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor", "sklearn.tree._tree.Tree")
LIBRARIES = ("scikit-learn", "numpy", "scipy", "skops")


def libraries() -> dict[str, str]:
    """Versions of the libraries that a model's bytes depend on."""
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def pack(state: dict[str, Any]) -> bytes:
    """Return ``state`` (plain values, arrays, scikit-learn estimators) as bytes."""
    body: bytes = skops.io.dumps({"state": state, "libraries": libraries()})
    return MARK + FORMAT.to_bytes(2, "big") + hashlib.sha256(body).digest() + body


def unpack(payload: bytes) -> dict[str, Any]:
    """Return the state that ``pack`` was given.

    Raises ``CorruptArtifact`` for bytes that are not ours, were changed, or hold a type that is not allowed.
    """
    remedy = "Train the model again, or restore the file from a backup."
    if payload[:4] != MARK or int.from_bytes(payload[4:6], "big") != FORMAT:
        raise CorruptArtifact("The bytes are not a model of this workbench (format 1).", remedy)
    digest, body = payload[6:38], payload[38:]
    if hashlib.sha256(body).digest() != digest:
        raise CorruptArtifact("The model's content does not match its own checksum.", remedy)
    try:
        foreign = sorted(set(skops.io.get_untrusted_types(data=body)) - set(ALLOWED))
        if foreign:
            raise CorruptArtifact(f"The model holds types that are not allowed: {', '.join(foreign)}.", remedy)
        loaded = skops.io.loads(body, trusted=list(ALLOWED))
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, AttributeError, ImportError) as error:
        raise CorruptArtifact(f"The model cannot be read: {error}", remedy) from error
    if not isinstance(loaded, dict) or not isinstance(loaded.get("state"), dict):
        raise CorruptArtifact("The model's content has not the form of a model.", remedy)
    state: dict[str, Any] = loaded["state"]
    return state
