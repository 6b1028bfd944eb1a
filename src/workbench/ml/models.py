"""Trained models as they are kept and used: an estimator with its features, lives and limits of use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from workbench.domain.equipment import MachineProfile
from workbench.domain.predictions import Horizons, ModelVersion, Task
from workbench.errors import CorruptArtifact

from .anomaly import DETECTORS
from .arrays import FloatArray
from .contract import Estimator
from .degradation import DegradationLife
from .diagnosis import BoostedDiagnoser
from .ensemble import BlendedRul
from .health import BoostedHealth
from .lifetimes import Lifetimes
from .network import NetworkRul
from .rul import BoostedRul
from .serialize import pack, unpack
from .spec import FLEET, FeatureSpec

ESTIMATORS: dict[str, type[Estimator]] = {
    **DETECTORS,
    **{
        cls.__name__: cls
        for cls in (BoostedHealth, BoostedRul, NetworkRul, BlendedRul, DegradationLife, BoostedDiagnoser)
    },
}


@dataclass(frozen=True)
class Bundle:
    """One trained model: what it computes its features by, what it learned, and where it may be believed.

    ``low`` and ``high``: range of each feature in training; ``indicator``: weights of each sensor in the condition
    indicators, one for each way of wear (type scope).
    """

    task: Task
    scope: str
    spec: FeatureSpec
    estimator: Estimator
    horizons: Horizons
    failures: int
    lifetimes: Lifetimes
    low: FloatArray = field(default_factory=lambda: np.zeros(0))
    high: FloatArray = field(default_factory=lambda: np.zeros(0))
    indicator: dict[str, tuple[float, ...]] = field(default_factory=dict)
    version_id: str = ""

    def to_bytes(self) -> bytes:
        """Return the model as bytes (skops inside, no pickle)."""
        state = {
            "task": str(self.task),
            "scope": self.scope,
            "spec": self.spec.state(),
            "estimator": self.estimator.state(),
            "horizons": self.horizons.model_dump(),
            "failures": self.failures,
            "lifetimes": self.lifetimes.state(),
            "low": self.low,
            "high": self.high,
            "indicator": {name: list(weights) for name, weights in self.indicator.items()},
        }
        return pack(state)

    @classmethod
    def from_bytes(cls, payload: bytes, *, version_id: str = "") -> Bundle:
        """Rebuild from ``to_bytes``; raises ``CorruptArtifact``."""
        state: dict[str, Any] = unpack(payload)
        try:
            estimator = ESTIMATORS[state["estimator"]["kind"]].restore(state["estimator"])
            return cls(
                task=Task(state["task"]),
                scope=state["scope"],
                spec=FeatureSpec.restore(state["spec"]),
                estimator=estimator,
                horizons=Horizons(**state["horizons"]),
                failures=int(state["failures"]),
                lifetimes=Lifetimes.restore(state["lifetimes"]),
                low=state["low"],
                high=state["high"],
                # Older artefacts hold a single weight for each sensor.
                indicator={name: tuple(np.atleast_1d(own).tolist()) for name, own in state["indicator"].items()},
                version_id=version_id,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptArtifact(f"The model's content is incomplete: {error}", "Train the model again.") from error


@dataclass(frozen=True)
class Models:
    """The active models of a workspace."""

    bundles: tuple[Bundle, ...] = ()

    @classmethod
    def empty(cls) -> Models:
        """No model at all: anomalies, trends and limits still work from a machine's own readings."""
        return cls()

    def pick(self, task: Task, profile: MachineProfile) -> Bundle | None:
        """Return the model for a machine: that of its type, else the fleet's, of its life unit."""
        own, fleet = f"type:{profile.machine_type}", None
        for bundle in self.bundles:
            if bundle.task is not task or bundle.spec.life_unit is not profile.life_unit:
                continue
            if bundle.scope == own:
                return bundle
            if bundle.scope == FLEET and fleet is None:
                fleet = bundle
        return fleet

    def lifetimes(self, profile: MachineProfile) -> Lifetimes | None:
        """Lives of the population that a machine belongs to."""
        for task in (Task.RUL, Task.HEALTH, Task.ANOMALY):
            bundle = self.pick(task, profile)
            if bundle is not None and bundle.lifetimes.failures:
                return bundle.lifetimes
        return None


def load_models(items: Sequence[tuple[ModelVersion, bytes]]) -> Models:
    """Load registered models from their bytes; raises ``CorruptArtifact`` for what is not a model of ours."""
    return Models(tuple(Bundle.from_bytes(payload, version_id=version.version_id) for version, payload in items))
