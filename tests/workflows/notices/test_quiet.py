"""Quiet hours in site time, through the nights on which clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.equipment import Shift, Site
from workbench.domain.work import Priority
from workbench.workflows.notices import acknowledge_notice
from workbench.workflows.notices.quiet import off_shift_until, quiet_until
from workbench.workspace import Workspace

from .conftest import NOW, open_order, site_of, technician_of


def berlin(quiet_hours="22:00-06:00"):
    return Site(
        site_id="berlin", title="Berlin", time_zone="Europe/Berlin", latitude=52.5, longitude=13.4,
        quiet_hours=quiet_hours,
    )  # fmt: skip


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "until"),
    [
        # Winter: 22:00 to 06:00 is 21:00 to 05:00 UTC.
        ("2026-01-05 20:59", None),
        ("2026-01-05 21:00", "2026-01-06 05:00"),
        ("2026-01-06 04:59", "2026-01-06 05:00"),
        ("2026-01-06 05:00", None),
        # The spring night is an hour shorter: 21:00 to 04:00 UTC.
        ("2026-03-28 21:00", "2026-03-29 04:00"),
        ("2026-03-29 03:59", "2026-03-29 04:00"),
        ("2026-03-29 04:00", None),
        # The autumn night is an hour longer: 20:00 to 05:00 UTC.
        ("2026-10-24 20:00", "2026-10-25 05:00"),
        ("2026-10-25 04:30", "2026-10-25 05:00"),
        ("2026-10-25 05:00", None),
    ],
)
def test_the_night_is_quiet_in_site_time(at, until):
    assert quiet_until(utc(at), berlin()) == (utc(until) if until else None)


@pytest.mark.parametrize(
    ("at", "until"),
    [
        # 02:30 comes twice; the first one ends it.
        ("2026-10-25 00:29", "2026-10-25 00:30"),
        ("2026-10-25 00:30", None),
        ("2026-10-25 01:15", None),
    ],
)
def test_an_end_that_comes_twice_is_the_first(at, until):
    assert quiet_until(utc(at), berlin("22:00-02:30")) == (utc(until) if until else None)


def test_an_end_that_is_skipped_comes_within_the_hour():
    end = quiet_until(utc("2026-03-29 00:30"), berlin("22:00-02:30"))
    assert utc("2026-03-29 01:00") <= end <= utc("2026-03-29 01:30")


@pytest.mark.parametrize(
    ("hours", "at", "until"), [("12:00-13:15", "11:30", "12:15"), ("20:00-00:00", "22:59", "23:00")]
)
def test_quiet_hours_may_lie_in_one_day(hours, at, until):
    assert quiet_until(utc(f"2026-01-05 {at}"), berlin(hours)) == utc(f"2026-01-05 {until}")


@pytest.mark.parametrize("hours", ["22-6", "25:00-06:00", "22:00", "22:60-06:00", "06:00-06:00"])
def test_what_is_no_span_is_refused(hours):
    with pytest.raises(ValueError, match="quiet_hours"):
        berlin(hours)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)))  # noqa: DTZ001 - made aware below
def test_quiet_hours_always_end_within_a_long_night(moment):
    at = moment.replace(tzinfo=UTC)
    end = quiet_until(at, berlin())
    if end is not None:
        assert timedelta(0) < end - at <= timedelta(hours=9)
        assert quiet_until(end, berlin()) is None


def test_outside_the_shift_is_quiet_for_those_who_wish_it():
    early, night = Shift(start_h=6, end_h=14), Shift(start_h=22, end_h=6)
    friday_evening, monday_morning = utc("2026-01-09 18:00"), utc("2026-01-12 05:00")
    assert off_shift_until(friday_evening, early, berlin()) == monday_morning
    assert off_shift_until(utc("2026-01-09 08:00"), early, berlin()) is None
    assert off_shift_until(utc("2026-01-10 04:00"), night, berlin()) is None, "Friday's shift ends on Saturday"
    assert off_shift_until(utc("2026-01-10 06:00"), night, berlin()) == utc("2026-01-12 21:00")
    assert off_shift_until(friday_evening, Shift(start_h=6, end_h=14, weekdays=()), berlin()) is None


@pytest.fixture
def sleepy(plant, gateway):
    """Everybody's site is quiet at night; the clock shows 23:00 there."""
    gateway.start()
    for site in plant.sites.all():
        plant.sites.put(site.model_copy(update={"quiet_hours": "22:00-06:00"}), plant.change("a test"))
    return plant


def test_what_is_not_critical_waits_for_the_morning(sleepy, gateway, clock):
    evening = NOW + timedelta(hours=14)
    clock.now = evening
    open_order(sleepy, evening, priority=Priority.HIGH)
    open_order(sleepy, evening, priority=Priority.EMERGENCY, number=2)
    acknowledge_notice(sleepy, next(n.notice_id for n in sleepy.notices.all() if n.order_id == "order-2"))
    report = clock.send(sleepy)
    assert (report.sent, report.waiting, report.problem) == (2, 2, "")
    assert {post["key"] for post in gateway.posts} == {
        n.notice_id for n in sleepy.notices.all() if n.order_id == "order-2" and n.channel == "webhook"
    }
    assert {n.state for n in sleepy.notices.all() if n.channel == "in_app"} == {"sent"}
    morning = datetime(2026, 1, 6, 5, 0, tzinfo=UTC)
    assert {n.not_before for n in sleepy.notices.outbox()} == {morning}
    clock.now = morning - timedelta(minutes=1)
    assert clock.send(sleepy, early=True).sent == 0
    logged = len(sleepy.log.entries())
    clock.send(sleepy)
    assert len(sleepy.log.entries()) == logged, "waiting leaves no trail"
    clock.now = morning
    assert clock.send(sleepy).sent == 2


def test_a_technician_may_be_left_alone_outside_the_shift_only(sleepy, clock):
    person = technician_of(sleepy)
    shift = Shift(start_h=22, end_h=6)
    sleepy.technicians.put(person.model_copy(update={"quiet_off_shift": True, "shift": shift}), sleepy.change("a test"))
    clock.now = NOW + timedelta(hours=14)
    open_order(sleepy, clock.now, priority=Priority.HIGH)
    assert clock.send(sleepy).sent == 1
    assert [n.recipient for n in sleepy.notices.outbox()] == [f"manager:{site_of(sleepy).site_id}"]


def test_quiet_hours_of_one_site_are_not_those_of_another(sleepy, clock):
    loud = site_of(sleepy).model_copy(update={"quiet_hours": ""})
    sleepy.sites.put(loud, sleepy.change("a test"))
    clock.now = NOW + timedelta(hours=14)
    with Workspace.open(sleepy.path) as ws:
        open_order(ws, clock.now, priority=Priority.HIGH)
        assert clock.send(ws).sent == 2
