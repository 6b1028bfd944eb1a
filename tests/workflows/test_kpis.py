"""Key figures of a workspace: from readings, events, orders and close-outs that are recorded, to the command and the report."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from bs4 import BeautifulSoup
from tests.conftest import made_once
from tests.test_cli import Shell

import workbench
from workbench.domain.observations import AssetEvent, EventKind
from workbench.domain.plans import PlannedWork, WorkPlan
from workbench.domain.work import Priority
from workbench.errors import InputError, NotFound
from workbench.reports.content import kpi_table, machine_kpis
from workbench.workflows.onboard import add_catalogue, create_workspace
from workbench.workspace import Workspace

START = datetime(2025, 12, 22, tzinfo=UTC)
NOW = START + timedelta(days=14)
CNC, PUMP = "cnc_haas_vf2_011", "pump_grundfos_cr3_004"
# Of each day: 5 h of production, one lost to a failure on the third day, 2 idle, 17 stopped by plan.
DAY = ["RUNNING"] * 5 + ["IDLE"] * 2 + ["PLANNED_STOP"] * 17


def _make(path: Path) -> None:
    with create_workspace(path, settings={"as_of": NOW.isoformat(), "currency": "EUR"}) as ws:
        add_catalogue(ws, only=(CNC, PUMP))
        for machine_id, days in ((CNC, 14), (PUMP, 7)):
            profile = ws.machines.get(machine_id)
            states = DAY * days
            states[2 * 24] = "DOWN"
            columns = {sensor.name: sensor.normal_high for sensor in profile.sensors}
            frame = pd.DataFrame({"time": pd.date_range(START, periods=len(states) + 1, freq="h")[1:], "state": states})
            frame = frame.assign(**columns)
            if machine_id == CNC:
                made = (frame["state"] == "RUNNING") * 10.0
                frame = frame.assign(total_count=made, good_count=made * 0.9, spindle_power_kW=4.0)
            table = pa.Table.from_pandas(frame, preserve_index=False)
            ws.telemetry.store(
                table, {machine_id: profile}, source=machine_id, change=ws.change("test"), machine_id=machine_id
            )
        failed = AssetEvent(
            machine_id=CNC,
            time=START + timedelta(hours=49),
            kind=EventKind.FAILURE,
            cause="tool_wear",
            source="cmms.csv",
        )
        ws.events.add([failed], ws.change("test"))


@pytest.fixture(scope="session")
def counted_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "counted", _make)


@pytest.fixture
def counted(counted_path: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A copy of two machines with readings by hand, to be changed at will."""
    shutil.copytree(counted_path, tmp_path / "W")
    with Workspace.open(tmp_path / "W") as ws:
        yield ws


def test_figures_are_those_computed_by_hand(counted):
    found = workbench.kpis(counted)
    assert (found.start, found.end) == (START, NOW)
    own = found.machine(CNC)
    value = {figure.name: figure.value for figure in own.figures}
    assert value["availability"] == pytest.approx(69 / 98)
    assert value["performance"] == pytest.approx(1.0)
    assert value["oee"] == pytest.approx(69 / 98 * 0.9)
    assert value["mtbf_h"] == pytest.approx(69)
    assert value["mean_down_time_h"] == pytest.approx(1)
    assert value["energy_kWh"] == pytest.approx(4 * 69)
    assert "no rated output_per_h" in own.figure("performance").source
    # Together: the pump has half the days and neither counts nor failures.
    assert found.figure("operational_availability").value == pytest.approx(1 - 2 / 147)
    assert found.figure("operating_h").value == 69 + 34
    assert found.figure("oee").value == pytest.approx(value["oee"])
    assert "1 of 2 machines, those with counts" in found.figure("oee").source
    assert found.figure("savings").lacks
    assert found.machine(PUMP).figure("oee").value is None


def test_period_site_and_machines_are_chosen(counted):
    week = workbench.kpis(counted, machine_ids=[CNC], start=START + timedelta(days=7))
    assert [one.machine_id for one in week.machines] == [CNC]
    assert week.figure("operating_h").value == 35
    assert week.figure("mtbf_h").n == 0
    assert week.figure("mtbf_h").value_text().startswith("over ")
    site = counted.machines.get(PUMP).site_id
    assert [one.machine_id for one in workbench.kpis(counted, site=site).machines] == [PUMP]
    # A later end than as-of would let unseen things in.
    assert workbench.kpis(counted, end=NOW + timedelta(days=9)).end == NOW
    with pytest.raises(NotFound):
        workbench.kpis(counted, site="atlantis")
    with pytest.raises(NotFound):
        workbench.kpis(counted, machine_ids=["cnc_haas_vf2_01"])
    with pytest.raises(InputError, match="None of the machines chosen"):
        workbench.kpis(counted, machine_ids=[CNC], site=site)
    with pytest.raises(InputError, match="is none"):
        workbench.kpis(counted, start=NOW)
    with pytest.raises(InputError, match="no time zone"):
        workbench.kpis(counted, start=datetime(2026, 1, 1))  # noqa: DTZ001


