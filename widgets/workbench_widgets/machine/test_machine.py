"""The machine page's view model: what is shown, what is said when something is missing, and what the actions do."""

from __future__ import annotations

import asyncio
import json
import threading
from datetime import timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

import workbench
from workbench.domain.base import stable_id
from workbench.domain.closeout import Findings
from workbench.domain.equipment import Limits, MachineStatus, Sensor
from workbench.domain.explanations import Explanation, SourceContribution
from workbench.domain.observations import EventKind
from workbench.domain.predictions import Diagnosis, Evidence, Interval, ModeProbability, RemainingUsefulLife
from workbench.errors import NotFound
from workbench.workflows.orders import assign_order, close_order, start_order
from workbench_widgets import pages

from .conftest import END, FAN, SILENT, a_case, a_prediction
from .page import MachinePage
from .sensors import _chart, _columns, _domain, sensor_charts
from .site_time import time_ticks
from .subject import subject_of

HOSTILE = "<script>alert('x')</script> \"quoted\" \u202eright to left"


def shown(ws, machine_id=FAN):
    page = MachinePage(ws, machine_id)
    page.refresh()
    assert page.fault == {}
    return page


def said_instead(ws, **changed):
    """Show the fan with a later prediction than the plant's own."""
    ws.predictions.add(a_prediction(prediction_id=stable_id(*map(str, changed)), **changed), ws.change("test"))
    return shown(ws).machine


