"""The maintenance cycle: six recorded steps, done once for the same data, one open order per machine and cause."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from datetime import timedelta

import pytest
from tests.channels.mailbox import Mailbox

from workbench.channels import CircuitBreaker
from workbench.domain.base import Actor
from workbench.domain.runs import CYCLE_STEPS
from workbench.domain.work import OrderState
from workbench.errors import EnvironmentFailure, NotFound, WorkbenchError
from workbench.workflows import durable
from workbench.workflows.cycle import maintenance_cycle, run_cycle
from workbench.workflows.notices import send_notices
from workbench.workflows.score import predict
from workbench.workspace import Workspace

# Both need work.
MACHINES = ["fan_nicotra_gebhardt_rdh_014", "gearbox_sew_mc_016"]


def _state(ws) -> dict:
    """Everything a run leaves behind that people see."""
    return {
        "orders": sorted(order.model_dump_json() for order in ws.orders.all()),
        "reservations": sorted((r.order_id, r.part_id, r.quantity, r.state) for r in ws.parts.reservations()),
        "notices": sorted(notice.notice_id for notice in ws.notices.all()),
        "reports": sorted(report.report_id for report in ws.dispatch_reports.all()),
        "cases": sorted(case.case_id for case in ws.cases.all()),
        "history": Counter((entry.order_id, entry.event) for entry in ws.dispatch_history.all()),
    }


def test_each_machine_has_one_run_of_six_recorded_steps(ran):
    plant = ran
    runs = plant.runs.all(limit=1000)
    assert {run.machine_id for run in runs} == set(plant.machines.ids())
    assert {run.state for run in runs} == {"done"}
    for run in runs:
        steps = plant.runs.steps(run.run_id)
        assert [step.name for step in steps] == list(CYCLE_STEPS)
        assert [step.number for step in steps] == [1, 2, 3, 4, 5, 6]
        assert all(step.started_at <= step.ended_at for step in steps)
        assert all(step.details for step in steps if step.state == "skipped")


def test_work_is_ordered_exactly_where_the_decision_says_act(ran):
    plant = ran
    acting = {machine for machine, package in plant.packages.latest().items() if package.decision.act}
    assert acting, "the test plant must have a machine that needs work"
    assert {order.machine_id for order in plant.orders.open()} == acting
    for order in plant.orders.open():
        assert plant.dispatch_reports.for_order(order.order_id).steps == order.steps
        assert any(notice.order_id == order.order_id and notice.state == "sent" for notice in plant.notices.all())
        reserved = {r.part_id: r.quantity for r in plant.parts.reservations(order.order_id)}
        assert reserved == {line.part_id: line.reserve for line in order.parts if line.reserve}


def test_second_run_on_the_same_data_changes_nothing(ran):
    before = _state(ran)
    second = run_cycle(ran)
    assert second.repeated == len(second.results) == len(ran.machines.ids())
    assert {result["run_id"] for result in second.results} == {run.run_id for run in ran.runs.all(limit=1000)}
    assert _state(ran) == before


def test_later_finding_supports_the_open_order_instead_of_opening_another(plant):
    run_cycle(plant, MACHINES, as_of=plant.as_of() - timedelta(hours=1))
    before = {order.order_id: order.evidence for order in plant.orders.open()}
    run_cycle(plant, MACHINES)
    after = {order.order_id: order.evidence for order in plant.orders.open()}
    grown = [key for key in before if len(after[key]) == len(before[key]) + 1]
    assert grown
    pairs = [(order.machine_id, order.failure_mode) for order in plant.orders.open()]
    assert len(pairs) == len(set(pairs))


def test_done_order_lets_a_new_one_be_opened(plant):
    run_cycle(plant, MACHINES, as_of=plant.as_of() - timedelta(hours=1))
    order = plant.orders.open()[0]
    plant.orders.update(order.model_copy(update={"state": OrderState.DONE}), plant.change("repaired"))
    run_cycle(plant, [order.machine_id])
    again = [o for o in plant.orders.all() if (o.machine_id, o.failure_mode) == (order.machine_id, order.failure_mode)]
    assert {o.state for o in again} >= {OrderState.DONE}
    assert len(plant.orders.open(order.machine_id)) <= 1


def test_progress_names_machine_and_step_and_ends_at_one(plant):
    seen = []
    run_cycle(plant, plant.machines.ids()[:2], progress=lambda fraction, message: seen.append((fraction, message)))
    assert seen[-1][0] == 1.0
    assert [fraction for fraction, _ in seen] == sorted(fraction for fraction, _ in seen)
    assert any(message.endswith(": predict") for _, message in seen)


def test_every_write_of_a_run_carries_who_and_why(plant):
    run_cycle(plant, plant.machines.ids()[:1], actor=Actor(id="maria"))
    entries = plant.log.entries(entity="cycle_run", limit=50)
    assert {"maria", "maintenance-cycle"} == {entry.actor for entry in entries}
    assert all(entry.reason for entry in entries)


def test_unknown_machine_is_refused_before_anything_runs(plant):
    with pytest.raises(NotFound, match="no_such_machine"):
        run_cycle(plant, ["no_such_machine"])
    assert plant.runs.all() == []


def test_failed_step_is_recorded_and_the_next_run_completes_it(plant):
    machine_id = "pump_grundfos_cr3_004"
    segment = plant.path / "data" / plant.segments.list(machine_id)[0].path
    hidden = segment.with_suffix(".away")
    segment.rename(hidden)
    outcome = run_cycle(plant, [machine_id])
    assert [machine for machine, _ in outcome.failed] == [machine_id]
    run = plant.runs.all()[0]
    assert run.state == "failed"
    assert [step.state for step in plant.runs.steps(run.run_id)] == ["failed"]
    hidden.rename(segment)
    assert not run_cycle(plant, [machine_id]).failed
    assert plant.runs.get(run.run_id).state == "done"
    assert {step.state for step in plant.runs.steps(run.run_id)} <= {"done", "skipped"}


def test_a_process_executes_for_one_workspace_only(plant):
    with (
        durable.executing(plant),
        pytest.raises(EnvironmentFailure, match="already executes"),
        durable.executing(plant),
    ):
        pass
    with pytest.raises(WorkbenchError):
        durable.current()


def test_run_killed_half_way_is_resumed_to_the_same_end(ran, plant):
    code = "import sys, workbench; workbench.run_cycle(workbench.open(sys.argv[1]))"
    child = subprocess.Popen([sys.executable, "-c", code, str(plant.path)])
    deadline = time.monotonic() + 60
    while not plant.orders.all() and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert len(plant.runs.all(limit=1000)) < len(plant.machines.ids())
    assert not run_cycle(plant).failed
    assert _state(plant) == _state(ran)


def test_predict_logs_without_ordering(plant):
    predictions = predict(plant)
    assert len(predictions) == len(plant.machines.ids())
    assert set(plant.predictions.latest()) == set(plant.machines.ids())
    assert plant.orders.all() == []
    assert all(p.simulated for p in predictions)


def test_machines_without_readings_say_so(plant):
    silent = next(machine for machine in plant.machines.ids() if plant.telemetry.rows(machine) == 0)
    [prediction] = predict(plant, [silent])
    assert prediction.health_state is None
    assert not prediction.health_evidence.enough
    assert prediction.health_evidence.reasons
    assert prediction.remaining_useful_life.basis in ("none", "population")


def test_workflow_is_registered_under_its_name():
    assert maintenance_cycle.dbos_function_name == "maintenance_cycle"


def test_corrected_profile_makes_another_run_with_the_new_limits(plant):
    machine_id = "fan_nicotra_gebhardt_rdh_014"
    first = run_cycle(plant, [machine_id])
    crossed = plant.predictions.latest()[machine_id].limit_crossings
    assert crossed
    profile = plant.machines.get(machine_id)
    sensors = tuple(sensor.model_copy(update={"limits": None}) for sensor in profile.sensors)
    plant.machines.update(profile.model_copy(update={"sensors": sensors}), plant.change("limits corrected"))
    second = run_cycle(plant, [machine_id])
    assert second.repeated == 0
    assert second.results[0]["run_id"] != first.results[0]["run_id"]
    assert plant.predictions.latest()[machine_id].limit_crossings == ()


def test_interrupted_run_is_finished_by_the_next_command_in_its_own_context(plant):
    code = """
