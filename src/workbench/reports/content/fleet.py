"""What a fleet report is about: one snapshot of domain objects, and the order of urgency in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cached_property

from workbench.domain.analysis import AnalyticsPackage
from workbench.domain.cases import Case
from workbench.domain.equipment import MachineProfile, MachineStatus, Site
from workbench.domain.permits import WorkPermit
from workbench.domain.predictions import HealthState, ModelVersion, Prediction, Severity
from workbench.domain.work import PartLine, WorkOrder

WEEK_H = 168.0


class Condition(StrEnum):
    """How a machine is shown: its health state, or why it has none. The value names the colour."""

    CRITICAL = "critical"
    WARNING = "warning"
    DEGRADING = "degrading"
    HEALTHY = "healthy"
    UNKNOWN = "unknown"
    OFFLINE = "offline"

    @property
    def label(self) -> str:
        """The condition in words."""
        return _LABELS[self]


_LABELS = {
    Condition.CRITICAL: "Critical",
    Condition.WARNING: "Warning",
    Condition.DEGRADING: "Degrading",
    Condition.HEALTHY: "Healthy",
    Condition.UNKNOWN: "Not enough evidence",
    Condition.OFFLINE: "Offline",
}
_BY_STATE = {
    HealthState.CRITICAL: Condition.CRITICAL,
    HealthState.WARNING: Condition.WARNING,
    HealthState.DEGRADING: Condition.DEGRADING,
    HealthState.HEALTHY: Condition.HEALTHY,
}


@dataclass(frozen=True)
class MachineView:
    """One machine with the latest that is known of it."""

    profile: MachineProfile
    status: MachineStatus = MachineStatus.ONLINE
    prediction: Prediction | None = None
    package: AnalyticsPackage | None = None
    orders: tuple[WorkOrder, ...] = ()
    cases: tuple[Case, ...] = ()
    site: Site | None = None

    @property
    def machine_id(self) -> str:
        """The machine's identifier."""
        return self.profile.machine_id

    @property
    def condition(self) -> Condition:
        """How the machine is shown; one out of service has no health state."""
        silent = self.prediction is not None and self.prediction.status is MachineStatus.OFFLINE
        if silent or self.status in (MachineStatus.OFFLINE, MachineStatus.PENDING):
            return Condition.OFFLINE
        if self.prediction is None or self.prediction.health_state is None:
            return Condition.UNKNOWN
        return _BY_STATE[self.prediction.health_state]

    @property
    def why_unknown(self) -> str:
        """Why there is no health state, in words; empty where there is one."""
        if self.condition is not Condition.UNKNOWN:
            return ""
        if self.prediction is None:
            return "no prediction was made for this machine"
        return "; ".join(self.prediction.health_evidence.reasons) or "the reason was not recorded"

    @property
    def is_anomaly(self) -> bool:
        """Whether the latest readings stand out."""
        return bool(self.prediction and self.prediction.anomaly and self.prediction.anomaly.is_anomaly)

    @property
    def week_probability(self) -> float | None:
        """Probability of failure within seven days; None when unknown or without enough evidence."""
        return self.prediction.supported_probability_within(WEEK_H) if self.prediction else None

    @property
    def urgency(self) -> tuple[float, ...]:
        """Sort key, the most urgent machine first."""
        prediction = self.prediction
        crossings = prediction.limit_crossings if prediction else ()
        critical = sum(crossing.severity is Severity.CRITICAL for crossing in crossings)
        state = {Condition.CRITICAL: 3, Condition.WARNING: 2, Condition.DEGRADING: 1}.get(self.condition, 0)
        priority = min((int(order.priority) for order in self.orders), default=9)
        score = prediction.anomaly.score if prediction and prediction.anomaly else 0.0
        rul = prediction.remaining_useful_life.life if prediction else None
        return (
            float(self.condition is Condition.OFFLINE and not self.orders),
            -max(state, 3 if critical else 0),
            float(priority),
            -(self.week_probability or 0.0),
            -float(len(crossings)),
            -float(self.is_anomaly),
            -score,
            rul.median if rul else float("inf"),
            -float(len(prediction.trends)) if prediction else 0.0,
        )

    @property
    def needs_attention(self) -> bool:
        """Whether someone should look at this machine now."""
        if self.orders or self.cases:
            return True
        if self.condition is Condition.OFFLINE or self.prediction is None:
            return False
        acts = bool(self.package and self.package.decision.act)
        serious = self.condition in (Condition.CRITICAL, Condition.WARNING)
        return acts or serious or self.is_anomaly or bool(self.prediction.limit_crossings)


