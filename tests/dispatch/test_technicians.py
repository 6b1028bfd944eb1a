"""Who is sent, and the reason in words."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.dispatch.technicians import WEIGHTS, distance_km, rank_technicians
from workbench.dispatch.working_time import free_at
from workbench.domain.equipment import Shift
from workbench.domain.work import Priority

MONDAY = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)  # 09:00 in Berlin


def test_nobody_with_the_skill_is_an_empty_list(rank, person):
    assert rank([person()], skill="robotics") == []


def test_reason_names_skill_time_on_site_and_distance(rank, person):
    (match,) = rank([person()], workload_h={"tech_one": 4})
    assert match.reason == (
        "qualified for pumps (level 4), free Mon 5 Jan 13:00, 0 km, on site Mon 5 Jan 13:00, 4 h of other work"
    )
    assert match.available_at == datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def test_travel_comes_before_the_work(rank, person):
    (match,) = rank([person(latitude=52.63)])
    assert match.reason == "qualified for pumps (level 4), free Mon 5 Jan 09:00, 12 km, on site Mon 5 Jan 09:15"
    (far,) = rank([person(latitude=45.3)])  # 803 km: 6 h of travel today, 7.4 h tomorrow, too late to begin
    assert far.reason.endswith("free Mon 5 Jan 09:00, 803 km, on site Wed 7 Jan 07:00")


def test_the_way_begins_at_the_own_site_and_the_shift_is_in_its_time(site, person):
    porto = site.model_copy(update={"site_id": "porto", "time_zone": "Europe/Lisbon", "latitude": 52.63})
    anybody = {"skill": "pumps", "priority": Priority.HIGH, "site": site, "workload_h": {}, "labour_h": 2.0}
    early = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)
    (match,) = rank_technicians(
        **anybody, technicians=[person(site_id="porto")], at=early, sites={"porto": porto, "berlin": site}
    )
    assert match.reason.endswith("free Mon 5 Jan 08:00, 12 km, on site Mon 5 Jan 08:15"), "07:00 in Lisbon"


@pytest.mark.parametrize(
    "better",
    [
        {"skills": {"pumps": 5}},
        {"experience_years": 14},
        {"latitude": 52.52, "longitude": 13.405},
        {"shift": Shift(start_h=7, end_h=16)},
    ],
)
def test_each_factor_moves_the_ranking(rank, person, better):
    plain = {"skills": {"pumps": 3}, "experience_years": 2, "latitude": 52.9, "shift": Shift(start_h=10, end_h=16)}
    matches = rank([person("plain", **plain), person("better", **{**plain, **better})])
    assert matches[0].technician_id == "tech_better"


def test_work_ahead_moves_the_ranking_and_the_start(rank, person):
    matches = rank([person("busy"), person("idle")], workload_h={"tech_busy": 20})
    assert [match.technician_id for match in matches] == ["tech_idle", "tech_busy"]
    assert matches[1].available_at == datetime(2026, 1, 7, 12, 0, tzinfo=UTC)  # 6 + 8 + 6 h of shifts later


def test_emergency_goes_before_other_work(rank, person):
    (match,) = rank([person()], priority=Priority.EMERGENCY, workload_h={"tech_one": 20})
    assert match.available_at == MONDAY


def test_start_waits_for_the_next_shift_when_little_of_this_one_is_left(rank, person):
    late = datetime(2026, 1, 5, 13, 30, tzinfo=UTC)  # 14:30, the shift ends at 15:00
    (match,) = rank([person()], at=late, labour_h=6)
    assert "on site Tue 6 Jan 07:00" in match.reason
    (match,) = rank([person()], at=late, labour_h=0.5)
    assert match.available_at == late


def test_weekend_is_skipped_and_the_day_named(rank, person):
    friday = datetime(2026, 1, 9, 18, 0, tzinfo=UTC)
    (match,) = rank([person()], at=friday)
    assert "free Mon 12 Jan 07:00" in match.reason


def test_somebody_without_working_days_is_not_offered(rank, person):
    assert rank([person(shift=Shift(start_h=7, end_h=15, weekdays=()))]) == []


def test_night_shift_belongs_to_the_day_it_starts():
    night = Shift(start_h=22, end_h=6, weekdays=(0,))
    begin = free_at(night, ZoneInfo("UTC"), at=MONDAY + timedelta(hours=20), workload_h=0, start_needs_h=1)
    assert begin == datetime(2026, 1, 6, 4, 0, tzinfo=UTC)
    later = free_at(night, ZoneInfo("UTC"), at=MONDAY, workload_h=3, start_needs_h=1)
    assert later == datetime(2026, 1, 6, 1, 0, tzinfo=UTC)


def test_shift_starts_at_the_same_clock_time_in_summer():
    shift = Shift(start_h=7, end_h=15)
    begin = free_at(
        shift, ZoneInfo("Europe/Berlin"), at=datetime(2026, 7, 1, 0, 0, tzinfo=UTC), workload_h=0, start_needs_h=1
    )
    assert begin == datetime(2026, 7, 1, 5, 0, tzinfo=UTC)


def test_weights_sum_to_one():
    assert sum(WEIGHTS.values()) == pytest.approx(1)


def test_distance_of_a_quarter_of_the_globe():
    assert distance_km(0, 0, 0, 90) == pytest.approx(10_007.5, abs=0.1)


@settings(max_examples=60, deadline=None)
@given(
    level=st.integers(1, 9),
    years=st.floats(0, 60),
    load=st.floats(-10, 2_000),
    latitude=st.floats(-90, 90),
    longitude=st.floats(-180, 180),
    priority=st.sampled_from(Priority),
    start=st.floats(0, 23.9),
    length=st.floats(0.5, 12),
    hours=st.integers(0, 200),
)
def test_score_and_factors_stay_between_0_and_1_and_nobody_starts_in_the_past(
    rank, person, level, years, load, latitude, longitude, priority, start, length, hours
):
    at = MONDAY + timedelta(hours=hours)
    shift = Shift(start_h=start, end_h=(start + length) % 24 or 24)
    somebody = person(
        skills={"pumps": level}, experience_years=years, latitude=latitude, longitude=longitude, shift=shift
    )
    for match in rank([somebody], priority=priority, workload_h={"tech_one": load}, at=at):
        assert 0 <= match.score <= 1
        assert set(match.factors) == set(WEIGHTS)
        assert all(0 <= value <= 1 for value in match.factors.values())
        assert match.available_at >= at