class TestWhatIsShown:
    def test_header_says_who_where_how_and_why(self, plant):
        header = shown(plant).machine["header"]
        assert header["title"] == plant.machines.get(FAN).title
        assert header["look"]["word"] == "Critical"
        assert header["status"]["word"] == "Online"
        assert (
            header["headline"] == "Pressure drop across the inlet filter is 326.1 Pa, above its warning limit 280 Pa."
        )
        assert header["score"] == 21
        assert header["week"] == "90\xa0%"

    def test_times_are_in_the_zone_of_the_site(self, plant):
        page = shown(plant)
        assert page.machine["header"]["as_of"] == "1 Jan 2026 01:00 CET"
        assert page.sensors["zone"] == "Europe/Warsaw"

    def test_health_has_words_and_figures_and_tells_shown_from_observed(self, plant):
        health = shown(plant).machine["health"]
        assert [(s["look"]["word"], s["percent"]) for s in health["states"]][:2] == [
            ("Critical", "50\xa0%"),
            ("Warning", "37\xa0%"),
        ]
        assert "says Warning" in health["differs"]
        assert [(span["period"], span["percent"]) for span in health["failing"]][1] == ("7 days", "90\xa0%")

    def test_remaining_life_lies_on_an_axis_with_dates(self, plant):
        life = shown(plant).machine["life"]
        axis = life["axis"]
        assert 0 < axis["lower"] < axis["median"] < axis["upper"] < 1
        assert not axis["open"]
        assert (life["expected"], life["between"]) == ("3 Jan 2026", "2 to 5 Jan 2026")
        assert [tick["label"] for tick in axis["ticks"]] == ["2 Jan", "3 Jan", "4 Jan", "5 Jan"]

    def test_diagnosis_is_ordered_and_names_its_method(self, plant):
        diagnosis = shown(plant).machine["diagnosis"]
        assert [mode["title"] for mode in diagnosis["modes"]] == ["Filter clogging", "Unknown cause"]
        assert "classifier" in diagnosis["method"]

    def test_anomaly_tells_which_sensors_stand_out(self, plant):
        anomaly = shown(plant).machine["anomaly"]
        assert anomaly["is_anomaly"]
        assert [s["stands_out"] for s in anomaly["sensors"]] == [True, False]
        assert anomaly["sensors"][1]["deviation"] == "−0.8"
        assert anomaly["sensors"][1]["share"] < 0

    def test_both_courses_of_action_stand_side_by_side(self, plant):
        decision = shown(plant).machine["decision"]
        assert decision["act"]
        assert not decision["reason"].startswith("Act")
        total = next(row for row in decision["rows"] if row["total"])
        assert (total["failure"]["amount"], total["planned"]["amount"]) == ("2,970\xa0EUR", "474\xa0EUR")
        assert decision["recommendations"][0]["saving"] == "2,496\xa0EUR"
        assert decision["recommendations"][0]["reason"] == ""
        assert decision["similar"][0]["downtime"] == "4 h"

    def test_what_each_sensor_adds_is_shown_where_the_prediction_was_explained(self, plant):
        assert shown(plant).machine["why"] == []
        said = subject_of(plant, FAN).prediction
        parts = (("filter_drop_Pa", True, 1.5), ("age", False, -0.5))
        plant.explanations.add(
            Explanation(
                explanation_id="e1",
                prediction_id=said.prediction_id,
                machine_id=FAN,
                as_of=said.as_of,
                task="health",
                version_id="v1",
                scope="fleet",
                output="failure within 168 operating hours",
                method="tree_shap",
                units="log-odds",
                base_value=-1.0,
                margin=0.0,
                features=(),
                rest=1.0,
                sources=tuple(SourceContribution(source=s, is_sensor=i, contribution=c) for s, i, c in parts),
                answer=0.5,
                to_answer="calibrated",
            ),
            plant.change("test"),
        )
        (why,) = shown(plant).machine["why"]
        assert [(one["share"], one["adds"]) for one in why["sources"]] == [(1.0, "+1.5"), (-1 / 3, "−0.5")]
        assert "50\u00a0% after calibration" in why["text"]

    def test_order_shows_who_when_on_site_and_after_closing_what_was_found(self, plant):
        lead, helper = (person.technician_id for person in plant.technicians.all()[:2])
        names = [plant.technicians.get(one).title for one in (lead, helper)]
        order = workbench.raise_ticket(plant, FAN, "Filter clogged", labour_h=2)
        assign_order(plant, order.number, lead, END + timedelta(hours=5), colleagues=[helper], reason="knows it")
        (planned,) = shown(plant).machine["work"]["standing"]
        facts = dict(planned["facts"])
        assert planned["state"] == "Scheduled"
        assert facts["Planned for"] == "1 Jan 2026 06:00 CET"
        assert facts["Technicians"] == ", ".join(names)
        assert "knows it" in planned["why_technician"]
        assert "Found" not in facts
        start_order(plant, order.number)
        (begun,) = shown(plant).machine["work"]["standing"]
        assert begun["state"] == "In progress"
        assert dict(begun["facts"])["Begun"] == "1 Jan 2026 01:00 CET"
        findings = Findings(
            found="filter_clogging", done="cleaned", as_found="degraded", hours_worked=1.5, note="dusty"
        )
        close_order(plant, order.number, findings)
        (closed,) = shown(plant).machine["work"]["past"]
        facts = dict(closed["facts"])
        assert (closed["state"], facts["Closed"]) == ("Done", "1 Jan 2026 01:00 CET")
        assert facts["Found"] == "Filter clogging (degraded)"
        assert facts["Done"] == "cleaned, 1.5 h of labour"
        assert facts["Note"] == "dusty"
        assert "EUR" in facts["Actual cost"]

    def test_everything_is_plain_json(self, plant):
        page = shown(plant)
        for value in (page.machine, page.sensors, page.machines, page.code):
            json.dumps(value, allow_nan=False)

    def test_reading_again_changes_nothing_when_nothing_changed(self, plant):
        page = shown(plant)
        seen = []
        page.observe(lambda change: seen.append(change["name"]), ["machine", "sensors", "machines", "code"])
        page.refresh()
        assert seen == []

    def test_every_line_of_shown_code_runs(self, plant):
        page = shown(plant)
        for name, code in page.code.items():
            exec(compile(code, name, "exec"), {"ws": plant, "workbench": workbench})  # noqa: S102
        assert {job.kind.value for job in plant.jobs.recent()} == {"report", "cycle"}