def test_a_plant_without_machines_or_readings_has_figures_that_say_why_not(counted, tmp_path):
    with create_workspace(tmp_path / "empty") as ws:
        none = workbench.kpis(ws)
        assert none.machines == ()
        assert {figure.name for figure in none.figures if figure.value is not None} == {"backlog_h"}
        assert kpi_table(none).html
        assert workbench.assess_criticality(ws).machines == ()
    counted.set_as_of(START - timedelta(days=1))
    before = workbench.kpis(counted)
    assert before.figure("mtbf_h").lacks.startswith("operating time is not known")
    assert before.figure("operational_availability").value is None


def test_work_that_was_closed_tells_repair_time_plan_and_savings(counted):
    order = workbench.raise_ticket(counted, PUMP, "Howls", failure_mode="bearing_wear")
    assert workbench.kpis(counted).figure("backlog_h").value == order.labour_h
    assert workbench.kpis(counted).backlog[0].skill == "mechanical"
    begun = NOW - timedelta(hours=10)
    counted.orders.update(
        order.model_copy(update={"created_at": NOW - timedelta(days=1), "scheduled_at": begun}), counted.change("test")
    )
    workbench.start_order(counted, order.number, at=begun)
    findings = workbench.Findings(
        found="bearing_wear", done="replaced", as_found="failed", hours_worked=6, active_repair_h=3,
        downtime_start=begun - timedelta(hours=2), downtime_end=begun + timedelta(hours=5),
    )  # fmt: skip
    workbench.close_order(counted, order.number, findings, at=NOW)
    found = workbench.kpis(counted)
    assert (found.figure("mttr_h").value, found.figure("mttr_h").n) == (3, 1)
    assert "1 of 5 needed" in found.figure("mttr_h").lacks
    assert found.figure("planned_share_orders").value == 0
    assert found.figure("planned_share_hours").source.startswith("6.0 hours worked")
    assert found.backlog == ()
    assert found.figure("backlog_h").value == 0


def test_fleet_of_180_days_takes_less_than_two_seconds(plant):
    workbench.kpis(plant)
    begin = time.process_time()
    found = workbench.kpis(plant)
    # Eight of 26 machines.
    assert time.process_time() - begin < 2 * 8 / 26
    assert found.simulated
    assert found.figure("mtbf_h").n > 10


def test_command_shows_each_figure_or_why_not(counted, tmp_path):
    counted.close()
    shell = Shell(tmp_path)
    said = shell("-w", "W", "kpis")
    assert "2 machines, 2025-12-22 00:00 to 2026-01-05 00:00 UTC" in said
    assert "no close-out of a failure tells" in " ".join(said.split())
    plain = json.loads(shell("-w", "W", "kpis", "-m", CNC, "--since", "2025-12-29", "--json"))
    assert {figure["name"]: figure["value"] for figure in plain["figures"]}["operating_h"] == 35


def test_report_section_tells_what_is_known_and_what_is_not(counted):
    found = workbench.kpis(counted)
    soup = BeautifulSoup(kpi_table(found).html, "html.parser")
    rows = {row.select("td")[0].text: [cell.text.replace("\u00a0", " ") for cell in row.select("td")[1:]]
            for row in soup.select(".table-kpis tbody tr")}  # fmt: skip
    assert rows["OEE"][0] == "63.4 %"
    assert rows["MTBF, operating time between failures"][2] == "1 failure"
    assert (
        "MTTR, active repair time: no close-out of a failure tells its active repair hours."
        in soup.select_one(".note").text
    )
    each = BeautifulSoup(machine_kpis(found).html, "html.parser").select(".table-machine-kpis tbody tr")
    assert len(each) == 2
    assert "Vertical machining centre" in each[0].text


def test_the_plan_published_last_says_when_an_order_was_to_be_done(counted):
    def plan(number: int, **ends: tuple[int, ...]) -> WorkPlan:
        shifts = [
            PlannedWork(
                order_id=order_id, number=order_id, title="x", machine_id=PUMP, site_id="plant_bremen", priority=Priority.HIGH,
                people=("ann",), names="Ann", starts_at=START, ends_at=START + timedelta(hours=end), when="x", reason="x",
            )
            for order_id, shifts in ends.items()
            for end in shifts
        ]  # fmt: skip
        return WorkPlan(
            plan_id=f"plan {number}", as_of=START, days=7, ends_at=NOW, assignments=tuple(shifts), deferred=(), unplannable=(),
            cost=0, cost_parts={}, bound=0, gap=0, sequence_gap=0, time_limit_s=1, workers=1, seed=0,
        )  # fmt: skip

    for number, ends in enumerate(({"one": (4, 30), "two": (6,)}, {"two": (9,)})):
        change = counted.change("test")
        counted.plans.publish(plan(number, **ends), change, change.at)
    counted.plans.add(plan(9, one=(99,)), counted.change("proposed only"))
    assert counted.plans.planned_ends() == {"one": START + timedelta(hours=30), "two": START + timedelta(hours=9)}
    assert workbench.kpis(counted).figure("schedule_compliance").n == 0
