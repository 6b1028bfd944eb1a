"""Alerts and cases of a workspace: from readings through the cycle to cases that people handle, and back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.conftest import made_once
from typer.testing import CliRunner

import workbench
from workbench.catalog import load_catalogue, templates
from workbench.cli import commands  # noqa: F401  (registers the commands)
from workbench.cli.main import app
from workbench.domain.base import Actor, Role
from workbench.domain.cases import Case, CaseKind, CaseState
from workbench.domain.observations import MachineData
from workbench.domain.predictions import Severity
from workbench.errors import InputError, InvalidDocument, NotFound, NotPermitted
from workbench.workflows.alerts import RULES_FILE, present_alerts
from workbench.workflows.cases import tell_of_cases
from workbench.workflows.cycle import run_cycle
from workbench.workspace import Workspace

START = datetime(2026, 1, 1, tzinfo=UTC)
PUMP, OTHER = "pump_test_001", "pump_test_002"
VIBRATION = "vibration_rms_mm_s"
DAYS = 40


def readings(rows: range, seed: int) -> pd.DataFrame:
    """Readings of a healthy pump, each hour."""
    rng = np.random.default_rng([seed, rows.start])
    n = len(rows)
    usual = {
        "load_pct": (70, 3),
        "ambient_temp_C": (20, 1),
        "suction_pressure_bar": (1.5, 0.05),
        "discharge_pressure_bar": (6, 0.1),
        "flow_m3_h": (50, 1),
        VIBRATION: (1.2, 0.1),
        "acceleration_rms_g": (0.5, 0.05),
        "bearing_temp_C": (50, 1),
        "power_kW": (11, 0.3),
    }
    times = [START + timedelta(hours=row) for row in rows]
    return pd.DataFrame({"time": times} | {name: rng.normal(*of, n) for name, of in usual.items()})


def take_in(ws: Workspace, machine_id: str, frame: pd.DataFrame) -> None:
    path = ws.path / f"{machine_id}_{frame['time'].iloc[0]:%Y%m%d%H}.csv"
    frame.to_csv(path, index=False)
    workbench.ingest(ws, path, machine_id=machine_id)
    ws.set_as_of(max(frame["time"].iloc[-1], ws.as_of()))


def _make(path: Path) -> None:
    with workbench.create_workspace(path, settings={"as_of": START.isoformat()}) as ws:
        for seed, machine_id in enumerate((PUMP, OTHER)):
            profile = path / f"{machine_id}.yaml"
            text = templates()["pump"].replace("pump_template_000", machine_id)
            profile.write_text(text.replace("site_id: plant_bremen", "site_id: main_site"))
            workbench.add_machine(ws, profile)
            take_in(ws, machine_id, readings(range(24 * DAYS), seed))


@pytest.fixture(scope="session")
def quiet_pumps(tmp_path_factory) -> Path:
    return made_once(tmp_path_factory, "pumps", _make)


@pytest.fixture
def pumps(quiet_pumps, tmp_path) -> Iterator[Workspace]:
    """Two healthy pumps, 40 days of hourly readings, no models."""
    shutil.copytree(quiet_pumps, tmp_path / "W")
    with Workspace.open(tmp_path / "W") as ws:
        yield ws


@pytest.fixture
def command(pumps):
    def run(*words: str) -> str:
        done = CliRunner().invoke(app, ["-w", str(pumps.path), *words], catch_exceptions=True)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.stdout

    return run


def loud(ws: Workspace, hours: int, value: float = 3.2, *, seed: int = 7) -> None:
    """Go on with readings whose vibration lies beyond the warning limit, a little different each time."""
    rows = _next(ws, hours)
    frame = readings(rows, seed)
    take_in(ws, PUMP, frame.assign(**{VIBRATION: value + np.linspace(0, 0.05, hours)}))


def _next(ws: Workspace, hours: int) -> range:
    first = int((ws.as_of() - START) / timedelta(hours=1)) + 1
    return range(first, first + hours)


def calm(ws: Workspace, hours: int) -> None:
    take_in(ws, PUMP, readings(_next(ws, hours), 3))


def limit_cases(ws: Workspace) -> list[Case]:
    return [case for case in workbench.list_cases(ws) if case.kind is CaseKind.LIMIT]


def test_a_warning_opens_a_case_that_clears_and_comes_back(pumps):
    loud(pumps, 2)
    [early] = workbench.predict(pumps, [PUMP])
    assert early.limit_crossings == ()
    loud(pumps, 2)
    run_cycle(pumps, [PUMP])
    (case,) = limit_cases(pumps)
    assert (case.cause, case.severity.value) == (f"limit:{VIBRATION}", "WARNING")
    calm(pumps, 8)
    [still] = workbench.predict(pumps, [PUMP])
    assert still.limit_crossings
    calm(pumps, 4)
    run_cycle(pumps, [PUMP])
    assert limit_cases(pumps) == []
    assert pumps.cases.get(case.case_id).resolved_by == ""
    loud(pumps, 5)
    run_cycle(pumps, [PUMP])
    (again,) = limit_cases(pumps)
    assert (again.case_id, again.reopened, again.state) == (case.case_id, 1, CaseState.OPEN)
    history = workbench.alert_history(pumps, PUMP, START + timedelta(days=DAYS))
    assert [(one.rule.sensor, one.ongoing) for one in history.episodes] == [(VIBRATION, False), (VIBRATION, True)]
    assert "slower than the 15 min" in history.notes[0]


def test_a_machine_without_readings_has_nothing_on():
    events = pd.DataFrame({"time": pd.DatetimeIndex([], tz="UTC"), "kind": [], "cause": []})
    for profile in load_catalogue().machines:
        nothing = pd.DataFrame({"time": pd.DatetimeIndex([], tz="UTC")})
        nothing = nothing.assign(**{sensor.name: np.empty(0) for sensor in profile.sensors})
        found = present_alerts(MachineData(profile, nothing, events), (), 30.0)
        assert (found.episodes, found.faults, found.judged) == ((), (), 0)


def test_a_stuck_sensor_makes_a_sensor_case_only_and_no_order(pumps):
    rows = _next(pumps, 30)
    take_in(pumps, PUMP, readings(rows, 5).assign(**{VIBRATION: 6.0}))
    run_cycle(pumps, [PUMP])
    found = [case for case in workbench.list_cases(pumps) if case.kind in (CaseKind.SENSOR, CaseKind.LIMIT)]
    assert [(case.cause, case.about_sensor) for case in found] == [(f"sensor:{VIBRATION}", True)]
    prediction = pumps.predictions.latest()[PUMP]
    assert prediction.limit_crossings == ()
    assert prediction.sensor_faults[0].kind.value == "stuck"
    assert any("stuck at 6" in reason for reason in prediction.reasons)
    assert pumps.orders.all() == []


def test_a_critical_limit_orders_work_only_after_its_delay(pumps):
    loud(pumps, 1, value=9.0)
    run_cycle(pumps, [PUMP])
    assert pumps.packages.latest()[PUMP].decision.rule != "critical_limit"
    loud(pumps, 1, value=9.1)
    run_cycle(pumps, [PUMP])
    assert pumps.packages.latest()[PUMP].decision.rule == "critical_limit"
    assert len(pumps.orders.open(PUMP)) == 1


def test_a_case_stays_open_while_its_sensor_is_faulty_and_a_silent_machine_gets_its_own(pumps):
    loud(pumps, 5)
    run_cycle(pumps, [PUMP])
    rows = _next(pumps, 8)
    frame = readings(rows, 5)
    frame[VIBRATION] = np.nan
    take_in(pumps, PUMP, frame)
    run_cycle(pumps, [PUMP])
    causes = {case.cause for case in workbench.list_cases(pumps)}
    assert {f"limit:{VIBRATION}", f"sensor:{VIBRATION}"} <= causes
    pumps.set_as_of(pumps.as_of() + timedelta(days=5))
    run_cycle(pumps, [PUMP])
    assert causes | {"inactivity"} == {case.cause for case in workbench.list_cases(pumps)}


def test_people_acknowledge_shelve_and_resolve(pumps, command):
    loud(pumps, 5)
    run_cycle(pumps, [PUMP])
    (case,) = json.loads(command("cases", "list", "--json"))["cases"]
    short = case["case_id"][:8]
    viewer = Actor(id="vera", role=Role.VIEWER)
    with pytest.raises(NotPermitted, match="acknowledge, shelve and resolve cases"):
        workbench.acknowledge_case(pumps, short, actor=viewer)
    assert "acknowledged" in command("cases", "ack", short, "--note", "looking")
    until = pumps.as_of() + timedelta(days=2)
    with pytest.raises(InputError, match="is not after"):
        workbench.shelve_case(pumps, short, until=pumps.as_of(), reason="later")
    with pytest.raises(InputError, match="was not shelved: no reason"):
        workbench.shelve_case(pumps, short, until=until, reason=" ")
    shelved = command("cases", "shelve", short, "--until", until.isoformat(), "--reason", "overhaul")
    assert "shelved until" in shelved
    assert workbench.list_cases(pumps)[0].state is CaseState.SHELVED
    pumps.set_as_of(until)
    assert workbench.list_cases(pumps)[0].state is CaseState.OPEN
    with pytest.raises(InputError, match="was not resolved") as refused:
        workbench.resolve_case(pumps, short, note="")
    assert "Say what was found" in str(refused.value)
    assert "--note" not in str(refused.value)
    assert "seen 1 time, reopened 0 times" in command("cases", "show", short)
    assert "resolved" in command("cases", "resolve", short, "--note", "coupling aligned")
    assert "resolved already" in command("cases", "resolve", short, "--note", "again")
    assert "No case is open." in command("cases", "list")
    assert "coupling aligned" in command("cases", "show", short)
    with pytest.raises(NotFound):
        workbench.resolve_case(pumps, "nothing", note="x")


def test_rules_of_the_plant_are_read_checked_and_change_the_run(pumps, command):
    first = run_cycle(pumps, [PUMP]).results[0]["run_id"]
    path = pumps.path / RULES_FILE
    path.write_text(
        f"- {{name: one, machine: pump_test_009, sensor: {VIBRATION}, warning_high: 1}}\n"
        "- {name: two, type: pump, sensor: colour, warning_high: 1}\n"
    )
    with pytest.raises(InvalidDocument) as caught:
        workbench.alert_rules(pumps, PUMP)
    assert [fault.split(":")[0] for fault in caught.value.faults] == ["rule one", "rule two"]
    path.write_text(
        f"- {{name: one, sensor: {VIBRATION}}}\n- {{name: two, sensor: {VIBRATION}, warning_high: high, colour: red}}\n"
    )
    with pytest.raises(InvalidDocument) as caught:
        workbench.predict(pumps, [PUMP])
    assert len(caught.value.faults) == 3
    path.write_text(
        f"- name: tight\n  machine: {PUMP}\n  sensor: {VIBRATION}\n  warning_high: 1.0\n  source: the maker\n"
    )
    rules = {rule.key: rule for rule in workbench.alert_rules(pumps, PUMP)}
    assert rules[VIBRATION, "above", "WARNING"].source == "rule tight: the maker"
    assert (VIBRATION, "above", "CRITICAL") not in rules
    assert "rule tight: the maker" in " ".join(command("alerts", "rules", PUMP).split())
    second = run_cycle(pumps, [PUMP])
    assert second.results[0]["run_id"] != first
    assert [c.limit for c in pumps.predictions.latest()[PUMP].limit_crossings] == [1.0]
    assert pumps.cases.open(OTHER) == []


def test_history_and_figures_of_the_plant(pumps, command):
    loud(pumps, 5)
    calm(pumps, 12)
    found = workbench.alarm_figures(pumps)
    assert (found.machines, found.alerts, found.cases) == (2, 1, 0)
    assert found.alerts_per_machine_week.value == pytest.approx(1 / (2 * 30 / 7))
    assert found.top_offenders[0].machine_id == PUMP
    assert "alerts per machine-week" in command("alerts", "figures")
    assert json.loads(command("alerts", "figures", "--json"))["alerts"] == 1
    assert "(cleared)" in " ".join(command("alerts", "history", PUMP).split())
    past = workbench.alert_history(pumps, PUMP, end=START + timedelta(days=10))
    assert (past.episodes, past.judged) == ((), 241)
    for wrong in ({"start": datetime(2026, 1, 5)}, {"start": pumps.as_of() + timedelta(days=1)}):  # noqa: DTZ001
        with pytest.raises(InputError):
            workbench.alert_history(pumps, PUMP, **wrong)
    with pytest.raises(InputError, match="operators"):
        workbench.alarm_figures(pumps, operators=0)


def test_a_shelved_case_stays_shelved_while_its_cause_comes_and_goes(pumps):
    loud(pumps, 5)
    run_cycle(pumps, [PUMP])
    (case,) = limit_cases(pumps)
    until = pumps.as_of() + timedelta(days=1)
    workbench.shelve_case(pumps, case.case_id, until=until, reason="overhaul")
    calm(pumps, 12)
    run_cycle(pumps, [PUMP])
    loud(pumps, 5)
    run_cycle(pumps, [PUMP])
    (still,) = limit_cases(pumps)
    assert (still.case_id, still.state, still.shelved_until, still.reopened) == (
        case.case_id, CaseState.SHELVED, until, 0,
    )  # fmt: skip
    calm(pumps, 24)
    run_cycle(pumps, [PUMP])
    assert limit_cases(pumps) == [], "the time is up and the cause is gone"


def test_who_looks_after_a_case_still_does_when_its_cause_returns_but_not_after_they_closed_it(pumps):
    olga = Actor(id="olga", role=Role.OPERATOR)
    loud(pumps, 5)
    run_cycle(pumps, [PUMP])
    (case,) = limit_cases(pumps)
    workbench.acknowledge_case(pumps, case.case_id, actor=olga)
    calm(pumps, 12)
    run_cycle(pumps, [PUMP])
    loud(pumps, 5)
    run_cycle(pumps, [PUMP])
    (again,) = limit_cases(pumps)
    assert (again.state, again.acknowledged_by, again.reopened) == (CaseState.ACKNOWLEDGED, "olga", 1)
    workbench.resolve_case(pumps, case.case_id, note="coupling aligned", actor=olga)
    loud(pumps, 2)
    run_cycle(pumps, [PUMP])
    (anew,) = limit_cases(pumps)
    assert (anew.state, anew.acknowledged_by) == (CaseState.OPEN, "")


def _low_flow(seen: datetime) -> Case:
    return Case(
        case_id="c", machine_id=PUMP, cause="limit:flow_m3_h", kind=CaseKind.LIMIT, severity=Severity.WARNING,
        opened_at=seen, last_seen_at=seen, summary="flow is low",
    )  # fmt: skip


def _told(ws: Workspace) -> list[tuple[str, str]]:
    return sorted((one.recipient, one.subject) for one in ws.notices.all() if one.kind == "case")


def test_the_manager_of_the_site_is_told_once_of_what_a_run_found_and_no_order_tells(pumps):
    loud(pumps, 5)
    run_cycle(pumps)
    title = f"1 new case at {pumps.sites.get('main_site').title}"
    assert _told(pumps) == [("manager:main_site", title)]
    first = next(one.body for one in pumps.notices.all())
    assert "Vibration velocity, RMS, at the bearing housing" in first
    assert PUMP in first
    take_in(pumps, OTHER, readings(range(24 * DAYS, 24 * DAYS + 30), 5).assign(**{VIBRATION: 6.0}))
    run_cycle(pumps)
    assert [subject for _, subject in _told(pumps)] == [title, title.replace("1 new case", "2 new cases")]
    second = next(one.body for one in pumps.notices.all() if OTHER in one.body)
    assert "Have the instrument Vibration velocity, RMS, at the bearing housing checked" in second
    assert "warning limit" not in second
    run_cycle(pumps)
    assert len(_told(pumps)) == 2


def test_a_silent_machine_is_told_and_a_case_that_an_order_tells_of_is_not(pumps):
    loud(pumps, 2, value=9.0)
    run_cycle(pumps, [PUMP])
    assert pumps.orders.open(PUMP)
    assert _told(pumps) == []
    pumps.set_as_of(pumps.as_of() + timedelta(days=5))
    run_cycle(pumps)
    assert [subject for _, subject in _told(pumps)] == [f"2 new cases at {pumps.sites.get('main_site').title}"]
    assert "No reading since" in next(one.body for one in pumps.notices.all() if one.kind == "case")


def test_a_case_that_somebody_shelved_or_that_flickers_is_not_told_again(pumps):
    loud(pumps, 5)
    run_cycle(pumps, [PUMP])
    calm(pumps, 12)
    run_cycle(pumps, [PUMP])
    loud(pumps, 5)
    run_cycle(pumps, [PUMP])
    assert limit_cases(pumps)[0].reopened == 1
    assert len([one for one in pumps.notices.all() if "warning limit" in one.body]) == 1


def test_whoever_looked_after_a_case_before_anybody_was_told_hears_when_it_gets_worse(pumps):
    olga = Actor(id="olga", role=Role.OPERATOR)
    seen = START + timedelta(days=DAYS)
    case = _low_flow(seen)
    change = pumps.change("seen")
    pumps.cases.observe(case, change)
    workbench.acknowledge_case(pumps, "c", actor=olga)
    tell_of_cases(pumps, seen, olga)
    assert _told(pumps) == []
    worse = {"severity": Severity.CRITICAL, "last_seen_at": seen + timedelta(hours=1), "summary": "flow is very low"}
    pumps.cases.observe(case.model_copy(update=worse), change)
    for _ in range(2):
        tell_of_cases(pumps, seen + timedelta(hours=1), olga)
    assert len(_told(pumps)) == 1
    assert "very low" in pumps.notices.all()[0].body


def test_the_manager_hears_again_of_a_case_that_somebody_closed_and_whose_cause_is_back(pumps):
    olga = Actor(id="olga", role=Role.OPERATOR)
    seen = START + timedelta(days=DAYS)
    case = _low_flow(seen)
    change = pumps.change("seen")
    pumps.cases.observe(case, change)
    tell_of_cases(pumps, seen, olga)
    for hour in (1, 2):
        back = seen + timedelta(hours=hour)
        pumps.cases.resolve("c", change, at=back - timedelta(minutes=30), by="olga", note="valve opened")
        pumps.cases.observe(case.model_copy(update={"last_seen_at": back}), change)
        for _ in range(2):
            tell_of_cases(pumps, back, olga)
        assert len(_told(pumps)) == 1 + hour