class TestWhenSomethingIsMissing:
    def test_no_evidence_says_why_and_labels_the_population(self, plant):
        why = Evidence(enough=False, reasons=("no monotone trend",))
        rul = RemainingUsefulLife(
            life_unit="operating_h", evidence=why, basis="population", life=Interval(median=800, lower=70, upper=2900)
        )
        life = said_instead(plant, remaining_useful_life=rul, data_until=None)["life"]
        assert life["why"] == "Not enough evidence: no monotone trend."
        assert life["basis"] == "population"
        # The population's life is no date on which this machine is expected to fail.
        assert life["expected"] == ""
        assert life["axis"]["caption"] == "Operating h"

    def test_no_life_at_all(self, plant):
        why = Evidence(enough=False, reasons=("fewer than 5 failures",))
        rul = RemainingUsefulLife(life_unit="operating_h", evidence=why, basis="none")
        machine = said_instead(
            plant,
            remaining_useful_life=rul,
            health_evidence=why,
            health_state=None,
            observed_state=None,
            health_probabilities=None,
            health_score=None,
            anomaly=None,
            anomaly_evidence=Evidence(enough=False, reasons=("12 of 50 readings",)),
        )
        assert machine["life"] == {"why": "Not enough evidence: fewer than 5 failures.", "axis": {}, "basis": "none"}
        assert machine["health"]["states"] == []
        assert machine["health"]["failing"] == []
        assert machine["anomaly"]["why"] == "Not enough evidence: 12 of 50 readings."
        assert machine["header"]["look"]["word"] == "Not enough evidence"
        assert machine["header"]["score"] is None

    def test_open_interval_is_not_given_an_end(self, plant):
        rul = RemainingUsefulLife(
            life_unit="operating_h",
            evidence=Evidence(enough=True),
            basis="model",
            life=Interval(median=500, lower=190, upper=720, upper_open=True),
            expected_failure_at=tuple(END + timedelta(days=d) for d in (8, 20, 30)),
        )
        life = said_instead(plant, remaining_useful_life=rul)["life"]
        assert life["expected"] == "not before 9 Jan 2026"
        assert life["axis"]["open"]
        assert life["axis"]["upper"] == 1.0
        assert life["text"].startswith("more than 190")

    def test_unknown_cause(self, plant):
        unknown = Diagnosis(modes=(ModeProbability(mode="unknown", probability=1.0),), method="unknown")
        diagnosis = said_instead(plant, diagnosis=unknown)["diagnosis"]
        assert diagnosis["modes"] == []
        assert "inspected" in diagnosis["why"]

    def test_machine_that_never_said_anything(self, plant):
        page = shown(plant, SILENT)
        assert page.machine["header"]["headline"] == "No prediction was made for this machine."
        assert page.machine["header"]["last_reading"] == "never"
        assert page.sensors["why"] == "This machine has no readings yet."
        assert page.sensors["charts"] == []
        assert page.machine["events"]["total"] == 0
        assert page.machine["work"]["standing"] == []
        assert "Run the cycle" in page.machine["decision"]["why"]

    def test_machine_out_of_service_is_not_called_healthy(self, plant):
        plant.machines.set_status(FAN, MachineStatus.OFFLINE, plant.change("test"))
        header = shown(plant).machine["header"]
        assert header["look"]["color"] == "offline"
        assert header["headline"].startswith("No reading since 1 Jan 2026")

    def test_no_reading_in_the_days_shown_names_the_last(self, plant):
        plant.set_as_of(END + timedelta(days=40))
        assert shown(plant).sensors["why"].endswith("the last one is of 1 Jan 2026 01:00 CET.")

    def test_unknown_machine(self, plant):
        with pytest.raises(NotFound, match=FAN):
            pages.machine(plant, FAN[:-1])
        page = shown(plant)
        page.machine_id = "fan_nicotra_gebhardt_rdh_015"
        assert FAN in page.machine["remedy"]
        assert page.fault == {}
        assert len(page.machines) == 2

    def test_nothing_later_than_as_of_is_shown(self, plant):
        plant.set_as_of(END - timedelta(days=10))
        page = shown(plant)
        assert page.machine["header"]["headline"] == "No prediction was made for this machine."
        assert page.machine["work"]["cases"] == []
        assert max(page.sensors["times"]) <= (END - timedelta(days=10)).timestamp() * 1000


