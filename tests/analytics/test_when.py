"""When the work is best done: occasions, what the earliest waits for, and what would change the answer."""

from datetime import timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.analytics import assess, remedy_for
from workbench.analytics.life import life_left
from workbench.analytics.renewal import LongRunRate
from workbench.analytics.when import earliest_start, when_to_act
from workbench.domain.calendar import PlannedStop

CURVE = [{"hours": 24, "probability": 0.01}, {"hours": 168, "probability": 0.5}, {"hours": 720, "probability": 0.95}]


@pytest.fixture(scope="module")
def stop(predict):
    def build(hours, length_h=12.0, title="weekend stop", **changes):
        begin = predict().as_of + timedelta(hours=hours)
        values = {"stop_id": f"stop {hours}", "site_id": "farm_one", "starts_at": begin, "title": title}
        return PlannedStop(**{**values, "ends_at": begin + timedelta(hours=length_h), **changes})

    return build


@pytest.fixture(scope="module")
def package(profile, parts, technicians, no_events):
    def build(prediction, **changes):
        given = {"parts": parts, "technicians": technicians, "events": no_events, **changes}
        return assess(prediction, profile, planning_horizon_h=168, currency="EUR", **given)

    return build


def failures(profile, number):
    """Failures of the type at intervals of 80 days, each remedied at once."""
    rows = []
    for index in range(number + 1):
        at = pd.Timestamp("2024-06-01", tz="UTC") + pd.Timedelta(days=80 * index)
        rows.append((profile.machine_id, at, "failure", "bearing_wear", "test"))
    return pd.DataFrame(rows, columns=["machine_id", "time", "kind", "cause", "source"])


def test_a_planned_stop_close_by_is_waited_for_because_production_stands_anyway(package, predict, stop):
    prediction = predict(0.5, failure_probability=CURVE)
    found = package(prediction, stops=[stop(16)])
    when = found.decision.when
    assert found.decision.act
    assert when.best.kind == "planned_stop"
    assert found.decision.best_at == prediction.as_of + timedelta(hours=16)
    # The stop is longer than the work: nothing of production is lost by it.
    assert when.best.planned_cost == found.planned_impact.total - found.planned_impact.production_loss
    wait = next(one for one in found.recommendations if one.action.startswith("Wait with"))
    assert "planned stop 'weekend stop', Tue 6 Jan 00:00 UTC" in wait.action
    assert wait.expected_saving == when.earliest.excess > 0
    assert "running to failure" in wait.reason


def test_a_stop_too_far_away_is_not_waited_for_and_its_price_is_said(package, predict, stop):
    found = package(predict(0.5, failure_probability=CURVE), stops=[stop(150)])
    assert found.decision.when.now
    assert "Planned stop 'weekend stop'" in found.decision.when.reason
    assert not [one for one in found.recommendations if one.action.startswith("Wait with")]


def test_work_that_outlasts_the_stop_loses_the_rest(package, predict, stop):
    found = package(predict(0.5, failure_probability=CURVE), stops=[stop(16, length_h=4.5)])
    occasion = next(one for one in found.decision.when.occasions if one.kind == "planned_stop")
    lost = 62_500 * 0.3 * (found.planned_impact.downtime_h - 4.5)
    assert occasion.planned_cost == found.planned_impact.repair_cost + lost


def test_stops_of_other_sites_and_machines_do_not_count(package, predict, stop):
    others = [stop(16, site_id="farm_two"), stop(17, machine_id="solar_pump_002")]
    kinds = {one.kind for one in package(predict(0.5, failure_probability=CURVE), stops=others).decision.when.occasions}
    assert "planned_stop" not in kinds


def test_the_earliest_start_waits_for_parts_and_people_and_says_so(profile, parts, predict):
    remedy, as_of = remedy_for(profile, "bearing_wear"), predict().as_of
    assert earliest_start(remedy, as_of, parts=parts).at == as_of
    people = as_of + timedelta(days=2)
    start = earliest_start(remedy, as_of, parts=parts, free={"bearing_kit": 0}, people_from=people)
    assert start.at == as_of + timedelta(days=5)
    assert "1 x Bearing kit must be ordered and can be there on Sat 10 Jan 08:00 UTC" in start.waits[0]
    assert "somebody with pumps skill can be there on Wed 7 Jan 08:00 UTC" in start.waits[1]
    assert "delivery of bearing kit is not known" in earliest_start(remedy, as_of, parts={}).waits[0]


def test_pieces_on_order_are_waited_for_and_not_ordered_again(profile, parts, predict, package):
    remedy, as_of = remedy_for(profile, "bearing_wear"), predict().as_of
    tomorrow = as_of + timedelta(days=1)
    start = earliest_start(
        remedy, as_of, parts=parts, free={"bearing_kit": 0}, coming={"bearing_kit": ((tomorrow, 2),)}
    )
    assert start.at == tomorrow
    assert start.waits == ("1 x Bearing kit is on order and can be there on Tue 6 Jan 08:00 UTC",)
    asked = package(predict(0.925), free={"bearing_kit": 0})
    bought = package(predict(0.925), free={"bearing_kit": 0}, coming={"bearing_kit": ((tomorrow, 1),)})
    told = [[one.action for one in found.recommendations if "Bearing kit" in one.action] for found in (asked, bought)]
    assert told == [["Order 1 x Bearing kit now"], []]


