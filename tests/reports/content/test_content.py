"""What a report says: the headline, the tables, the honest absence of answers, and text that stays text."""

from __future__ import annotations

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup

from workbench.domain.predictions import Interval
from workbench.errors import InputError
from workbench.reports import content

HOSTILE = "<script>alert('x')</script> \"quoted\" & $\\frac{1}{0$ \u202eRTL"


def words(fragment: content.Fragment) -> str:
    return " ".join(BeautifulSoup(fragment.html, "html.parser").get_text(" ").replace("\u00a0", " ").split())


def everything(fleet: content.FleetSnapshot, build, max_details: int = 10) -> str:
    parts = [
        content.header(fleet, title="Fleet health"),
        content.headline(fleet),
        content.summary_cards(fleet),
        content.state_strip(fleet, max_details=max_details),
        content.made_from(fleet, parameters={"days": 30.0}),
        content.fleet_table(fleet, max_details=max_details),
        content.fleet_charts(fleet),
        content.order_table(fleet),
        content.purchase_table(fleet),
        content.case_table(fleet),
        content.evidence_note(fleet),
        content.anomaly_table(fleet),
        content.limit_table(fleet),
        content.trend_table(fleet),
        content.machine_details(fleet, lambda _: build.readings(), max_details=max_details, days=30),
        content.model_table(fleet),
        content.method_notes(fleet),
    ]
    return "".join(part.html for part in parts)


def test_headline_names_what_is_urgent(build):
    said = words(content.headline(build.labelled_fleet()))
    assert said.startswith("3 of 26 machines need attention , most urgent first: Cooling pump 1")
    assert "3 work orders open; most urgent WO-2026-0001 (emergency), due Sun 4 Jan 2026 00:00 UTC." in said
    assert "3 parts to order; the slowest takes 6 days to arrive." in said


def test_cards_count_every_machine_once(build):
    soup = BeautifulSoup(content.summary_cards(build.labelled_fleet()).html, "html.parser")
    cards = {c.select_one(".figure-label").text: c.select_one(".figure-value").text for c in soup.select(".card")}
    assert [cards[k] for k in ("Critical", "Warning", "Degrading", "Healthy", "Not enough evidence", "Offline")] == [
        "1", "2", "4", "17", "1", "1"]  # fmt: skip
    assert cards["Open work orders"] == "3"
    assert cards["Cost at risk"].endswith("EUR")


def test_fleet_table_is_sorted_and_tells_the_next_action(build):
    soup = BeautifulSoup(content.fleet_table(build.labelled_fleet(), max_details=1).html, "html.parser")
    rows = soup.select("tbody tr")
    assert len(rows) == 26
    cells = {cell["data-label"]: cell.get_text(" ").replace("\u00a0", " ") for cell in rows[0].select("td")}
    assert cells["State"] == "Critical"
    assert cells["Score"] == "11"
    assert cells["Remaining life (90 % interval)"] == "90 operating h (40 to 190) fails 6 to 16 Jan 2026"
    assert cells["Fails within 7 calendar days"] == "53 %"
    assert cells["Likely mode"] == "Bearing wear, 80 %"
    assert "WO-2026-0001" in cells["Next action"]
    assert rows[0].select_one("a")["href"] == "#machine-machine_001"
    assert rows[1].select_one("td").a is None, "only machines with a section of their own are linked to it"


def test_fleet_without_labels_is_complete_and_honest(build):
    fleet = build.unlabelled_fleet()
    assert "not enough evidence: 0 of 5 failures needed" in words(content.headline(fleet))
    labels = [c.text for c in BeautifulSoup(content.summary_cards(fleet).html, "html.parser").select(".figure-label")]
    assert "Critical limits crossed" in labels
    assert "Healthy" not in labels
    note = words(content.evidence_note(fleet))
    assert "Health state, 2 machines: not enough evidence: 0 of 5 failures needed" in note
    assert "Remaining useful life, 2 machines: not enough evidence: 0 of 5 failures needed" in note
    assert "Vibration, drive end +6.2 sd (4.90 mm/s, baseline 1.60 mm/s)" in words(content.anomaly_table(fleet))
    assert "above 4.5 mm/s" in words(content.limit_table(fleet))
    assert "+0.11 mm/s per day" in words(content.trend_table(fleet))
    sections = content.machine_details(fleet, lambda _: build.readings(), max_details=10, days=30)
    assert len(BeautifulSoup(sections.html, "html.parser").select("section.machine svg")) == 4
    assert "No trained model is in use" in words(content.model_table(fleet))


def test_empty_workspace_says_what_to_do(build):
    page = everything(build.snapshot(models=(), data_range=None), build)
    assert "no machines yet" in page
    assert "no readings yet" in page
    assert "No work order is open." in page


def test_details_are_capped_and_the_rest_is_counted(build):
    fleet = build.labelled_fleet()
    said = content.machine_details(fleet, lambda _: build.readings(), max_details=1, days=30)
    assert len(BeautifulSoup(said.html, "html.parser").select("section.machine")) == 1
    assert "2 machines more are left out here (max_details = 1)" in words(said)