import os, sys, workbench
from workbench.workflows.cycle_steps import STEPS
STEPS["analyse"] = lambda *given: os._exit(9)
workbench.run_cycle(workbench.open(sys.argv[1]), [sys.argv[2]])
"""
    machine_id, other = "gearbox_sew_mc_016", "pump_grundfos_cr3_004"
    done = subprocess.run([sys.executable, "-c", code, str(plant.path), machine_id], check=False)
    assert done.returncode == 9
    [left] = plant.runs.all()
    assert left.state == "running"
    plant.set_as_of(plant.as_of() - timedelta(hours=1))
    assert not run_cycle(plant, [other]).failed
    assert plant.runs.get(left.run_id).state == "done"
    assert {step.name for step in plant.runs.steps(left.run_id)} == set(CYCLE_STEPS)
    assert not list((plant.path / "data" / "workers").glob("*.lock"))


def test_records_stay_readable_and_writable_while_a_machine_is_scored(plant, monkeypatch):
    from workbench.workflows import score

    original = score.predict_one

    def predict_and_write(*given, **named):
        subprocess.run(
            [sys.executable, "-c", "import sys, workbench; workbench.open(sys.argv[1]).set_as_of('2026-01-01T00:00:00+00:00')", str(plant.path)],
            check=True,
        )  # fmt: skip
        with plant.database.writing():
            pass
        return original(*given, **named)

    monkeypatch.setattr(score, "predict_one", predict_and_write)
    assert not run_cycle(plant, ["pump_grundfos_cr3_004"]).failed


def test_more_urgent_finding_raises_the_open_order_and_tells_people_again(plant):
    machine_id = "fan_nicotra_gebhardt_rdh_014"
    run_cycle(plant, [machine_id], as_of=plant.as_of() - timedelta(hours=1))
    order = plant.orders.open(machine_id)[0]
    calm = plant.change("taken less seriously")
    plant.orders.update(order.model_copy(update={"priority": 4}), calm)
    for notice in plant.notices.all():
        if notice.order_id == order.order_id:
            plant.notices.replace(notice, calm, facts={**notice.facts, "priority": "routine"})
    told = {notice.notice_id: notice.recipient for notice in plant.notices.all()}
    run_cycle(plant, [machine_id])
    assert plant.orders.get(order.order_id).priority < 4
    news = [notice for notice in plant.notices.all() if notice.notice_id not in told]
    urgent = {notice.recipient for notice in news if "More urgent" in notice.subject}
    assert urgent
    # Who had it before and no longer has it is told that, and who gets it that it is theirs; nobody is told twice.
    others = [notice for notice in news if notice.recipient not in urgent]
    assert all("Plan changed" in one.subject or one.recipient not in told.values() for one in others)
    assert len({notice.recipient for notice in news}) == len(news)


def test_a_disk_that_fills_up_in_mid_cycle_is_a_failure_of_the_environment(plant):
    from sqlalchemy import event

    machine_id = "fan_nicotra_gebhardt_rdh_014"

    @event.listens_for(plant.database.engine, "connect")
    def _on_connect(connection, _record):
        if full:
            # No page more than the file has now.
            connection.execute("PRAGMA max_page_count=1")

    def progress(_fraction: float, message: str) -> None:
        if message.endswith("report"):
            full.append(message)
            plant.database.engine.dispose()

    full: list[str] = []
    outcome = run_cycle(plant, [machine_id], progress=progress)
    assert outcome.exit_code == 3
    [(_, reason)] = outcome.failed
    assert "disk is full" in reason
    assert "INSERT" not in reason
    full.clear()
    plant.database.engine.dispose()
    again = run_cycle(plant, [machine_id])
    assert not again.failed
    assert plant.runs.get(again.results[0]["run_id"]).state == "done"


def test_pickled_rows_are_refused_before_anything_runs(plant):
    from sqlalchemy import text

    run_cycle(plant, ["pump_grundfos_cr3_004"])
    with plant.database.writing() as session:
        session.execute(text("UPDATE workflow_status SET serialization = 'py_pickle'"))
    with pytest.raises(EnvironmentFailure, match="pickled"):
        run_cycle(plant, ["pump_grundfos_cr3_004"])


def test_report_of_the_technician_carries_number_and_person_of_the_order(ran):
    for order in ran.orders.open():
        report = ran.dispatch_reports.for_order(order.order_id)
        assert order.number in report.summary


def test_a_mail_server_that_is_down_for_a_whole_run_gets_every_notice_once_afterwards(plant, monkeypatch):
    mailbox = Mailbox()
    settings = {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": mailbox.port,
        "SMTP_SECURITY": "none",
        "EMAIL_SENDER": "us@plant.example",
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"WORKBENCH_{name}", str(value))
    with Workspace.open(plant.path) as ws:
        change = ws.change("addresses")
        for site in ws.sites.all():
            ws.sites.put(site.model_copy(update={"manager_email": f"{site.site_id}@plant.example"}), change)
        outcome = run_cycle(ws, MACHINES)
        assert not outcome.failed
        assert send_notices(ws, sleep=lambda _: None).problem
        emails = [notice for notice in ws.notices.all("queued") if notice.channel == "email"]
        assert len(emails) == len(ws.orders.open()) > 0
        assert all(notice.subject.startswith("SIMULATED: ") for notice in emails)
        mailbox.start()
        try:
            assert send_notices(ws, early=True, breakers=defaultdict(CircuitBreaker)).sent == len(emails)
            assert send_notices(ws, early=True).sent == 0
        finally:
            mailbox.stop()
        assert len(mailbox.ids()) == len(set(mailbox.ids())) == len(emails)
