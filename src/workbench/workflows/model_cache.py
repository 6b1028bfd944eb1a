"""Keeps the most recently used models in memory (ML9)."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from workbench.domain.predictions import ModelVersion

if TYPE_CHECKING:
    from workbench.ml import Bundle


class ModelCache:
    """The ``size`` most recently used models, by version and the sha256 of their files."""

    def __init__(self, size: int = 5) -> None:
        self.size = size
        self._kept: OrderedDict[tuple[str, str], Bundle] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def bundle(self, version: ModelVersion, read: Callable[[], bytes]) -> Bundle:
        """Return the model; ``read`` gives its bytes and is called only when it is not in memory."""
        from workbench.ml import Bundle

        with self._lock:
            key = (version.version_id, version.artifact_sha256)
            if key not in self._kept:
                self._kept[key] = Bundle.from_bytes(read(), version_id=version.version_id)
            self._kept.move_to_end(key)
            while len(self._kept) > self.size:
                self._kept.popitem(last=False)
            return self._kept[key]
