"""What a machine report says: what to do by when, honestly what is not known, and text that stays text."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup

from workbench.domain.equipment import MachineStatus, RunningRule, Site
from workbench.domain.observations import AssetEvent, EventKind
from workbench.domain.predictions import HealthState, Interval
from workbench.errors import InputError, NotFound
from workbench.reports import content, machine_dossier
from workbench.workspace import Workspace

HOSTILE = "<script>alert('x')</script> \"quoted\" & \u202eRTL " + "long " * 50


def words(fragment: content.Fragment) -> str:
    return " ".join(BeautifulSoup(fragment.html, "html.parser").get_text(" ").replace("\u00a0", " ").split())


def everything(machine: content.MachineDossier) -> str:
    parts = [
        content.machine_header(machine, title="Machine report"),
        content.machine_headline(machine),
        content.machine_cards(machine),
        content.made_from(machine.fleet, parameters={"days": machine.days}),
        content.machine_reasons(machine),
        content.machine_outlook(machine),
        content.machine_decision(machine),
        content.machine_orders(machine),
        content.machine_cases(machine),
        content.machine_sensors(machine),
        content.machine_charts(machine),
        content.machine_history(machine),
        content.past_orders(machine),
        content.model_table(machine.fleet),
        content.method_notes(machine.fleet),
    ]
    return "".join(part.html for part in parts)


def captions(fragment: content.Fragment) -> list[str]:
    return [tag.text.replace("\u00a0", " ") for tag in BeautifulSoup(fragment.html, "html.parser").select("figcaption")]


def test_headline_says_state_what_to_do_by_when_and_how_long_it_lasts(make):
    said = words(content.machine_headline(make.dossier()))
    assert said.startswith("Critical : 53 % probability of failure within 7 calendar days; likely cause: Bearing wear")
    assert "1 critical limit crossed." in said
    assert "Do WO-2026-0001 by Sun 4 Jan 2026 00:00 UTC (emergency), assigned to Ana Ortiz." in said
    assert "Remaining useful life 90 operating h (40 to 190); expected failure 10 Jan 2026 (6 to 16 Jan 2026)." in said


def test_headline_names_the_recommended_action_where_no_order_stands_yet(make):
    view = make.urgent()
    machine = make.dossier(type(view)(**{**vars(view), "orders": ()}))
    said = words(content.machine_headline(machine))
    assert "To do: Replace the drive-end bearing at the next stop. Act before Tue 6 Jan 2026 00:00 UTC." in said


def test_calm_machine_needs_no_work(make, build):
    of = build.profile(1)
    view = content.MachineView(of, prediction=build.prediction(of, life=Interval(median=900, lower=400, upper=2000)))
    assert "No work is needed now." in words(content.machine_headline(make.dossier(view)))


def test_machine_of_which_nothing_is_known_has_a_short_page_that_says_why(make):
    machine = make.bare()
    page = everything(machine)
    said = " ".join(BeautifulSoup(page, "html.parser").get_text(" ").split())
    assert "Health state not known : not enough evidence: no prediction was made for this machine." in said
    assert "There are no readings in this window." in said
    assert "No failure, replacement, maintenance or other event is recorded for this machine." in said
    assert "No trained model is in use" in said
    assert "none declared" in said
    assert "no readings yet" in said
    assert BeautifulSoup(page, "html.parser").find("svg") is None


def test_life_without_evidence_says_why_and_shows_the_population_beside_it(make, build):
    view = make.urgent()
    rul = view.prediction.remaining_useful_life.model_copy(
        update={
            "basis": "population",
            "life": Interval(median=900.0, lower=300.0, upper=2000.0),
            "evidence": build.prediction(build.profile(), state=None).health_evidence,
        }
    )
    said = view.prediction.model_copy(update={"remaining_useful_life": rul})
    machine = make.dossier(type(view)(**{**vars(view), "prediction": said}))
    assert (
        "Remaining useful life: not enough evidence: 0 of 5 failures needed. "
        "Others of its age: 900 operating h (300 to 2,000)." in words(content.machine_headline(machine))
    )
    assert "expected failure" not in words(content.machine_headline(machine))
    assert any(
        "not enough evidence for this machine; others of its age" in c
        for c in captions(content.machine_outlook(machine))
    )
    card = words(content.machine_cards(machine))
    assert "not known Remaining useful life its age: 900 operating h (300 to 2,000)" in card


def test_outlook_draws_states_life_probability_and_diagnosis(make):
    outlook = content.machine_outlook(make.dossier())
    drawn = captions(outlook)
    assert drawn == [
        "Health state: how likely each is",
        "Remaining useful life: 90 operating h (40 to 190)",
        "Probability of failure, calendar time",
        "Diagnosis: likely failure modes",
    ]
    descriptions = [
        tag.text.replace("\u00a0", " ") for tag in BeautifulSoup(outlook.html, "html.parser").select("desc")
    ]
    assert descriptions[0] == "Healthy < 1 %; Degrading 5 %; Warning 20 %; Critical 75 %"
    assert descriptions[2] == "within 24 h 11 %; within 7 days 53 %; within 30 days > 99 %"
    assert descriptions[3] == "Bearing wear 80 %; unknown cause 20 %"


def test_machine_out_of_service_has_no_state_but_its_sensors(make):
    view = make.urgent()
    machine = make.dossier(type(view)(**{**vars(view), "status": MachineStatus.OFFLINE, "orders": (), "cases": ()}))
    assert words(content.machine_headline(machine)).startswith("Offline : the machine is out of service or silent")
    assert "its state and life are not judged" in words(content.machine_outlook(machine))
    cards = words(content.machine_cards(machine))
    assert "53 %" not in cards
    assert "not known Health score" in cards
    assert len(captions(content.machine_charts(machine))) == 4


def test_decision_weighs_waiting_against_planned_work(make):
    said = words(content.machine_decision(make.dossier()))
    assert "Order the work now. 53.0 % x 12,810.00 EUR = 6,789.30 EUR against 5,470.00 EUR" in said
    assert "waiting 7 days 6,789 EUR; planned work now 5,470 EUR; if it fails 12,810 EUR" in said
    assert "Replace the drive-end bearing at the next stop." in said


def test_sensor_rows_hold_what_each_sensor_says(make):
    soup = BeautifulSoup(content.machine_sensors(make.dossier()).html, "html.parser")
    first = {
        c["data-label"]: " ".join(c.get_text(" ").replace("\u00a0", " ").split())
        for c in soup.select("tr")[1].select("td")
    }
    assert first["Sensor"] == "Vibration, drive end"
    assert first["Normal range"] == "0.5 to 2.3 mm/s"
    assert first["Healthy baseline"] == "1.60 mm/s +6.2 sd"
    assert first["Trend"] == "+0.11 mm/s a day p < 0.001"
    assert first["Limits"] == "warning above 2.8; critical above 4.5 ISO 10816-7"
    assert first["Says"].startswith(
        "critical limit above 4.5 since Wed 31 Dec 2025 04:00 UTC, 14 readings stands out trend"
    )
    assert len(soup.select("tbody tr")) == 3
    assert "Motor current operating condition" in " ".join(soup.select("tbody tr")[-1].get_text(" ").split())


def test_last_reading_is_that_of_the_last_running_hour(make, build):
    of = build.profile(1, running_rule=RunningRule(sensor="motor_current", above=5))
    frame = build.readings()
    frame.loc[frame.index[-6:], ["motor_current", "vibration"]] = 0.0
    soup = BeautifulSoup(
        content.machine_sensors(make.dossier(content.MachineView(of), readings=frame)).html, "html.parser"
    )
    cells = {row.select("td")[0].text: row.select("td")[1] for row in soup.select("tbody tr")}
    assert "Last reading while running" in soup.text
    last = cells["Vibration, drive end"].get_text(" ").replace("\u00a0", " ").split()
    assert float(last[0]) > 4
    assert last[2:] == ["Wed", "31", "Dec", "2025", "18:00", "UTC"]


def test_sensor_charts_mark_failures_and_work_but_not_errors(make):
    soup = BeautifulSoup(content.machine_charts(make.dossier()).html, "html.parser")
    vibration = next(f for f in soup.select("figure") if f.figcaption.text.startswith("Vibration"))
    assert [t.text for t in vibration.select("text") if t.text in "FRMEIS"] == ["F"]
    assert "Failure on 22 Dec 2025." in vibration.desc.text
    assert "Marked: F failure." in soup.select_one(".legend").text


def test_events_after_as_of_or_before_the_window_are_not_marked(make):
    late = AssetEvent(
        machine_id="machine_001",
        time=make.dossier().fleet.as_of + timedelta(days=1),
        kind=EventKind.FAILURE,
        source="x",
    )
    charts = content.machine_charts(make.dossier(events=(late,)))
    assert "Failure on" not in charts.html


def test_history_counts_draws_and_lists_what_happened(make):
    fragment = content.machine_history(make.dossier())
    said = words(fragment)
    assert "Recorded: 3 failures, 1 replacement, 1 maintenance, 2 errors. Commonest errors: E_VIBRATION (2)." in said
    assert "Last failure 22 Dec 2025. Between failures passed 80 calendar days on average." in said
    assert [caption.split(",")[0] for caption in captions(fragment)] == [
        "Events",
        "Past predictions: health score (solid)",
    ]
    rows = BeautifulSoup(fragment.html, "html.parser").select("tbody tr")
    assert [row.select("td")[1].text for row in rows] == ["Failure", "Maintenance", "Failure", "Replacement", "Failure"]
    assert rows[2].select("td")[2].text == "not recorded", "an unknown cause is said to be so"


def test_a_single_prediction_draws_no_course(make):
    machine = make.dossier()
    alone = make.dossier(predictions=machine.predictions[-1:])
    assert [caption.split(",")[0] for caption in captions(content.machine_history(alone))] == ["Events"]


def test_standing_order_in_full_and_past_orders_with_what_they_cost(make):
    machine = make.dossier()
    standing = words(content.machine_orders(machine))
    assert "Lock out electrical 400 V" in standing
    assert "Bearing 6310 2 1 1 6 days" in standing
    assert "WO-2026-0004 Replace drive-end bearing Done 1 Jan 2026 4,120 EUR" in words(content.past_orders(machine))


def test_machine_with_very_many_sensors_draws_some_and_lists_all(make, build):
    of = build.profile(1)
    vibration = of.sensor("vibration")
    many = tuple(vibration.model_copy(update={"name": f"vibration_{n}", "title": f"Vibration {n}"}) for n in range(40))
    of = of.model_copy(update={"sensors": (*of.sensors, *many)})
    frame = build.readings()
    frame = frame.assign(**{sensor.name: frame["vibration"] for sensor in many})
    machine = make.dossier(content.MachineView(of), readings=frame)
    assert len(BeautifulSoup(content.machine_sensors(machine).html, "html.parser").select("tbody tr")) == 43
    charts = words(content.machine_charts(machine))
    assert "27 sensors more are not drawn; the table above has all." in charts


def test_hostile_text_shows_as_text_everywhere(make, build):
    of = build.profile(1, title=HOSTILE, location=HOSTILE, manufacturer=HOSTILE)
    sensors = tuple(sensor.model_copy(update={"title": HOSTILE[:150]}) for sensor in of.sensors)
    of = of.model_copy(update={"sensors": sensors})
    view = make.urgent()
    order = view.orders[0].model_copy(
        update={"title": HOSTILE, "steps": (HOSTILE,), "safety": (HOSTILE,), "technician_reason": HOSTILE}
    )
    case = view.cases[0].model_copy(update={"summary": HOSTILE})
    said = view.prediction.model_copy(update={"reasons": (HOSTILE,)})
    hostile = type(view)(**{**vars(view), "profile": of, "prediction": said, "orders": (order,), "cases": (case,)})
    plain = make.dossier()
    events = tuple(event.model_copy(update={"cause": HOSTILE[:150], "source": HOSTILE}) for event in plain.events)
    site = plain.site.model_copy(update={"title": HOSTILE})
    page = everything(make.dossier(hostile, events=events, site=site, past_orders=(order,)))
    soup = BeautifulSoup(page, "html.parser")
    assert soup.find("script") is None
    assert soup.get_text(" ").count("<script>alert('x')</script>") >= 15


def test_ids_are_unique_and_every_link_has_its_target(make):
    soup = BeautifulSoup(everything(make.dossier()), "html.parser")
    ids = [tag["id"] for tag in soup.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for a in soup.select("a[href^='#']")} <= set(ids)


@pytest.fixture
def workspace(tmp_path, build):
    fleet = build.labelled_fleet(3)
    ws = Workspace.init(tmp_path / "ws", settings={"name": "North plant", "as_of": fleet.as_of.isoformat()})
    build.fill(ws, fleet)
    yield ws
    ws.close()


def test_dossier_holds_nothing_later_than_the_workspace_looks(workspace, build):
    at, change = workspace.as_of(), workspace.change("test")
    said = workspace.predictions.latest()["machine_001"]
    tomorrow = {"prediction_id": "later", "as_of": at + timedelta(days=1), "health_state": HealthState.HEALTHY}
    workspace.predictions.add(said.model_copy(update=tomorrow), change)
    workspace.events.add(
        [
            AssetEvent(machine_id="machine_001", time=at + timedelta(days=days), kind=EventKind.FAILURE, source="log")
            for days in (-2, 2)
        ],
        change,
    )
    machine = machine_dossier(workspace, "machine_001", 10.0)
    assert machine.prediction == said
    assert [event.time for event in machine.events] == [at - timedelta(days=2)]
    assert machine.readings["time"].max() <= at
    assert machine.readings["time"].min() >= at - timedelta(days=10)
    assert [model.version_id for model in machine.fleet.models] == ["3f2a91c0-aaaa"]
    assert not machine.outdated


def test_prediction_of_models_no_longer_in_use_is_owned_up_to(workspace, build):
    newer = build.labelled_fleet(3).models[0].model_copy(update={"version_id": "another", "active": False})
    workspace.models.register(newer, b"a newer model", workspace.change("test"))
    workspace.models.activate("another", workspace.change("test"))
    machine = machine_dossier(workspace, "machine_001", 10.0)
    assert "renew with `workbench run`" in words(content.machine_headline(machine))
    assert [model.version_id for model in machine.fleet.models] == ["3f2a91c0-aaaa"], (
        "the models that made it are shown"
    )


def test_event_recorded_again_without_its_cause_is_shown_once(workspace):
    at = workspace.as_of() - timedelta(days=3)
    events = [
        AssetEvent(machine_id="machine_001", time=at, kind=EventKind.FAILURE, cause=cause, source="log")
        for cause in ("unknown", "bearing_wear")
    ]
    workspace.events.add(events, workspace.change("test"))
    assert [event.cause for event in machine_dossier(workspace, "machine_001", 10.0).events] == ["bearing_wear"]


def test_machine_and_days_that_cannot_be_used_are_refused(workspace):
    with pytest.raises(NotFound, match=r"machine_01'.*Did you mean 'machine_001'"):
        machine_dossier(workspace, "machine_01", 30.0)
    with pytest.raises(InputError, match=r"No machine is named.*machine_001, machine_002, machine_003"):
        machine_dossier(workspace, "", 30.0)
    for days in (0.0, -1.0, float("nan")):
        with pytest.raises(InputError, match="days"):
            machine_dossier(workspace, "machine_001", days)


def test_a_machine_report_tells_the_times_of_its_site_and_what_is_ordered_already(make):
    seen = "vibration 4.9 mm/s is above the limit 4.5 mm/s, since 2025-12-31 23:30 UTC in 3 readings"
    first = make.dossier()
    berlin = Site(site_id="works", title="Works", time_zone="Europe/Berlin", latitude=52, longitude=13)
    said = first.prediction.model_copy(update={"reasons": (seen,)})
    (order,) = first.view.orders
    rests_on = {"evidence": (first.view.package.prediction_id,)}
    planned = order.model_copy(update={"scheduled_at": order.due_at - timedelta(days=1), **rests_on})
    view = replace(first.view, site=berlin, prediction=said, orders=(planned,))
    machine = make.dossier(view, site=berlin)
    assert "since Thu 1 Jan 2026 00:30 CET in 3 readings." in words(content.machine_reasons(machine))
    assert "(emergency), begins Sat 3 Jan 2026 01:00 CET, assigned to" in words(content.machine_headline(machine))
    assert "Ordered: WO-2026-0001." in words(content.machine_decision(machine))
    assert "UTC" not in words(content.machine_header(machine, title="Machine report"))
