"""What a report of the maintenance cycle says: how it went, step by step, what came of it, and what failed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup

from workbench.errors import InputError, NotFound
from workbench.reports import content, cycle_snapshot
from workbench.workspace import Workspace

HOSTILE = "<script>alert('x')</script> \"quoted\" & \u202eRTL"


def words(fragment: content.Fragment) -> str:
    return " ".join(BeautifulSoup(fragment.html, "html.parser").get_text(" ").replace("\u00a0", " ").split())


def everything(cycle: content.CycleSnapshot) -> str:
    parts = [
        content.cycle_header(cycle, title="Maintenance cycle"),
        content.cycle_headline(cycle),
        content.cycle_cards(cycle),
        content.run_table(cycle),
        content.cycle_steps(cycle),
        content.failures(cycle),
        content.order_table(cycle.fleet, kind="work order"),
        content.plan_summary(cycle.plan, cycle.fleet),
        content.plan_days(cycle.plan),
        content.plan_left_out(cycle.plan),
        content.plan_changes(cycle.plan),
        content.order_sheets(cycle),
        content.reserved_parts(cycle),
        content.purchase_table(cycle.fleet),
        content.people_told(cycle),
        content.model_table(cycle.fleet),
        content.cycle_method(cycle),
    ]
    return "".join(part.html for part in parts)


@pytest.fixture
def several(make) -> content.CycleSnapshot:
    """One run opened an order, one supported one, one needed nothing, one failed at its third step."""
    return make.cycle(
        make.run(1),
        make.run(2, outcome="supported"),
        make.run(3, outcome="nothing"),
        make.run(4, failed_at=3),
        left_out=2,
    )


def test_headline_says_how_it_went_what_came_of_it_and_who_was_told(several):
    said = words(content.cycle_headline(several))
    assert said.startswith("3 of 4 runs finished in 3.7 s; 1 failed: Air compressor 4.")
    assert (
        "1 work order opened; 1 standing work order supported by a further finding; no work needed on 1 machine."
        in said
    )
    assert "2 parts reserved; 2 parts to order; 1 person told by 2 notices." in said
    assert "2 earlier runs for the same instant, of other models, data or settings, left out" in said


def test_every_run_has_its_row_with_six_steps_and_failures_come_first(several):
    rows = BeautifulSoup(content.run_table(several).html, "html.parser").select("tbody tr")
    assert [row.select("td")[1].text for row in rows] == [
        "Failed", "Order opened", "Order supported", "No work needed"]  # fmt: skip
    marks = [[mark.text for mark in row.select(".step")] for row in rows]
    assert marks[0] == ["1", "2", "×", "·", "·", "·"]
    assert [len(row.select(".step-skipped")) for row in rows] == [0, 0, 0, 4]
    assert rows[0].select_one(".step-failed")["title"] == "report: failed, OSError: the disk is full"
    assert rows[0].select("td")[3].text == "OSError: the disk is full."
    assert rows[1].select("td")[5].text == "700\u00a0ms"


def test_steps_of_several_runs_are_counted_and_drawn(several):
    soup = BeautifulSoup(content.cycle_steps(several).html, "html.parser")
    assert [tag.text for tag in soup.select("figcaption")] == [
        "When each run began and ended",
        "How long each step took, median of the runs that did it",
    ]
    third = [cell.text for cell in soup.select("tbody tr")[2].select("td")]
    assert third == ["3 Write the report", "2", "1", "1", "0", "43 ms", "43 ms"]
    assert [cell.text for cell in soup.select("tbody tr")[5].select("td")][4] == "1", "one run never got there"


def test_single_run_shows_each_step_with_time_result_and_evidence(make):
    cycle = make.cycle(make.run(1))
    assert words(content.cycle_headline(cycle)).startswith(
        "Order opened on Cooling pump 1, decided in 700 ms. WO-2026-0001"
    )
    soup = BeautifulSoup(content.cycle_steps(cycle).html, "html.parser")
    steps = [" ".join(s.get_text(" ").replace("\u00a0", " ").split()) for s in soup.select("section")]
    assert len(steps) == 6
    assert steps[0].startswith("1 Predict done 1 Jan 2026 00:03:01 UTC, took 41 ms")
    assert "Vibration, drive end 4.9 mm/s is 6.2 sd above its own baseline." in steps[0]
    assert "Order the work now." in steps[1]
    assert "Bearing wear, 80 % likely." in steps[2]
    assert "notify of machine 1." in steps[5].lower()
    assert "Maintenance cycle: Cooling pump 1" in words(content.cycle_header(cycle, title="Maintenance cycle"))


def test_single_failed_run_says_where_it_stopped_and_what_was_not_reached(make):
    cycle = make.cycle(make.run(1, failed_at=2))
    soup = BeautifulSoup(content.cycle_steps(cycle).html, "html.parser")
    assert [s.select_one(".chip").text for s in soup.select("section")] == ["done", "failed", *["not reached"] * 4]
    assert "Cooling pump 1 2 analyse" in words(content.failures(cycle))
    assert "OSError: the disk is full" in words(content.failures(cycle))


def test_run_without_any_step_and_without_an_end_is_said_to_be_unfinished(make):
    begun = make.run(1)
    running = begun.run.model_copy(update={"state": "running", "ended_at": None, "order_id": None})
    view = content.RunView(running, content.MachineView(begun.view.profile))
    cycle = make.cycle(view)
    assert "1 not finished: Cooling pump 1" in words(content.cycle_headline(cycle))
    assert "No step of this run is recorded yet." in words(content.cycle_steps(cycle))
    both = make.cycle(view, make.run(2))
    assert "Cooling pump 1 not finished" in words(content.cycle_steps(both))


def test_cycle_that_did_nothing_says_so(make):
    cycle = make.cycle(make.run(1, outcome="nothing"), make.run(2, outcome="nothing"))
    assert (
        words(content.cycle_headline(cycle)) == "2 runs finished in 1.7 s; none failed. No work needed on 2 machines."
    )
    assert "No run failed." in words(content.failures(cycle))
    for fragment in (content.reserved_parts(cycle), content.people_told(cycle), content.order_table(cycle.fleet)):
        assert "data-short" in fragment.html


def test_notices_show_who_by_what_and_whether_it_failed(make):
    cycle = make.cycle(make.run(1))
    broken = cycle.notices[0].model_copy(
        update={"state": "failed", "channel": "email", "address": "ana@example.org", "error": "connection refused"}
    )
    said = words(content.people_told(make.cycle(make.run(1), notices=(broken,))))
    assert (
        "Ana Ortiz (technician) ana@example.org WO-2026-0001: Replace drive-end bearing email Failed connection refused"
        in said
    )


def test_parts_set_aside_are_summed_over_the_orders_that_need_them(several):
    (row,) = BeautifulSoup(content.reserved_parts(several).html, "html.parser").select("tbody tr")
    assert words(content.Fragment(str(row))) == "Bearing 6310 bearing_6310 2 WO-2026-0001, WO-2026-0002 Reserved"


def test_hostile_text_shows_as_text_everywhere(make, build):
    view = make.run(1)
    of = build.profile(1, title=HOSTILE)
    order = view.view.orders[0].model_copy(update={"title": HOSTILE})
    steps = tuple(step.model_copy(update={"details": HOSTILE}) for step in view.steps)
    hostile = content.RunView(
        view.run, type(view.view)(**{**vars(view.view), "profile": of, "orders": (order,)}), steps
    )
    cycle = make.cycle(hostile, started_by=HOSTILE)
    notices = tuple(
        n.model_copy(update={"recipient": f"technician:{HOSTILE}", "error": HOSTILE}) for n in cycle.notices
    )
    failed = make.run(2, failed_at=1)
    failed = content.RunView(failed.run.model_copy(update={"outcome": HOSTILE}), failed.view, failed.steps)
    for one in (make.cycle(hostile, started_by=HOSTILE, notices=notices), make.cycle(hostile, failed, notices=notices)):
        soup = BeautifulSoup(everything(one), "html.parser")
        assert soup.find("script") is None
        assert soup.get_text(" ").count("<script>alert('x')</script>") >= 8


def test_ids_are_unique_and_every_link_has_its_target(several):
    soup = BeautifulSoup(everything(several), "html.parser")
    ids = [tag["id"] for tag in soup.find_all(id=True)]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for a in soup.select("a[href^='#']")} <= set(ids)


@pytest.fixture
def workspace(tmp_path, build, make):
    fleet = build.labelled_fleet(3)
    ws = Workspace.init(tmp_path / "ws", settings={"name": "North plant", "as_of": fleet.as_of.isoformat()})
    build.fill(ws, fleet)
    for view in (make.run(1), make.run(2, outcome="nothing")):
        record(ws, view)
    yield ws
    ws.close()


def record(ws: Workspace, view: content.RunView, **changes: object) -> None:
    change = ws.change("test")
    run = view.run.model_copy(update=changes)
    ws.runs.start(run, change)
    for step in view.steps:
        ws.runs.record(step.model_copy(update={"run_id": run.run_id, "step_id": run.run_id + step.step_id}), change)


def test_without_a_run_named_the_newest_of_every_machine_is_shown(workspace, make):
    before = make.run(1)
    start = before.run.started_at - timedelta(hours=1)
    record(workspace, before, run_id="older", started_at=start)
    record(workspace, make.run(3), run_id="yesterday", as_of=workspace.as_of() - timedelta(days=1), started_at=start)
    record(workspace, make.run(3), run_id="tomorrow", as_of=workspace.as_of() + timedelta(days=1))
    cycle = cycle_snapshot(workspace)
    assert [view.run.machine_id for view in cycle.runs] == ["machine_001", "machine_002"]
    assert cycle.left_out == 1
    assert cycle.fleet.as_of == workspace.as_of()
    assert cycle.runs[0].view.orders[0].number == "WO-2026-0001"
    assert cycle.started_by == workspace.actor.id


def test_plan_is_the_one_published_last_as_of_the_runs_and_a_later_one_is_named(workspace, make):
    assert cycle_snapshot(workspace).plan is None
    change = workspace.change("test")
    plan = make.plan(make.planned(1, begins_h=6)).plan
    later = workspace.as_of() + timedelta(hours=2)
    proposed = plan.model_copy(update={"plan_id": "idea", "state": "proposed"})
    workspace.plans.add(proposed, change)
    workspace.plans.publish(plan, change, change.at)
    workspace.plans.publish(plan.model_copy(update={"plan_id": "next", "as_of": later}), change, change.at)
    shown = cycle_snapshot(workspace).plan
    assert (shown.plan.plan_id, shown.plan.state, shown.newer) == ("plan", "replaced", None)
    workspace.set_as_of(later)
    assert cycle_snapshot(workspace).plan.newer == later
    nothing = make.run(2, outcome="nothing").run.run_id
    assert cycle_snapshot(workspace, nothing).plan is None, "a run without an order has no plan to show"


def test_a_named_run_is_shown_alone(workspace, make):
    cycle = cycle_snapshot(workspace, make.run(2).run.run_id)
    assert [view.run.machine_id for view in cycle.runs] == ["machine_002"]
    assert len(cycle.runs[0].steps) == 6


def test_unknown_later_and_missing_runs_are_refused(workspace, make, tmp_path):
    with pytest.raises(NotFound, match="cycle run 'no-such-run'"):
        cycle_snapshot(workspace, "no-such-run")
    record(workspace, make.run(3), run_id="tomorrow", as_of=workspace.as_of() + timedelta(days=1))
    with pytest.raises(InputError, match="as of 2026-01-02"):
        cycle_snapshot(workspace, "tomorrow")
    with Workspace.init(tmp_path / "new") as empty, pytest.raises(NotFound, match="workbench run"):
        cycle_snapshot(empty)