def test_where_nobody_can_do_it_the_reason_stands_among_what_it_waits_for(profile, parts, predict):
    remedy, as_of = remedy_for(profile, "bearing_wear"), predict().as_of
    start = earliest_start(
        remedy, as_of, parts=parts, nobody="nobody in the records has pumps skill: call in a contractor"
    )
    assert start.waits == ("nobody in the records has pumps skill: call in a contractor",)
    later = as_of + timedelta(days=28)
    busy = earliest_start(remedy, as_of, parts=parts, people_from=later, nobody="nobody is free within 28 days")
    assert (busy.at, busy.waits) == (later, ("nobody is free within 28 days",))


def test_no_occasion_lies_before_the_part_is_there(package, predict):
    when = package(predict(0.5, failure_probability=CURVE), free={"bearing_kit": 0}).decision.when
    assert when.occasions[0].at == predict().as_of + timedelta(days=5)
    assert "Bearing kit" in when.not_earlier[0]


@settings(max_examples=40, deadline=None)
@given(
    chances=st.lists(st.floats(0.001, 0.99), min_size=3, max_size=3, unique=True),
    failure=st.integers(400_000, 5_000_000),
    rate=st.floats(1, 5000),
    hours=st.floats(1, 160),
)
def test_the_answer_is_the_cheapest_and_changes_at_the_break_even_cost(
    profile, parts, package, predict, stop, chances, failure, rate, hours
):
    curve = [{"hours": h, "probability": p} for h, p in zip((24, 168, 720), sorted(chances), strict=True)]
    prediction = predict(0.5, failure_probability=curve)
    planned = package(prediction).planned_impact
    start = earliest_start(remedy_for(profile, "bearing_wear"), prediction.as_of, parts=parts)

    def answer(cost):
        return when_to_act(
            life_left(prediction),
            start,
            as_of=prediction.as_of,
            failure_cost=cost,
            planned_cost=planned.total,
            planned=planned,
            economics=profile.economics,
            stops=[stop(hours)],
            rate=LongRunRate(rate, "test", known=True),
            horizon_h=168,
            currency="EUR",
        )

    found = answer(failure)
    assert found.best.excess == 0
    assert found.now == (found.best.at == found.earliest_at)
    assert min(one.excess for one in found.occasions) == 0
    times = [one.at for one in found.occasions]
    assert times == sorted(set(times))
    limit = found.break_even_failure_cost
    if limit is not None and 0 < limit < 10**9:
        assert answer(round(limit * 1.01) + 100).now
    if limit is None or limit > planned.total + 1000:
        assert not answer(round((limit or 10**9) * 0.99) - 100).now


def test_words_name_the_cost_and_the_chance_that_would_change_it(package, predict, stop):
    now = package(predict(0.5, failure_probability=CURVE)).decision.when
    assert "it would pay if a failure cost less than" in now.reason
    assert "the chance of failing until" in now.reason
    later = package(predict(0.5, failure_probability=CURVE), stops=[stop(16)]).decision.when
    assert "Acting at the earliest would pay if" in later.reason


def test_life_of_its_kind_gives_a_time_but_orders_nothing(package, predict):
    nothing = predict(None)
    prior = predict(0.5).remaining_useful_life.model_copy(
        update={"basis": "population", "evidence": nothing.health_evidence}
    )
    found = package(nothing.model_copy(update={"remaining_useful_life": prior}))
    assert not found.decision.act
    assert not found.decision.when.own
    assert "life of machines of its kind" in found.decision.when.reason


def test_nothing_known_of_the_life_is_said(package, predict):
    decision = package(predict(None)).decision
    assert decision.when is None
    assert decision.best_at is None
    assert "0 of 5 failures needed" in decision.when_lacks
    silent = package(predict(0.5, status="OFFLINE")).decision
    assert "offline" in silent.when_lacks


def test_a_critical_limit_does_not_wait_for_a_cheaper_time(package, predict, crossing, stop):
    prediction = predict(0.5, failure_probability=CURVE, limit_crossings=[crossing()])
    decision = package(prediction, stops=[stop(16)]).decision
    assert decision.rule == "critical_limit"
    assert decision.best_at == prediction.as_of
    blind = package(predict(None, limit_crossings=[crossing()]), free={"bearing_kit": 0}).decision
    assert blind.best_at == prediction.as_of + timedelta(days=5)


def test_enough_failures_of_the_type_tell_what_running_is_worth(package, predict, profile):
    few = package(predict(0.1)).decision.when
    assert not few.rate_known
    enough = package(predict(0.1), events=failures(profile, 6)).decision.when
    assert enough.rate_known
    assert "recorded failures of type solar pump" in enough.rate_basis


def test_near_best_time_without_an_order_is_made_ready_and_looked_at_again(package, predict, profile):
    found = package(predict(0.2), events=failures(profile, 6))
    assert not found.decision.act
    assert found.decision.when.now
    first = found.recommendations[0]
    assert first.action == "Make the repair of bearing wear ready and look again tomorrow"
    assert first.expected_saving > 0
    assert "From a probability of 42.7 % on it would." in found.decision.reason
