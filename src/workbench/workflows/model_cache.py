"""Keeps the most recently used models in memory (ML9, S5)."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Generic, TypeVar

from workbench.domain.predictions import ModelVersion

if TYPE_CHECKING:
    from workbench.ml import Bundle

M = TypeVar("M")


class MostRecent(Generic[M]):
    """The ``size`` most recently used things, each made once while it stays in memory."""

    def __init__(self, size: int = 5) -> None:
        self.size = size
        self._kept: OrderedDict[Hashable, M] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable, make: Callable[[], M]) -> M:
        """Return the thing of this key; ``make`` gives it and is called only when it is not in memory."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = make()
            self._kept.move_to_end(key)
            while len(self._kept) > self.size:
                self._kept.popitem(last=False)
            return self._kept[key]


class ModelCache(MostRecent["Bundle"]):
    """The ``size`` most recently used models, by version and the sha256 of their files."""

    def bundle(self, version: ModelVersion, read: Callable[[], bytes]) -> Bundle:
        """Return the model; ``read`` gives its bytes and is called only when it is not in memory."""
        from workbench.ml import Bundle

        key = (version.version_id, version.artifact_sha256)
        return self.get(key, lambda: Bundle.from_bytes(read(), version_id=version.version_id))
