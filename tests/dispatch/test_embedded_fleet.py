"""Every failure mode of the embedded fleet can be dispatched: skill, parts, lockout, words."""

import pandas as pd
import pytest

from workbench.analytics import assess
from workbench.catalog import load_catalogue
from workbench.dispatch import (
    check_inventory,
    draft_order,
    judge_priority,
    parts_arrival,
    rank_technicians,
    write_dispatch_report,
    write_notices,
)

CATALOGUE = load_catalogue()
MACHINES = {machine.machine_type: machine for machine in CATALOGUE.machines}
PARTS = {part.part_id: part for part in CATALOGUE.parts}
STOCK = {part.part_id: part.stock for part in CATALOGUE.parts}
SITES = {site.site_id: site for site in CATALOGUE.sites}
NO_EVENTS = pd.DataFrame({"machine_id": [], "time": pd.to_datetime([], utc=True), "kind": [], "cause": []})


@pytest.mark.parametrize("machine_type", sorted(MACHINES))
def test_every_failure_mode_makes_an_order_that_can_be_worked(predict, machine_type):
    profile = MACHINES[machine_type]
    for mode in (*(known.name for known in profile.failure_modes), "unknown"):
        diagnosis = {"modes": [{"mode": mode, "probability": 1.0}], "method": "symptom_table"}
        prediction = predict(0.95, machine_id=profile.machine_id, diagnosis=diagnosis)
        package = assess(
            prediction,
            profile,
            parts=PARTS,
            technicians=CATALOGUE.technicians,
            events=NO_EVENTS,
            planning_horizon_h=168,
            currency="EUR",
        )
        assert package.failure_impact.total > package.planned_impact.total > 0
        assert not [item for item in package.planned_impact.items if "unknown" in item.inputs]
        inventory = check_inventory(package.resources.parts, PARTS, STOCK)
        site = SITES[profile.site_id]
        priority, _ = judge_priority(prediction, profile, 168)
        matches = rank_technicians(
            skill=package.resources.skill,
            priority=priority,
            site=site,
            technicians=CATALOGUE.technicians,
            workload_h={},
            labour_h=package.resources.labour_h,
            at=parts_arrival(inventory, prediction.as_of),
        )
        order = draft_order(
            prediction, package, profile, inventory, number="WO-2026-0001", order_id="order", matches=matches
        )
        assert order.technician_id, f"nobody can repair {mode} of {machine_type}"
        assert order.scheduled_at is not None
        report = write_dispatch_report(order, prediction, package, profile, currency="EUR", site=site)
        text = "\n".join(report.safety)
        assert all(source in text for source in profile.energy_sources)
        assert ".." not in f"{report.summary}{report.failure}{' '.join(report.steps)}"
        assert len(write_notices(order, profile, site=site, currency="EUR", at=prediction.as_of)) == 2