@dataclass(frozen=True)
class FleetSnapshot:
    """Everything a fleet report says, read once; ``data_range`` covers all stored readings.

    ``coming``: pieces on order by work order and part, as they come; ``permits``: of each order that needs some.
    """

    workspace: str
    as_of: datetime
    currency: str
    machines: Sequence[MachineView]
    models: Sequence[ModelVersion] = ()
    data_range: tuple[datetime, datetime] | None = None
    readings: int = 0
    data_hash: str = ""
    code_version: str = ""
    simulated: bool = False
    planning_horizon_h: float = WEEK_H
    technicians: Mapping[str, str] = field(default_factory=dict)
    suppliers: Mapping[str, str] = field(default_factory=dict)
    coming: Mapping[tuple[str, str], Sequence[tuple[datetime, int]]] = field(default_factory=dict)
    tracking_window_days: float = 30.0
    permits: Mapping[str, Sequence[WorkPermit]] = field(default_factory=dict)

    @cached_property
    def by_urgency(self) -> tuple[MachineView, ...]:
        """Machines, the most urgent first."""
        return tuple(sorted(self.machines, key=lambda view: (view.urgency, view.machine_id)))

    @cached_property
    def orders(self) -> tuple[WorkOrder, ...]:
        """Open work orders, the most urgent and earliest due first."""
        found = [order for view in self.machines for order in view.orders]
        return tuple(sorted(found, key=lambda order: (order.priority, order.due_at, order.number)))

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """Open cases, critical ones first."""
        rank = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}
        found = [case for view in self.machines for case in view.cases]
        return tuple(sorted(found, key=lambda case: (rank[case.severity], case.opened_at, case.case_id)))

    @property
    def has_health(self) -> bool:
        """Whether any machine has a health state; a fleet without labelled failures has none."""
        return any(view.prediction and view.prediction.health_state is not None for view in self.machines)

    @property
    def detailed(self) -> tuple[MachineView, ...]:
        """Machines that deserve a section of their own, the most urgent first.

        In a fleet without health states the sensors are all there is, so every machine with readings has one.
        """
        if self.has_health:
            return tuple(view for view in self.by_urgency if view.needs_attention)
        return tuple(
            view for view in self.by_urgency if view.needs_attention or (view.prediction and view.prediction.readings)
        )

    @property
    def outdated(self) -> int:
        """How many predictions are over a day older than the as-of time, or come from models no longer in use."""
        active = {model.version_id for model in self.models}

        def is_outdated(said: Prediction) -> bool:
            used = set(said.model_versions.values())
            return self.as_of - said.as_of > timedelta(days=1) or not used <= active or bool(active and not used)

        return sum(view.prediction is not None and is_outdated(view.prediction) for view in self.machines)

    @property
    def parts_to_order(self) -> int:
        """How many pieces must be ordered for the open work orders, beside those on order."""
        return sum(self.to_buy(order, line) for order in self.orders for line in order.parts)

    def to_buy(self, order: WorkOrder, line: PartLine) -> int:
        """Return how many pieces an order lacks that are not on order yet."""
        return max(0, line.to_order - self.on_order(order, line))

    def on_order(self, order: WorkOrder, line: PartLine) -> int:
        """Return how many pieces that an order lacks are on order."""
        return min(line.to_order, sum(pieces for _, pieces in self.coming.get((order.order_id, line.part_id), ())))

    @property
    def cost_at_risk(self) -> tuple[int, int]:
        """Expected failure cost within the planning horizon (minor units), and of how many machines it is known."""
        known = [
            view.package.decision.expected_failure_cost
            for view in self.machines
            if view.package and view.package.decision.expected_failure_cost is not None
        ]
        return sum(known), len(known)

    @property
    def cost_at_risk_complete(self) -> bool:
        """Whether every cost behind the cost at risk is known; else it is a lower bound."""
        return all(
            view.package.failure_impact.complete
            for view in self.machines
            if view.package and view.package.decision.expected_failure_cost is not None
        )

    @property
    def machines_with_limits(self) -> int:
        """How many machines have a limit declared for any sensor."""
        return sum(any(sensor.limits for sensor in view.profile.sensors) for view in self.machines)

    def title_of(self, machine_id: str) -> str:
        """Return the title of a machine."""
        return self.titles.get(machine_id, machine_id)

    @cached_property
    def titles(self) -> dict[str, str]:
        """Machine titles by identifier."""
        return {view.machine_id: view.profile.title for view in self.machines}
