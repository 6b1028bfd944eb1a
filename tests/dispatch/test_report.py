"""The dispatch report: a technician can act on it."""

import re
from datetime import timedelta

from workbench.dispatch import write_dispatch_report
from workbench.dispatch.procedure import safety_of
from workbench.domain.analysis import PastCase

UNKNOWN = {"modes": [{"mode": "unknown", "probability": 1.0}], "method": "unknown"}


def report_of(order_for, analyse, profile, site, prediction, **changes):
    order = order_for(prediction, **changes)
    return write_dispatch_report(order, prediction, analyse(prediction), profile, currency="EUR", site=site)


def test_summary_says_what_where_when_who_and_how_much(order_for, analyse, profile, site, predict):
    text = report_of(order_for, analyse, profile, site, predict(0.6)).summary
    for words in (
        "WO-2026-0001, priority 3 (high: 60 % probability of failure within 168 h, criticality B)",
        "Feed pump: bearing wear. Machine pump_001, Hall 2, Plant Berlin.",
        "Start Mon 5 Jan 2026 09:00 CET",
        "Alex One: qualified for pumps (level 4), free Mon 5 Jan 09:00, 0 km",
        "6 h of labour for 1 person",
        "estimated cost 610.00 EUR",
        "All parts are in stock.",
    ):
        assert words in text


def test_failure_says_what_is_seen_and_how_sure(order_for, analyse, profile, site, predict, crossing):
    text = report_of(order_for, analyse, profile, site, predict(0.6, limit_crossings=[crossing()])).failure
    assert "Bearing wear, 80 % likely (by the symptom table)" in text
    assert "4.60 mm/s is above the critical limit 4 mm/s" in text
    assert "Remaining useful life: 200 operating hours, with 90 % confidence 100 to 400" in text
    assert ".." not in text


def test_every_energy_source_is_locked_out_before_the_work(profile):
    safety = safety_of(profile, "bearing_wear")
    places = [next(i for i, line in enumerate(safety) if source in line) for source in profile.energy_sources]
    dead = next(i for i, line in enumerate(safety) if "Prove that it is dead" in line)
    own = next(i for i, line in enumerate(safety) if "gloves" in line)
    assert max(places) < dead < own


def test_a_repairs_own_lockout_is_not_repeated(profile):
    whole = ("Isolate it from electrical 400 V; pressure: pumped liquid.", "Try to start it.")
    mode = profile.failure_modes[0]
    repair = mode.repair.model_copy(update={"safety": whole})
    changed = profile.model_copy(update={"failure_modes": (mode.model_copy(update={"repair": repair}),)})
    assert safety_of(changed, "bearing_wear") == whole
    assert safety_of(changed, "unknown") == whole


def test_profile_without_energy_sources_asks_to_find_them(profile):
    safety = safety_of(profile.model_copy(update={"energy_sources": ()}), "bearing_wear")
    assert any("names no energy sources" in line for line in safety)


def test_inspection_starts_at_what_was_seen(order_for, analyse, profile, site, predict, crossing):
    anomaly = {
        "score": 0.8,
        "threshold": 0.6,
        "is_anomaly": True,
        "contributions": [{"sensor": "current_A", "deviation": 4.0, "value": 9.0, "baseline": 7.0, "unit": "A"}],
    }
    prediction = predict(None, diagnosis=UNKNOWN, anomaly=anomaly, limit_crossings=[crossing()])
    found = report_of(order_for, analyse, profile, site, prediction)
    steps = "\n".join(found.steps)
    assert "Check first: vibration_rms_mm_s 4.60 mm/s" in steps
    assert (
        "Check: current_A is far above what is usual for it (lately 9.00 A, usually 7.00 A; 4.0 times its usual spread)."
        in steps
    )
    assert "Look for bearing wear (signs: vibration_rms_mm_s rises). Rolling contact fatigue." in steps
    assert found.parts == ()
    assert "the work is to find the cause" in found.failure
    assert "not enough evidence: 0 of 5 failures needed" in found.failure