class TestSensorCharts:
    def test_what_matters_comes_first_and_is_judged(self, plant):
        first, *_, last = shown(plant).sensors["charts"]
        assert first["name"] == "filter_drop_Pa"
        assert first["notes"] == ["Above the warning limit since 31 Dec 2025 01:00 CET."]
        assert {limit["text"] for limit in first["limits"]} == {"warning above 280\xa0Pa", "critical above 380\xa0Pa"}
        assert last["name"] in ("load_pct", "ambient_temp_C")

    @pytest.mark.parametrize("days", [7, 30, 90])
    def test_least_and_greatest_values_survive_and_the_page_stays_small(self, plant, days):
        charts = sensor_charts(plant, subject_of(plant, FAN), days)
        frame = plant.telemetry.read(FAN, start=END - timedelta(days=days), end=END)
        chart = next(chart for chart in charts["charts"] if chart["name"] == "flow_m3_h")
        drawn = [value for part in ("low", "high") for value in chart[part] if value is not None]
        assert len(charts["times"]) <= 300
        assert max(drawn) == pytest.approx(frame["flow_m3_h"].max(), rel=1e-4)
        assert min(drawn) == pytest.approx(frame["flow_m3_h"].min(), rel=1e-4, abs=1e-9)
        assert len(json.dumps(charts)) < 120_000

    def test_gaps_stay_gaps(self):
        hours = [0, 1, 2, 8, 9]
        frame = pd.DataFrame({"time": [END + timedelta(hours=hour) for hour in hours], "count": 1})
        _, rows = _columns(frame, timedelta(hours=1))
        assert rows == [0, 1, 2, None, 3, 4]

    def test_rare_readings_are_no_gaps(self):
        frame = pd.DataFrame({"time": [END + timedelta(days=day) for day in range(5)], "count": 1})
        _, rows = _columns(frame, timedelta(hours=1))
        assert rows == [0, 1, 2, 3, 4]

    def test_a_value_that_is_missing_is_a_gap_of_that_sensor_alone(self, plant):
        subject = subject_of(plant, FAN)
        sensor = subject.profile.sensor("flow_m3_h")
        frame = pd.DataFrame({f"flow_m3_h_{part}": [1.0, float("nan"), 3.0] for part in ("min", "max", "mean")})
        chart = _chart(sensor, subject, frame, [0, 1, 2], pd.Series({"flow_m3_h": 3.0}))
        assert chart["mean"] == [1.0, None, 3.0]
        other = _chart(subject.profile.sensor("current_A"), subject, frame, [0, 1, 2], pd.Series(dtype=float))
        assert other["why"] == "No values of this sensor in this time."

    def test_a_limit_far_away_does_not_press_the_readings_flat(self):
        sensor = Sensor(
            name="t",
            quantity="temperature",
            unit="degC",
            normal_low=20,
            normal_high=40,
            physical_low=0,
            physical_high=1000,
            limits=Limits(warning_high=50, critical_high=900),
        )
        low, high = _domain([25, 45], sensor)
        assert low < 20
        assert 50 <= high < 60

    def test_another_number_of_days_is_read(self, plant):
        page = shown(plant)
        page.days = 7
        assert page.sensors["days"] == 7
        assert "timedelta(days=7)" in page.code["sensors"]
        page.days = 12345
        assert page.sensors["days"] == 30

    def test_events_stand_on_the_axis(self, plant):
        page = shown(plant)
        frame = plant.events.frame(FAN, until=END)
        recent = frame[frame["time"] >= END - timedelta(days=30)]
        assert len(page.sensors["events"]) == len(recent) > 0
        assert page.machine["events"]["total"] == len(frame)
        kinds = {row["kind"] for row in page.machine["events"]["kinds"]}
        assert kinds == set(frame["kind"]) <= {kind.value for kind in EventKind}

    def test_ticks_are_midnights_of_the_site_through_a_clock_change(self):
        zone = ZoneInfo("Europe/Berlin")
        ticks = time_ticks(END.replace(month=3, day=28), END.replace(month=4, day=1), zone)
        assert [(at.hour, label) for at, label in ticks] == [
            (0, "29 Mar"),
            (0, "30 Mar"),
            (0, "31 Mar"),
            (0, "1 Apr"),
        ]


class TestSwitching:
    def test_another_machine_is_never_shown_under_a_name(self, plant):
        page = shown(plant)
        for machine_id in (SILENT, FAN, SILENT):
            page.machine_id = machine_id
            assert page.machine["machine_id"] == page.sensors["machine_id"] == machine_id

    def test_a_slow_reading_of_the_machine_before_is_dropped(self, plant):
        page = shown(plant)
        slow, begun = threading.Event(), threading.Event()
        read = page.read

        def read_slowly():
            values = read()
            begun.set()
            slow.wait(10)
            return values

        async def switch():
            page.read = read_slowly
            page.vue_refresh()
            await asyncio.to_thread(begun.wait, 10)
            page.read = read
            page.machine_id = SILENT
            assert page.machine == {}
            assert page.sensors == {}
            page.observe(lambda change: assert_own(page), ["machine", "sensors"])
            slow.set()
            while page.reading:
                await asyncio.gather(*page._tasks)

        asyncio.run(switch())
        assert page.machine["machine_id"] == page.sensors["machine_id"] == SILENT

    def test_what_was_asked_for_another_machine_is_not_shown(self, plant):
        page = shown(plant)
        page.raise_ticket("Noise")
        page.machine_id = SILENT
        assert page.outcome == {}
        assert page.job is None


