"""The fleet page over a finished demo: what it counts, finds, orders, opens and starts."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import timedelta

import pytest
from traitlets import TraitError

from workbench.domain.jobs import JobKind, JobState
from workbench.domain.predictions import HealthState
from workbench.errors import NotFound
from workbench.reports import fleet_snapshot
from workbench.workspace import Workspace
from workbench_widgets import pages

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'{{ 7*7 }}\u202e" + "x" * 9900
PUMP = "pump_grundfos_cr3_004"
FAN = "fan_nicotra_gebhardt_rdh_014"


@pytest.fixture(scope="module")
def ws(demo_path, tmp_path_factory):
    path = tmp_path_factory.mktemp("fleet") / "W"
    shutil.copytree(demo_path, path)
    with Workspace.open(path) as workspace:
        yield workspace


@pytest.fixture
def page(ws):
    return pages.fleet(ws)


def _states(page):
    return {card["state"]: card["count"] for card in page.cards}


def test_cards_count_what_the_records_say(page, ws):
    said = Counter(prediction.health_state for prediction in ws.predictions.latest().values())
    assert _states(page) == {state.name.lower(): said[state] for state in reversed(HealthState)}
    assert sum(_states(page).values()) + sum(item["count"] for item in page.aside) == len(ws.machines.ids())


def test_with_one_scoring_there_is_no_trend_to_draw(page):
    assert {tuple(card["trend"]["points"]) for card in page.cards} == {()}
    assert {card["trend"]["words"] for card in page.cards} == {"no trend yet"}


def test_trends_come_from_the_predictions_recorded_then(demo_ws):
    latest = demo_ws.predictions.latest()
    earlier = latest[FAN].as_of - timedelta(days=7)
    for prediction in latest.values():
        past = prediction.model_copy(
            update={
                "prediction_id": f"past-{prediction.machine_id}",
                "as_of": earlier,
                "health_state": HealthState.HEALTHY,
            }
        )
        demo_ws.predictions.add(past, demo_ws.change("test"))
    page = pages.fleet(demo_ws)
    healthy = {card["state"]: card for card in page.cards}["healthy"]
    assert healthy["trend"]["points"] == [len(latest), healthy["count"]]
    assert healthy["trend"]["change"] == "down"
    assert "25 Dec 2025" in healthy["trend"]["words"]
    # What was read once is not read again, and a refresh says the same.
    page.refresh()
    assert {card["state"]: card for card in page.cards}["healthy"] == healthy


def test_an_instant_at_which_nothing_could_be_scored_begins_no_trend(demo_ws):
    prediction = demo_ws.predictions.latest()[FAN]
    unknown = {"prediction_id": "past", "as_of": prediction.as_of - timedelta(days=7), "health_state": None}
    demo_ws.predictions.add(prediction.model_copy(update=unknown), demo_ws.change("test"))
    assert {card["trend"]["words"] for card in pages.fleet(demo_ws).cards} == {"no trend yet"}


def test_an_offline_machine_is_told_beside_the_cards(demo_ws):
    from workbench.domain.equipment import MachineStatus

    demo_ws.machines.set_status(PUMP, MachineStatus.OFFLINE, demo_ws.change("test"))
    page = pages.fleet(demo_ws)
    assert [(item["state"], item["count"]) for item in page.aside] == [("offline", 1)]
    page.state_filter = "offline"
    assert [machine["id"] for machine in page.machines] == [PUMP]


def test_the_grid_has_pages_of_twelve_in_order_of_urgency(page, ws):
    urgent = [view.machine_id for view in fleet_snapshot(ws).by_urgency]
    assert (page.matches, page.page_count) == (26, 3)
    seen = []
    for number in (1, 2, 3):
        page.page_number = number
        seen += [machine["id"] for machine in page.machines]
        assert len(page.machines) == (12 if number < 3 else 2)
    assert seen == urgent


def test_a_page_that_is_not_there_is_the_last_one(page):
    page.page_number = 99
    assert (page.page_number, len(page.machines)) == (3, 2)
    page.page_number = 0
    assert page.page_number == 1


@pytest.mark.parametrize(
    ("words", "found"),
    [("GRUNDFOS", {PUMP}), ("pump gliwice grundfos", set()), (PUMP, {PUMP}), ("no such thing", set())],
)
def test_search_finds_by_every_word(page, words, found):
    page.search = words
    assert {machine["id"] for machine in page.machines} >= found
    assert page.matches == len(found)


def test_filters_join_and_go_back_to_the_first_page(page, ws):
    page.page_number = 3
    page.type_filter = "pump"
    assert page.page_number == 1
    assert {machine["type"] for machine in page.machines} == {"pump"}
    assert page.matches == sum(kind == "pump" for kind in ws.machines.types().values())
    page.site_filter = page.machines[0]["site"]
    assert {machine["site"] for machine in page.machines} == {page.site_filter}
    page.state_filter = "critical"
    assert page.machines == []
    page.clear()
    assert page.matches == 26


def test_a_state_filter_shows_what_its_card_counts(page):
    for state, number in _states(page).items():
        page.state_filter = state
        assert page.matches == number
    with pytest.raises(TraitError):
        page.state_filter = "purple"


def test_every_order_sorts_and_leaves_out_nothing(page):
    page.sort = "name"
    titles = [machine["title"].casefold() for machine in page.machines]
    assert titles == sorted(titles)
    page.sort = "score"
    scores = [machine["score"] for machine in page.machines if machine["score"] is not None]
    assert scores == sorted(scores)
    for order in page.sorts:
        page.sort = order["value"]
        assert page.matches == 26


def test_a_machine_says_how_it_is_and_why(page):
    page.search = FAN
    machine = page.machines[0]
    assert (machine["look"]["word"], machine["orders"], machine["cases"]) == ("Critical", 1, 1)
    assert machine["life"]["text"].endswith(")")
    assert machine["reason"].startswith("Pressure drop across the inlet filter")
    page.search = PUMP
    assert page.machines[0]["life"]["text"] == "not enough evidence"
    assert "No steady trend of wear" in page.machines[0]["life"]["why"]


def test_cases_and_orders_are_those_that_are_open(page, ws):
    assert {item["id"] for item in page.cases} == {case.case_id for case in ws.cases.open()}
    due = {order.order_id: order.due_at for order in ws.orders.open()}
    assert [item["id"] for item in page.orders] == sorted(
        due, key=lambda key: (due[key], ws.orders.get(key).priority, ws.orders.get(key).number)
    )
    first = min(due.values()) - ws.as_of()
    assert page.orders[0]["due"] == f"due in {round(first.total_seconds() / 3600)} h"


def test_a_machine_opens_and_an_unknown_one_is_refused(ws):
    page = pages.fleet(ws)
    page.open_machine(PUMP)
    assert (page.destination["page"], page.destination["machine"]) == ("machine", PUMP)
    assert page.opened.machine_id == PUMP
    page.vue_back()
    assert page.opened is None
    with pytest.raises(NotFound, match=PUMP):
        page.open_machine("pump_grundfos_cr3_00")


def test_hostile_text_stays_text_and_breaks_nothing(demo_ws):
    profile = demo_ws.machines.get(PUMP)
    hostile = profile.model_copy(update={"title": HOSTILE, "location": HOSTILE[:400]})
    demo_ws.machines.update(hostile, demo_ws.change("test"))
    page = pages.fleet(demo_ws)
    page.search = "onerror=alert(2)"
    assert [machine["title"] for machine in page.machines] == [HOSTILE]
    page.search = "%_'; drop table machines; --"
    assert (page.matches, page.fault) == (0, {})


def test_a_click_queues_a_job_and_says_when_nobody_works(demo_ws):
    page = pages.fleet(demo_ws)
    page.run("cycle")
    jobs = demo_ws.jobs.all()
    assert [job.kind for job in jobs] == [JobKind.CYCLE]
    assert page.answer["title"] == "Maintenance cycle is queued."
    assert page.running["cycle"]["message"] == "waits for a worker"
    assert not page.worker_lives
    assert str(demo_ws.path) in page.worker_command
    # A second click while it waits starts nothing more.
    page.run("cycle")
    assert len(demo_ws.jobs.all()) == 1


def test_progress_is_followed_to_the_end_and_then_the_page_is_read_again(demo_ws):
    page = pages.fleet(demo_ws)
    page.run("cycle")
    job = demo_ws.jobs.all()[0]
    demo_ws.jobs.change(job.job_id, demo_ws.change("test"), state=JobState.RUNNING, executor_id="worker-1")
    demo_ws.jobs.set_progress(job.job_id, 0.5, "13 of 26 machines", demo_ws.as_of())
    page.vue_pulse()
    assert (page.running["cycle"]["fraction"], page.running["cycle"]["message"]) == (0.5, "13 of 26 machines")
    assert page.pulse_s == 1.0
    before = page.refreshed_at
    demo_ws.jobs.change(
        job.job_id, demo_ws.change("test"), state=JobState.FAILED, ended_at=demo_ws.as_of(), error="no model is active"
    )
    page.vue_pulse()
    assert page.running == {}
    assert page.answer == {"kind": "error", "title": "Maintenance cycle: failed.", "text": "no model is active"}
    assert page.refreshed_at > before


def test_records_that_cannot_be_read_leave_the_page_as_it_was(demo_ws):
    page = pages.fleet(demo_ws)
    machines = page.machines
    database = demo_ws.path / "data" / "workbench.db"
    demo_ws.close()
    hidden = database.rename(database.with_suffix(".away"))
    page.refresh()
    assert page.fault["what"]
    assert page.fault["remedy"]
    assert page.machines == machines
    demo_ws.close()
    hidden.rename(database)
    page.vue_refresh()
    assert page.fault == {}


def test_an_empty_workspace_has_a_page_too(tmp_path):
    with Workspace.init(tmp_path / "E") as empty:
        page = pages.fleet(empty)
    assert (page.fault, page.machines, page.matches) == ({}, [], 0)
    assert {card["trend"]["words"] for card in page.cards} == {"not scored yet"}


def test_a_refresh_of_the_same_records_changes_nothing_but_its_time(page):
    changed = []
    page.observe(lambda change: changed.append(change["name"]))
    page.refresh()
    assert changed == ["refreshed_at"]
