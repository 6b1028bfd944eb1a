"""Which machines come first, which need someone, and what is added up."""

from __future__ import annotations

from workbench.domain.equipment import MachineStatus
from workbench.domain.predictions import HealthState
from workbench.reports.content import Condition, MachineView


def test_most_urgent_machine_comes_first(build):
    ids = [view.machine_id for view in build.labelled_fleet().by_urgency]
    assert ids[:3] == ["machine_001", "machine_002", "machine_003"]
    assert ids[-1] == "machine_025", "an offline machine without orders is last"


def test_critical_limit_outranks_a_merely_degrading_machine(build):
    hot, worn = build.profile(1), build.profile(2)
    limit = MachineView(hot, prediction=build.prediction(hot, state=None, crossing=True))
    degrading = MachineView(worn, prediction=build.prediction(worn, state=HealthState.DEGRADING, probability=0.3))
    assert build.snapshot(degrading, limit).by_urgency[0].machine_id == "machine_001"


def test_only_machines_with_a_reason_need_attention(build):
    needing = [view.machine_id for view in build.labelled_fleet().machines if view.needs_attention]
    assert needing == ["machine_001", "machine_002", "machine_003"]


def test_fleet_without_labels_details_every_machine_that_has_readings(build):
    assert [view.machine_id for view in build.unlabelled_fleet().detailed] == ["machine_001", "machine_002"]


def test_condition_is_grey_when_offline_or_without_prediction(build):
    profile = build.profile()
    said = build.prediction(profile, state=HealthState.CRITICAL)
    assert MachineView(profile, status=MachineStatus.OFFLINE, prediction=said).condition is Condition.OFFLINE
    unseen = MachineView(profile)
    assert unseen.condition is Condition.UNKNOWN
    assert unseen.why_unknown == "no prediction was made for this machine"


def test_cost_at_risk_adds_only_what_is_known(build):
    fleet = build.labelled_fleet()
    cost, known = fleet.cost_at_risk
    assert known == 24
    assert cost == sum(v.package.decision.expected_failure_cost for v in fleet.machines if v.package)
    assert fleet.parts_to_order == 3