def assert_own(page):
    for shown_ in (page.machine, page.sensors):
        assert shown_ == {} or shown_["machine_id"] == page.machine_id


class TestActions:
    def test_ticket_becomes_an_order(self, plant):
        page = shown(plant)
        page.vue_raise_ticket({"title": " Noise ", "steps": "Stop it.\n\n Look. ", "priority": "URGENT"})
        order = plant.orders.open(FAN)[0]
        assert (order.title, order.priority, order.raised_by) == ("Noise", 2, "hand")
        assert order.number in page.outcome["title"]
        assert not page.busy
        assert page.machine["work"]["standing"][0]["number"] == order.number
        assert "Stop it." in page.machine["work"]["standing"][0]["steps"]
        exec(page.outcome["code"], {"ws": plant, "workbench": workbench})  # noqa: S102
        assert [order.title for order in plant.orders.of_machine(FAN)] == ["Noise", "Noise"]

    @pytest.mark.parametrize("title", ["", "   ", "x" * 201])
    def test_ticket_without_a_fit_title_is_refused_in_words(self, plant, title):
        page = shown(plant)
        page.raise_ticket(title)
        assert page.faults["title"]
        assert plant.orders.of_machine(FAN) == []

    def test_ticket_with_a_novel_is_refused_in_words(self, plant):
        page = shown(plant)
        page.raise_ticket("Noise", "x" * 10_001)
        assert list(page.faults) == ["steps"]
        assert plant.orders.of_machine(FAN) == []

    def test_a_second_click_is_not_a_second_order(self, plant):
        page = shown(plant)

        async def twice():
            page.raise_ticket("Noise")
            page.raise_ticket("Noise again")
            while page.busy or page.reading:
                await asyncio.gather(*page._tasks)

        asyncio.run(twice())
        assert [order.title for order in plant.orders.of_machine(FAN)] == ["Noise"]

    @pytest.mark.parametrize("kind", ["report", "cycle"])
    def test_job_is_queued_and_followed(self, plant, kind):
        page = shown(plant)
        page.vue_submit(kind)
        job = plant.jobs.recent()[0]
        assert job.kind.value == kind
        assert page.job.job_id == job.job_id
        assert page.job.worker, "no worker lives here, and the page says so"
        before = page.refreshed_at
        page.job.cancel()
        assert page.refreshed_at > before, "what a job changed is shown as soon as it has ended"
        page.vue_dismiss()
        assert page.job is None

    def test_what_cannot_be_submitted_is_ignored(self, plant):
        page = shown(plant)
        page.vue_submit("train")
        assert plant.jobs.recent() == []


class TestHostileText:
    def test_stays_text(self, plant):
        profile = plant.machines.get(FAN).model_copy(update={"title": HOSTILE * 100, "location": HOSTILE})
        plant.machines.update(profile, plant.change("test"))
        plant.cases.observe(a_case(case_id="c2", cause="other", summary=HOSTILE), plant.change("test"))
        page = shown(plant)
        page.raise_ticket(HOSTILE, HOSTILE)
        assert page.machine["header"]["title"] == HOSTILE * 100
        assert HOSTILE in " ".join(page.machine["header"]["plate"])
        assert page.machine["work"]["standing"][0]["title"] == HOSTILE
        assert any(HOSTILE in case["summary"] for case in page.machine["work"]["cases"])
        before = len(plant.orders.of_machine(FAN))
        exec(page.outcome["code"], {"ws": plant, "workbench": workbench})  # noqa: S102
        assert len(plant.orders.of_machine(FAN)) == before + 1

    def test_no_view_renders_markup_of_others(self):
        from pathlib import Path

        for file in Path(__file__).parent.parent.rglob("*.vue"):
            assert "v-html" not in file.read_text("utf-8"), file