def test_timeline_is_in_order_and_names_the_parts_that_are_late(order_for, analyse, profile, site, predict):
    timeline = report_of(order_for, analyse, profile, site, predict(0.6), available=1).timeline
    assert [time for time, _ in timeline] == sorted(time for time, _ in timeline)
    words = [text for _, text in timeline]
    assert "1 x Bearing kit can be here if ordered at once" in words
    assert "work starts: lock out the machine" not in words
    assert "earliest likely failure if nothing is done" in words


def test_what_is_on_order_or_late_is_expected_when_it_comes(order_for, analyse, profile, site, predict):
    prediction = predict(0.6)
    short = order_for(prediction, available=1)
    later = short.model_copy(update={"parts_at": short.parts_at + timedelta(days=9)})
    found = write_dispatch_report(later, prediction, analyse(prediction), profile, currency="EUR", site=site)
    assert (later.parts_at, "1 x Bearing kit can be here, as deliveries stand") in found.timeline
    assert "if ordered at once" not in " ".join(words for _, words in found.timeline)
    assert "needed before work can start: 1 x Bearing kit" in found.summary
    assert "Everything can be here Sat 17 Jan 2026" in found.summary


def test_machine_stands_as_long_in_the_timeline_as_in_the_summary(order_for, analyse, profile, site, predict):
    report = report_of(order_for, analyse, profile, site, predict(0.6))
    stands_h = float(re.search(r"the machine stands ([0-9.]+) h", report.summary)[1])
    times = {words: time for time, words in report.timeline}
    begin, back = times["work starts: lock out the machine"], times[f"machine back in service after {stands_h:g} h"]
    assert back - begin == timedelta(hours=stands_h)


def test_report_after_assignment_is_another_record(order_for, analyse, profile, site, predict):
    drafted = report_of(order_for, analyse, profile, site, predict(0.6), technicians=[])
    assigned = report_of(order_for, analyse, profile, site, predict(0.6))
    again = report_of(order_for, analyse, profile, site, predict(0.6))
    assert drafted.report_id != assigned.report_id
    assert assigned == again


def test_simulated_report_says_so_first(order_for, analyse, profile, site, predict):
    assert report_of(order_for, analyse, profile, site, predict(0.6, simulated=True)).summary.startswith("SIMULATED")


def test_start_after_the_due_date_is_said(order_for, analyse, profile, site, predict):
    prediction = predict(0.6)
    order = order_for(prediction)
    late = order.model_copy(update={"scheduled_at": order.due_at + (order.due_at - order.created_at)})
    found = write_dispatch_report(late, prediction, analyse(prediction), profile, currency="EUR", site=site)
    assert "The start is later than due" in found.summary


def test_match_score_is_shown_for_whom_is_sent(order_for, analyse, profile, site, predict, person, rank):
    prediction = predict(0.6)
    (match,) = rank([person()])
    found = write_dispatch_report(
        order_for(prediction),
        prediction,
        analyse(prediction),
        profile,
        currency="EUR",
        site=site,
        technician=match,
    )
    assert f"Match score {match.score:.2f} of 1 (skill 0.80, experience 0.53" in found.summary


def test_life_of_the_population_is_named_as_such(order_for, analyse, profile, site, predict):
    life = {
        "life_unit": "cycle",
        "evidence": {"enough": False, "reasons": ["no monotone trend"]},
        "basis": "population",
        "life": {"median": 90, "lower": 40, "upper": 300, "upper_open": True},
    }
    text = report_of(order_for, analyse, profile, site, predict(0.6, remaining_useful_life=life)).failure
    assert (
        "Remaining useful life: 90 cycles, with 90 % confidence more than 40 "
        "(of the population at its age; not enough evidence: no monotone trend)."
    ) in text


def test_past_failures_are_told_with_their_remedy(order_for, analyse, profile, site, predict):
    prediction = predict(0.6)
    past = PastCase(machine_id="pump_002", time=prediction.as_of, cause="bearing_wear", remedy="replacement (bearing)")
    package = analyse(prediction).model_copy(update={"history": (past,)})
    found = write_dispatch_report(order_for(prediction), prediction, package, profile, currency="EUR", site=site)
    assert "Seen before: pump_002 on 2026-01-05, remedied by replacement (bearing)." in found.failure
