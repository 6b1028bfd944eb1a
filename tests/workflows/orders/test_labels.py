"""What models make of a close-out: age and baseline begin anew, failures teach, a planned replacement censors."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from workbench import close_order, raise_ticket, start_order
from workbench.domain.closeout import Findings
from workbench.ml.features_events import event_features
from workbench.ml.labels import label
from workbench.ml.life import timeline
from workbench.workflows.cycle import run_cycle
from workbench.workflows.score import load_models, predict_one

MOTOR = "motor_siemens_1la7_001"
AGO = timedelta(hours=72)


@pytest.fixture
def worked(plant):
    """``worked(**findings)``: an order of the motor, closed 72 h before the end of the record; the plant looks at the end again."""
    end = plant.as_of()

    def close(**fields):
        plant.set_as_of(end - AGO)
        order = raise_ticket(plant, MOTOR, "Look at the bearing", failure_mode="bearing_wear")
        start_order(plant, order.number)
        known = {"found": "bearing_wear", "done": "replaced", "as_found": "degraded", "hours_worked": 4}
        closed = close_order(plant, order.number, Findings.model_validate({**known, **fields}))
        plant.set_as_of(end)
        return closed

    return close


def test_a_prediction_after_a_recorded_replacement_counts_from_it(plant, worked):
    before = predict_one(plant, MOTOR)
    worked()
    after, machine = predict_one(plant, MOTOR), plant.machine_data(MOTOR)
    clock = timeline(machine)
    assert before.readings > 72 >= after.readings == clock.rows_since_reset()
    assert clock.reset_by == "replacement (bearing_wear)"
    spec = next(bundle.spec for bundle in load_models(plant, MOTOR, plant.as_of()).bundles)
    ages = event_features(machine.events, clock.time[-1:], replace(spec, causes=("bearing_wear",)))
    assert ages["since_replacement_bearing_wear_h"][0] == pytest.approx(72, abs=1)
    assert ages["since_maintenance_h"][0] == pytest.approx(72, abs=1)


def test_a_planned_replacement_censors_and_is_no_failure(plant, worked):
    failures = len(timeline(plant.machine_data(MOTOR)).failures.time)
    worked()
    clock = timeline(plant.machine_data(MOTOR))
    labels = label(clock)
    assert len(clock.failures.time) == failures
    last_life = clock.life_id == clock.life_id[-1]
    assert np.isnan(labels.remaining[last_life]).all()
    old = np.flatnonzero(last_life & (clock.time < clock.replacements.time[-1]))
    assert labels.survives[old[-1]] < 2


def test_a_failure_ends_the_life_and_teaches(plant, worked):
    failed = plant.as_of() - AGO - timedelta(hours=5)
    lives = timeline(plant.machine_data(MOTOR)).life_id[-1]
    worked(as_found="failed", failed_at=failed)
    clock = timeline(plant.machine_data(MOTOR))
    assert clock.life_id[-1] == lives + 1
    assert clock.age[-1] <= 77
    just_before = np.searchsorted(clock.time, clock.failures.time[-1]) - 1
    labels = label(clock)
    assert labels.remaining[just_before] < 2
    assert labels.cause[just_before] == "bearing_wear"


def test_no_fault_found_changes_no_label(plant, worked):
    before = timeline(plant.machine_data(MOTOR))
    worked(found="no fault found", done="nothing", as_found="none")
    after = timeline(plant.machine_data(MOTOR))
    np.testing.assert_array_equal(after.age, before.age)
    np.testing.assert_array_equal(label(after).remaining, label(before).remaining)
    assert (after.reset_at, len(after.failures.time)) == (before.reset_at, len(before.failures.time))


def test_the_cycle_orders_no_work_again_that_was_closed_after_the_last_reading(ran):
    order = ran.orders.open()[0]
    start_order(ran, order.number)
    nothing = {"found": "nff", "done": "nothing", "as_found": "none", "hours_worked": 1}
    close_order(ran, order.number, Findings.model_validate(nothing))
    run_cycle(ran, [order.machine_id])
    same = [o for o in ran.orders.open(order.machine_id) if o.failure_mode == order.failure_mode]
    assert same == []
    run = next(run for run in ran.runs.all() if run.machine_id == order.machine_id)
    told = " ".join(step.details for step in ran.runs.steps(run.run_id))
    assert f"order {order.number} was closed after the last reading" in told
