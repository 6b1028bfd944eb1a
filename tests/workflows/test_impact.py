"""What a prediction means, from the records: people, parts and planned stops set the time, and nothing is written."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.conftest import extra

from workbench.domain.calendar import PlannedStop
from workbench.errors import NotFound
from workbench.workflows.cycle import run_cycle
from workbench.workflows.impact import assess, assess_machine
from workbench.workflows.score import predict_one

MACHINE = "gearbox_sew_mc_016"


def test_people_parts_and_planned_stops_of_the_records_set_the_time(plant):
    prediction = predict_one(plant, MACHINE)
    before = assess_machine(plant, prediction)
    when = before.decision.when
    assert before.decision.act
    assert when.earliest_at > prediction.as_of
    assert "skill can be there on" in when.not_earlier[0]
    assert plant.packages.latest() == {}

    profile = plant.machines.get(MACHINE)
    begin = when.earliest_at + timedelta(hours=3)
    stop = PlannedStop(stop_id="s", site_id=profile.site_id, starts_at=begin, ends_at=begin + timedelta(hours=48))
    plant.planned_stops.put(stop, plant.change("stop planned"))
    after = assess_machine(plant, prediction)
    assert any(one.kind == "planned_stop" and one.at == begin for one in after.decision.when.occasions)

    part_id = after.resources.parts[0][0]
    taken = plant.parts.available(part_id)
    plant.parts.reserve("another order", [(part_id, taken)], plant.change("taken"))
    late = assess_machine(plant, prediction)
    assert late.decision.when.earliest_at >= prediction.as_of + timedelta(days=plant.parts.get(part_id).lead_time_days)
    assert any(entry.action.startswith("Order ") and " x " in entry.action for entry in late.recommendations)
    assert all(entry.evidence for entry in late.recommendations if entry.expected_saving)

    for person in plant.technicians.all():
        welder = person.model_copy(update={"skills": {"welding": 3}})
        plant.technicians.put(welder, plant.change("others were hired"))
    waits = assess_machine(plant, prediction).decision.when.not_earlier
    assert any("nobody in the records has" in one and "contractor" in one for one in waits)


def test_an_order_never_begins_before_the_time_that_its_sheet_calls_the_earliest(plant):
    extra("optimize", "ortools")
    run_cycle(plant, [MACHINE])
    when = plant.packages.latest()[MACHINE].decision.when
    (order,) = plant.orders.open(MACHINE)
    assert order.scheduled_at is not None
    assert when.earliest_at <= order.scheduled_at
    assert "planned" in [entry.event for entry in plant.dispatch_history.for_order(order.order_id)]
    assert "planned anew" not in [entry.event for entry in plant.dispatch_history.for_order(order.order_id)]


def test_assessing_machines_writes_nothing_and_knows_their_names(plant):
    (package,) = assess(plant, [MACHINE])
    assert package.machine_id == MACHINE
    assert package.expected.cost == package.decision.expected_failure_cost
    assert plant.orders.all() == []
    assert plant.packages.latest() == {}
    assert plant.predictions.latest() == {}
    with pytest.raises(NotFound, match="no_such_machine"):
        assess(plant, ["no_such_machine"])
