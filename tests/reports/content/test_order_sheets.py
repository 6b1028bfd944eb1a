"""Who reads only the document can act: when, why, what waiting costs, what would change it, what is locked out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup

from workbench.analytics import assess
from workbench.domain.calendar import PlannedStop
from workbench.domain.equipment import Site
from workbench.domain.permits import WorkPermit
from workbench.domain.predictions import HealthState
from workbench.domain.runs import CycleRun
from workbench.domain.work import Priority
from workbench.reports import content


def words(markup: object) -> str:
    return " ".join(BeautifulSoup(str(markup), "html.parser").get_text(" ").replace("\u00a0", " ").split())


@pytest.fixture
def ordered(build):
    """A fleet of one machine that was assessed with a planned stop in two days, and its order."""
    import pandas as pd

    profile = build.profile().model_copy(update={"energy_sources": ("electrical 400 V", "pressure: pumped liquid")})
    said = build.prediction(profile, state=HealthState.WARNING, probability=0.9)
    begin = said.as_of + timedelta(days=2)
    stop = PlannedStop(
        stop_id="s", site_id=profile.site_id, starts_at=begin, ends_at=begin + timedelta(hours=24), title="weekend stop"
    )
    none = pd.DataFrame({"machine_id": [], "time": pd.to_datetime([], utc=True), "kind": [], "cause": []})
    costs = build.package(said)
    economics = profile.economics.model_copy(update={"production_loss_per_h": 62_500})
    found = assess(
        said,
        profile.model_copy(update={"economics": economics}),
        parts={},
        technicians=[],
        events=none,
        planning_horizon_h=168,
        currency="EUR",
        stops=[stop],
    )
    package = found.model_copy(update={"prediction_id": said.prediction_id, "package_id": costs.package_id})
    order = build.order(said).model_copy(update={"evidence": (said.prediction_id,)})
    return build.snapshot(content.MachineView(profile, prediction=said, package=package, orders=(order,)))


def run_of(fleet: content.FleetSnapshot) -> content.CycleSnapshot:
    """The one run that opened the order of a fleet of one machine."""
    order, view = fleet.orders[0], fleet.machines[0]
    run = CycleRun(
        run_id="run",
        machine_id=view.machine_id,
        as_of=fleet.as_of,
        state="done",
        started_at=fleet.as_of,
        model_versions={},
        order_id=order.order_id,
    )
    return content.CycleSnapshot(fleet, runs=(content.RunView(run, view),))


def test_sheet_says_why_when_what_is_at_stake_and_what_is_locked_out(ordered):
    said = words(content.order_sheets(run_of(ordered)))
    assert "Ordered, because:" in said
    assert "When: Least expected cost:" in said
    assert "Left alone for 7 days:" in said
    assert "in nine of ten cases it comes to " in said
    assert "Lockout of each energy source" in said
    assert "lock it in OFF" in said
    assert "pressure: pumped liquid" in said
    assert ordered.orders[0].number in said


def test_decision_shows_the_occasions_and_what_would_change_the_answer(ordered, build):
    said = words(content.machine_details(ordered, lambda _: build.readings(), max_details=1, days=30))
    assert "occasions compared" in said
    assert "weekend stop" in said
    assert "Not earlier, because" in said
    assert "A day of running is worth" in said
    assert "would pay if" in said
    assert "Evidence:" in said


def test_sheet_says_when_the_permits_allow_the_work(ordered):
    order, at = ordered.orders[0], ordered.as_of
    permit = WorkPermit(
        permit_id="p", order_id=order.order_id, kind="hot_work", state="granted", requested_at=at, requested_by="olga",
        begins=at, ends=at + timedelta(hours=8), granted_by="Karl Adler", reference="PTW-77",
    )  # fmt: skip
    assert "Permits" not in words(content.order_sheets(run_of(ordered)))
    shown = words(content.order_sheets(run_of(replace(ordered, permits={order.order_id: (permit,)}))))
    assert "Permits Permit for hot work: " in shown
    assert "PTW-77, granted by Karl Adler." in shown


def test_without_orders_there_are_no_sheets(build):
    profile = build.profile()
    fleet = build.snapshot(content.MachineView(profile, prediction=build.prediction(profile)))
    assert "No work order is open." in words(content.order_sheets(content.CycleSnapshot(fleet, runs=())))


def test_times_are_those_of_the_site_where_a_person_acts_on_them(ordered):
    site = Site(site_id="north_plant", title="North plant", time_zone="Europe/Berlin", latitude=52, longitude=13)
    (view,) = ordered.machines
    order = view.orders[0].model_copy(update={"scheduled_at": ordered.as_of + timedelta(hours=5)})
    there = replace(ordered, machines=(replace(view, site=site, orders=(order,)),))
    said = words(content.order_sheets(run_of(there)))
    assert "Start Thu 1 Jan 2026 06:00 CET" in said
    assert "Where North plant" in said
    assert "UTC" not in said
    listed = words(content.order_table(there))
    assert "times in CET (Europe/Berlin)" in listed
    assert "Thu 1 Jan 06:00" in listed
    assert "UTC" not in listed


def test_reason_of_the_technician_stands_alone_and_names_nobody_twice(ordered):
    (view,) = ordered.machines
    order = view.orders[0].model_copy(update={"technician_reason": "Ana Ortiz: certified for pumps, free at 10:00"})
    said = words(content.order_sheets(run_of(replace(ordered, machines=(replace(view, orders=(order,)),)))))
    assert "Why Ana Ortiz: Certified for pumps, free at 10:00." in said
    assert said.count("Ana Ortiz") == 2, "once who, once why"


def test_only_orders_that_the_runs_opened_or_changed_have_a_sheet_and_the_most_urgent_first(make):
    opened = [make.run(number) for number in range(1, 24)]
    cycle = make.cycle(*opened, make.run(24, outcome="supported"), make.run(25, outcome="nothing"))
    soup = BeautifulSoup(content.order_sheets(cycle).html, "html.parser")
    assert len(soup.select(".sheet")) == 20
    assert cycle.fleet.orders[0].priority is Priority.EMERGENCY
    assert soup.select_one(".sheet h3").text.startswith("WO-2026-0001")
    note = words(soup.select_one(".note"))
    assert "1 standing order, unchanged by this run and 3 less urgent orders beyond the first 20" in note
    assert "workbench orders show" in note


def test_a_single_run_shows_its_order_even_when_it_only_supported_it(make):
    soup = BeautifulSoup(content.order_sheets(make.cycle(make.run(1, outcome="supported"))).html, "html.parser")
    assert len(soup.select(".sheet")) == 1
