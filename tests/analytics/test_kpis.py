"""Key figures against values computed by hand, and what must hold for any readings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.analytics.kpis import figures
from workbench.analytics.kpis_reliability import Failure, failures_of, mtbf_interval
from workbench.analytics.kpis_time import time_use
from workbench.analytics.kpis_work import backlog, planned_shares, schedule_compliance
from workbench.catalog import load_catalogue
from workbench.domain.closeout import CloseOut, Findings
from workbench.domain.equipment import Rating
from workbench.domain.work import Priority, WorkOrder

START = datetime(2026, 1, 5, tzinfo=UTC)
CATALOGUE = load_catalogue()
CNC = next(one for one in CATALOGUE.machines if one.machine_id == "cnc_haas_vf2_011")
RATED = CNC.model_copy(update={"rated": {**CNC.rated, "output_per_h": Rating(value=20, unit="1/h")}})
R, IDLE, P, D = "RUNNING", "IDLE", "PLANNED_STOP", "DOWN"


def hour(number: float) -> datetime:
    return START + timedelta(hours=number)


def readings(states, **columns) -> pd.DataFrame:
    """One reading an hour; the first is of the hour from START."""
    times = pd.date_range(START, periods=len(states) + 1, freq="h", tz="UTC")[1:].as_unit("us")
    return pd.DataFrame({"time": times, "state": states, **columns})


def told(use, failures=(), close_outs=()):
    found = figures([use] if not isinstance(use, list) else use, failures, close_outs, co2_kg_per_kwh=0.5, seed=0)
    return {figure.name: figure for figure in found}


def events(*pairs) -> pd.DataFrame:
    return pd.DataFrame(
        {"time": pd.to_datetime([at for at, _ in pairs], utc=True), "kind": [kind for _, kind in pairs]}
    )


def test_oee_is_availability_times_performance_times_quality_by_hand():
    states = [R, R, R, IDLE, D, D, P, R, R, R]
    made = [10 if state == R else 0 for state in states]
    frame = readings(states, total_count=made, good_count=[0.9 * n for n in made], spindle_power_kW=[5.0] * 10)
    use = time_use(RATED, frame)
    found = told(use)
    assert found["availability"].value == pytest.approx(6 / 9)
    assert found["performance"].value == pytest.approx(60 / 20 / 6)
    assert found["quality"].value == pytest.approx(0.9)
    assert found["oee"].value == pytest.approx(6 / 9 * 0.5 * 0.9)
    assert "rated output of 20 an hour" in found["performance"].source
    assert found["oee"].interval is None
    assert "1 of 8 needed" in found["oee"].lacks
    assert found["operational_availability"].value == pytest.approx(7 / 9)
    assert [found[name].value for name in ("operating_h", "downtime_h", "planned_stop_h")] == [6, 2, 1]
    assert found["energy_kWh"].value == pytest.approx(30)
    assert found["co2_kg"].value == pytest.approx(15)


def test_oee_of_the_textbook_shift():
    """480 min, 60 of breaks, 47 down, 60 pieces a minute ideal, 19,271 made, 423 rejected (Vorne): 74.79 %."""
    minutes = [P] * 60 + [D] * 47 + [R] * 373
    times = pd.date_range(START, periods=481, freq="min", tz="UTC")[1:].as_unit("us")
    made = [19_271 / 373 if state == R else 0.0 for state in minutes]
    good = [(19_271 - 423) / 373 if state == R else 0.0 for state in minutes]
    frame = pd.DataFrame({"time": times, "state": minutes, "total_count": made, "good_count": good})
    ideal = CNC.model_copy(update={"rated": {**CNC.rated, "output_per_h": Rating(value=3_600, unit="1/h")}})
    found = told(time_use(ideal, frame))
    figures = {"availability": 0.8881, "performance": 0.8611, "quality": 0.9780, "oee": 0.7479}
    assert {name: found[name].value for name in figures} == pytest.approx(figures, abs=5e-5)


def test_what_is_not_counted_is_not_taken_to_be_perfect():
    found = told(time_use(CNC, readings([R] * 9 + [D])))
    for name in ("oee", "performance", "quality"):
        assert found[name].value is None
        assert "no items are counted" in found[name].lacks
    assert found["availability"].value == pytest.approx(0.9)
    half = readings([R] * 10, total_count=[5.0] * 5 + [np.nan] * 5, good_count=[5.0] * 5 + [np.nan] * 5)
    assert "50 % of the running hours, 90 % needed" in told(time_use(CNC, half))["oee"].lacks
    no_good = told(time_use(CNC, readings([R] * 10, total_count=[5.0] * 10)))
    assert no_good["performance"].value == pytest.approx(1.0)
    assert (no_good["oee"].value, no_good["quality"].lacks) == (None, "good items are not counted (good_count)")
    nothing = told(time_use(CNC, readings([])))
    assert {name for name, figure in nothing.items() if figure.value is not None} == set()
    assert all(figure.lacks for figure in nothing.values())


def test_without_states_the_running_rule_tells_operating_time_but_no_availability():
    rule = CNC.running_rule
    frame = readings([None] * 8, **{rule.sensor: [rule.above + 1] * 6 + [0.0, 0.0]})
    found = told(time_use(CNC, frame), [Failure(CNC.machine_id, hour(3), None, "not known")])
    assert found["mtbf_h"].value == pytest.approx(6)
    assert found["operational_availability"].value is None
    assert found["downtime_h"].value is None


def test_a_pause_in_the_readings_counts_for_one_reading_not_for_the_machine():
    frame = readings([R] * 48).drop(index=range(10, 40))
    assert time_use(CNC, frame).hours("running") == 18


def test_mtbf_has_the_chi_square_interval_of_a_time_terminated_test():
    # Table values: chi-square(0.975, 6) = 14.4494, (0.025, 4) = 0.4844.
    low, high = mtbf_interval(5_000, 2)
    assert low == pytest.approx(10_000 / 14.4494, rel=1e-4)
    assert high == pytest.approx(10_000 / 0.4844, rel=1e-3)
    # No failure: -T / ln(0.05), one-sided.
    assert mtbf_interval(300, 0) == (pytest.approx(300 / 2.9957, rel=1e-4), None)
    quiet = told(time_use(CNC, readings([R] * 300)))["mtbf_h"]
    assert (quiet.value, quiet.value_text(), quiet.interval_text()) == (None, "over 100 h", "")
    assert "lower bound" in quiet.source


def test_down_time_is_from_failure_to_service_by_close_out_else_states_else_events():
    states = [R] * 5 + [D] * 6 + [R] * 20 + [P] * 4 + [R] * 10 + [D] * 2
    use = time_use(CNC, readings(states))
    recorded = events(
        (hour(6), "failure"),
        (hour(20), "failure"),
        (hour(26), "replacement"),
        (hour(40), "failure"),
        (hour(46), "failure"),
    )
    closed = close_out(failed_at=hour(40), downtime_start=hour(40), downtime_end=hour(43))
    found = failures_of(use, recorded, [closed])
    assert [(one.down_h, one.told_by) for one in found] == [
        (6, "states"), (6, "events"), (3, "close-outs"), (None, "still down"),
    ]  # fmt: skip
    figure = told(use, found)["mean_down_time_h"]
    assert figure.value == pytest.approx(5)
    assert figure.n == 3
    assert "1 left out" in figure.source
    assert "3 of 5 needed" in figure.lacks
    # Failures before or after the readings have no operating time to stand against.
    assert failures_of(use, events((hour(-2), "failure"), (hour(100), "failure")), []) == ()
    # A machine that is down cannot fail again.
    assert len(failures_of(use, events((hour(6), "failure"), (hour(8), "failure")), [])) == 1
    doubled = events((hour(6), "failure"), (hour(6), "failure"))
    assert len(failures_of(use, doubled, [])) == 1


def close_out(**fields) -> CloseOut:
    known = {"found": "bearing_wear", "done": "replaced", "as_found": "failed", "hours_worked": 8, **fields}
    if known["as_found"] == "failed":
        known.setdefault("failed_at", hour(1))
    return CloseOut(
        order_id=known.pop("order_id", "one"),
        number="WO-2026-0001",
        machine_id=CNC.machine_id,
        closed_at=hour(20),
        closed_by="ann",
        findings=Findings.model_validate(known),
        cause="bearing_wear",
        actual_cost=0,
        cost_items=(),
        events=(),
    )


def test_repair_time_is_of_failures_and_apart_from_down_time():
    use = time_use(CNC, readings([R] * 100))
    repairs = [close_out(active_repair_h=hours) for hours in (2, 4, 3, 5, 6)]
    in_time = close_out(as_found="degraded", active_repair_h=40)
    failures = [Failure(CNC.machine_id, hour(at), 10.0, "states") for at in (10, 20, 30, 40)]
    found = told(use, failures, [*repairs, in_time])
    assert found["mttr_h"].value == pytest.approx(4)
    low, high = found["mttr_h"].interval
    assert 2 < low < 4 < high < 6
    assert "repairs of faults found in time do not count: 1" in found["mttr_h"].source
    assert found["inherent_availability"].value == pytest.approx(25 / 29)
    low, high = found["inherent_availability"].interval
    assert low < 25 / 29 < high < 1
    few = told(use, failures, repairs[:4])
    assert few["mttr_h"].interval is None
    assert "4 of 5 needed" in few["inherent_availability"].lacks
    assert "no MTTR" in told(use, failures)["inherent_availability"].lacks


def test_several_machines_add_their_hours_and_draw_machines_for_the_interval():
    frames = [readings([R] * (10 + n) + [D] * n, spindle_power_kW=[2.0] * (10 + 2 * n)) for n in range(1, 7)]
    uses = [time_use(CNC.model_copy(update={"machine_id": f"cnc_{n}"}), frame) for n, frame in enumerate(frames)]
    found = told(uses)
    assert found["availability"].value == pytest.approx(81 / 102)
    low, high = found["availability"].interval
    assert low < 81 / 102 < high
    assert (found["availability"].n, found["availability"].n_of) == (6, "machines")
    assert found["energy_kWh"].value == pytest.approx(162)
    assert told(uses)["availability"] == found["availability"]


STATES = st.lists(st.sampled_from([R, IDLE, P, D, None]), min_size=1, max_size=60)


@settings(deadline=None, max_examples=60)
@given(STATES, st.integers(0, 50), st.integers(0, 10**6))
def test_figures_stay_in_their_bounds(states, most, seed):
    rng = np.random.default_rng(seed)
    total = rng.integers(0, most + 1, len(states)).astype(float)
    good = rng.binomial(total.astype(int), 0.9).astype(float)
    use = time_use(RATED, readings(states, total_count=total, good_count=good))
    parts = [use.hours(name) for name in ("running", "idle", "planned_stop", "down")]
    step = 1.0 if len(states) > 1 else 0.0
    known = sum(state is not None for state in states) if any(states) else 0
    assert sum(parts) == pytest.approx(known * step)
    assert sum(spell.hours for spell in use.spells) == pytest.approx(use.hours("down"))
    found = told(use)
    for name in ("availability", "quality", "operational_availability"):
        assert found[name].value is None or 0 <= found[name].value <= 1
    if found["oee"].value is not None:
        # Where nothing was made, there is no quality, and the OEE is 0.
        quality = found["quality"].value if total.any() and found["quality"].value is not None else 0.0
        product = found["availability"].value * found["performance"].value * quality
        assert found["oee"].value == pytest.approx(product)
    for figure in found.values():
        assert figure.value is not None or figure.lacks
        if figure.value is not None and figure.interval is not None:
            assert figure.interval[0] <= figure.value + 1e-9


@given(st.floats(1, 1e6), st.integers(0, 200))
def test_more_failures_mean_a_shorter_interval_around_less(operating_h, failures):
    low, high = mtbf_interval(operating_h, failures)
    less = mtbf_interval(operating_h, failures + 1)
    assert less[0] < low
    assert high is None or (low < operating_h / failures < high and less[1] < high)


def order(number: int, **fields) -> WorkOrder:
    known = {
        "order_id": f"o{number}", "number": f"WO-2026-{number:04d}", "machine_id": CNC.machine_id,
        "failure_mode": "bearing_wear", "title": "x", "priority": Priority.HIGH, "state": "done", "created_at": hour(0),
        "due_at": hour(48), "scheduled_at": hour(8), "started_at": hour(8), "closed_at": hour(12), "steps": (),
        "labour_h": 4, "estimated_cost": 0,
    }  # fmt: skip
    return WorkOrder.model_validate({**known, **fields})


def test_planned_share_leaves_out_work_without_a_date_and_on_failed_machines():
    orders = [
        order(1),
        order(2, scheduled_at=None),
        order(3),
        order(4, state="cancelled"),
        order(5, closed_at=hour(900)),
    ]
    closed = {"o1": close_out(as_found="degraded", hours_worked=6), "o2": close_out(as_found="degraded", hours_worked=2),
              "o3": close_out(hours_worked=12)}  # fmt: skip
    by_order, by_hours = planned_shares(orders, closed, hour(0), hour(100), seed=0)
    assert by_order.value == pytest.approx(1 / 3)
    assert by_hours.value == pytest.approx(6 / 20)
    assert "3 of 5 needed" in by_order.lacks
    assert planned_shares([], {}, hour(0), hour(100), 0)[1].lacks == "no order was closed in the period"


def test_schedule_compliance_is_kept_by_days_of_the_site():
    zones = {CNC.machine_id: ZoneInfo("Europe/Warsaw")}
    # 23:30 UTC is the next day in Warsaw.
    orders = [
        order(1),
        order(2, closed_at=hour(23.5)),
        order(3, state="open", started_at=None, closed_at=None),
        order(4, state="cancelled"),
        order(5, scheduled_at=None),
        order(6, closed_at=hour(23.5)),
        order(7, scheduled_at=hour(90), started_at=None, closed_at=None, state="scheduled"),
    ]
    kept = schedule_compliance(orders, {"o6": hour(30)}, zones, hour(0), hour(72))
    assert (kept.value, kept.n) == (pytest.approx(2 / 4), 4)
    early = order(8, scheduled_at=hour(48), started_at=hour(8), closed_at=hour(12))
    assert schedule_compliance([early], {}, zones, hour(0), hour(72)).value == 0


def test_backlog_that_takes_no_skill_is_everybodys():
    people = load_catalogue().technicians
    unskilled = order(1, state="open", started_at=None, closed_at=None, labour_h=30, failure_mode="unknown", skill="")
    (line,) = backlog([unskilled], {CNC.machine_id: CNC}, people, hour(48))
    assert (line.skill, line.technicians) == ("", len(people))
    assert line.weeks is not None
    (alone,) = backlog([unskilled], {CNC.machine_id: CNC}, [], hour(48))
    assert (alone.technicians, alone.weeks) == (0, None)


def test_backlog_is_open_work_by_skill_in_weeks_of_those_who_have_it():
    people = CATALOGUE.technicians
    own = next(mode for mode in CNC.failure_modes if mode.repair.skill == "mechanical")
    standing = [
        order(1, state="open", started_at=None, closed_at=None, labour_h=30, skill="mechanical"),
        order(
            2, state="scheduled", started_at=None, closed_at=None, labour_h=10, failure_mode="unknown", skill="diving"
        ),
        order(3, closed_at=hour(12)),
        order(4, closed_at=hour(60), failure_mode=own.name),
        # Withdrawn, by whom and when nobody wrote down.
        order(5, state="cancelled", started_at=None, closed_at=None, labour_h=20, skill="mechanical"),
    ]
    lines = backlog(standing, {CNC.machine_id: CNC}, people, hour(48))
    mechanical, diving = lines
    assert (mechanical.skill, mechanical.orders, mechanical.hours) == ("mechanical", 2, 34)
    able = [one for one in people if "mechanical" in one.skills]
    hours = sum(((p.shift.end_h - p.shift.start_h) % 24) * len(p.shift.weekdays) for p in able)
    assert mechanical.weeks == pytest.approx(34 / hours)
    assert mechanical.technician_weeks == pytest.approx(34 / (hours / len(able)))
    assert (diving.technicians, diving.weeks) == (0, None)


def test_spells_end_where_the_machine_is_back():
    use = time_use(CNC, readings([R, D, D, R, D]))
    assert [(one.start, one.end, one.open) for one in use.spells] == [
        (hour(1), hour(3), False), (hour(4), hour(5), True),
    ]  # fmt: skip
    assert all(one.end <= other.start for one, other in pairwise(use.spells))


def test_where_nothing_tells_when_it_runs_there_is_exposure_but_no_operating_time():
    use = time_use(CNC.model_copy(update={"running_rule": None}), readings([None] * 40))
    assert (use.exposure_h, use.hours("running"), use.running_known) == (40, 0, False)
    found = told(use, [Failure(CNC.machine_id, hour(3), 2.0, "events")])
    assert (found["mtbf_h"].value, found["operating_h"].value) == (None, None)
    assert found["mtbf_h"].lacks.startswith("operating time is not known")
    assert found["mean_down_time_h"].value == 2
    other = time_use(CNC.model_copy(update={"machine_id": "cnc_timed"}), readings([R] * 30))
    both = told(
        [use, other], [Failure(use.machine_id, hour(3), 2.0, "events"), Failure("cnc_timed", hour(9), 4.0, "events")]
    )
    assert (both["mtbf_h"].value, both["mtbf_h"].n, both["mean_down_time_h"].n) == (30, 1, 2)