@pytest.mark.parametrize(("max_details", "days"), [(-1, 30.0), (1, 0.0), (1, float("nan"))])
def test_senseless_parameters_are_refused(build, max_details, days):
    with pytest.raises(InputError):
        content.machine_details(build.labelled_fleet(4), lambda _: build.readings(), max_details=max_details, days=days)


def test_machine_section_shows_why_the_sum_and_the_order(build):
    fleet = build.labelled_fleet()
    said = words(content.machine_details(fleet, lambda _: build.readings(), max_details=1, days=30))
    assert "Vibration, drive end 4.9 mm/s is 6.2 sd above its own baseline." in said, "names of sensors become titles"
    assert "Order the work now. 53.0 % x 12,810.00 EUR = 6,789.30 EUR against 5,470.00 EUR" in said
    assert "Production loss 9,000 EUR 14.4 h x 625" in said
    assert "Bearing temperature rises by 0.8 °C a day." in said
    assert "Assigned to Ana Ortiz" in said
    assert "Lock out electrical 400 V" in said


def test_purchases_are_added_up_over_orders(build):
    soup = BeautifulSoup(content.purchase_table(build.labelled_fleet()).html, "html.parser")
    cells = {c["data-label"]: c.get_text(" ").replace("\u00a0", " ") for c in soup.select("tbody td")}
    assert cells["To order"] == "3"
    assert cells["Cost"] == "3,450 EUR"
    assert cells["For"] == "WO-2026-0001, WO-2026-0002, WO-2026-0003"


def test_population_life_is_labelled_as_such(build):
    profile = build.profile()
    said = build.prediction(profile, state=None)
    rul = said.remaining_useful_life.model_copy(
        update={"basis": "population", "life": Interval(median=900.0, lower=300.0, upper=2000.0)}
    )
    known = build.prediction(build.profile(2))
    fleet = build.snapshot(
        content.MachineView(profile, prediction=said.model_copy(update={"remaining_useful_life": rul})),
        content.MachineView(build.profile(2), prediction=known),
    )
    assert (
        "Not enough evidence 0 of 5 failures needed. Population of this age: 900 operating h (300 to 2,000)"
        in words(content.fleet_table(fleet, max_details=5))
    )


def test_hostile_text_shows_as_text_everywhere(build):
    profile = build.profile(1, title=HOSTILE, location=HOSTILE, manufacturer=HOSTILE)
    said = build.prediction(profile, crossing=True, anomaly=0.9, trend=True).model_copy(update={"reasons": (HOSTILE,)})
    order = build.order(said).model_copy(update={"title": HOSTILE, "steps": (HOSTILE,), "technician_reason": HOSTILE})
    case = build.case(said).model_copy(update={"summary": HOSTILE})
    view = content.MachineView(profile, prediction=said, package=build.package(said), orders=(order,), cases=(case,))
    page = everything(build.snapshot(view, workspace=HOSTILE), build)
    soup = BeautifulSoup(page, "html.parser")
    assert soup.find("script") is None
    assert soup.get_text(" ").count("<script>alert('x')</script>") >= 10


def test_simulated_data_are_marked(build):
    fleet = build.snapshot(*build.labelled_fleet(4).machines, simulated=True)
    assert "Simulated data" in words(content.header(fleet, title="Fleet health"))
    assert "come from a simulation" in words(content.method_notes(fleet))


def test_ids_are_unique_and_every_link_has_its_target(build):
    soup = BeautifulSoup(everything(build.labelled_fleet(), build), "html.parser")
    ids = [tag["id"] for tag in soup.find_all(id=True)]
    assert len(ids) == len(set(ids))
    targets = {a["href"][1:] for a in soup.select("a[href^='#']")}
    assert targets <= set(ids)


def test_model_table_says_what_was_measured_and_on_what(build):
    fleet = build.labelled_fleet(4)
    version = fleet.models[0].model_copy(
        update={"metrics": {"f1_critical": 0.49, "recall_critical": 0.7, "pr_auc": 0.836, "brier": None}}
    )
    said = words(content.model_table(build.snapshot(*fleet.machines, models=(version,))))
    assert "held-out machines (none on both sides)" in said
    assert "26 machines, 61 failures" in said
    assert "PR AUC 0.836, brier not available" in said
    assert "Critical or worse: F1 0.49, recall 0.7" in said


def test_outdated_predictions_are_owned_up_to(build):
    fleet = build.labelled_fleet(6)
    assert "older than" not in words(content.headline(fleet))
    retrained = fleet.models[0].model_copy(update={"version_id": "another"})
    said = words(content.headline(build.snapshot(*fleet.machines, models=(retrained,))))
    assert "4 predictions older than the data or from models no longer in use: renew with `workbench run`." in said
    later = build.snapshot(*fleet.machines, as_of=fleet.as_of + timedelta(days=9))
    assert later.outdated == 4
