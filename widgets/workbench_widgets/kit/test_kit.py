"""The kit: colours that can be read, a look for every state, pages that refresh, fail and recover."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta

import pytest
from traitlets import Int

from workbench.domain.equipment import MachineStatus
from workbench.domain.jobs import Job, JobKind, JobState
from workbench.domain.predictions import HealthState, Severity
from workbench.domain.work import Priority
from workbench.errors import EnvironmentFailure
from workbench.reports.content.fleet import Condition
from workbench.workspace import Workspace
from workbench_widgets.kit import DARK, LIGHT, STATES, Page, contrast, look
from workbench_widgets.kit.jobs import job_title, read_jobs, submit, worker_command
from workbench_widgets.kit.page import COMPONENTS

SURFACES = ("background", "card", "raised")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Counter(Page):
    """Counts how often it was read; fails when told to."""

    template = "<template><div/></template>"
    number = Int(0).tag(sync=True)
    fails: Exception | None = None
    thread = ""

    def read(self):
        self.thread = threading.current_thread().name
        if self.fails:
            raise self.fails
        return {"number": self.number + 1}


@pytest.fixture
def ws(tmp_path):
    with Workspace.init(tmp_path / "W") as workspace:
        yield workspace


@pytest.fixture
def page(ws):
    return Counter(ws)


@pytest.mark.parametrize("palette", [DARK, LIGHT], ids=["dark", "light"])
def test_every_text_colour_can_be_read_on_every_surface(palette):
    inks = ["text", "muted", "link", *(f"{state}-ink" for state in STATES)]
    faint = {
        (ink, surface): round(contrast(palette[ink], palette[surface]), 2)
        for ink in inks
        for surface in SURFACES
        if contrast(palette[ink], palette[surface]) < 4.5
    }
    assert not faint
    assert contrast(palette["on-button"], palette["button"]) >= 4.5
    # What a field is known by, and where the focus is.
    assert min(contrast(palette[mark], palette[surface]) for mark in ("edge", "link") for surface in SURFACES) >= 3


def test_the_known_colours_of_states_are_kept():
    known = {"healthy": "#10b981", "degrading": "#fbbf24", "warning": "#f97316", "critical": "#ef4444"}
    assert {state: DARK[state] for state in known} == known
    assert (DARK["background"], DARK["card"], DARK["offline"]) == ("#0f172a", "#1f2937", "#6b7280")


@pytest.mark.parametrize("kind", [Condition, HealthState, MachineStatus, Severity, Priority, JobState])
def test_every_state_has_a_colour_an_icon_and_a_word(kind):
    drawn = (COMPONENTS / "icon.vue").read_text("utf-8")
    for state in kind:
        shown = look(state)
        assert shown["color"] in STATES
        assert f"  {shown['icon']}: '" in drawn
        assert shown["word"]


def test_health_states_differ_without_colour():
    looks = [look(state) for state in HealthState]
    assert len({shown["icon"] for shown in looks}) == len({shown["word"] for shown in looks}) == len(HealthState)
    assert look(None)["word"] == "Not enough evidence"


def test_no_component_or_page_puts_text_in_as_markup():
    vue = [file for file in COMPONENTS.parent.parent.rglob("*.vue") if "v-html" in file.read_text("utf-8")]
    assert vue == []


def test_nothing_is_fetched_from_elsewhere():
    files = [*COMPONENTS.parent.parent.rglob("*.vue")]
    assert files
    assert [file.name for file in files if "http://" in (text := file.read_text("utf-8")) or "https://" in text] == []


@pytest.mark.parametrize("kind", JobKind)
def test_every_kind_of_job_has_a_title(kind):
    job = Job(job_id="j", kind=kind, submitted_at=NOW, submitted_by="ann")
    assert job_title(job)


def test_a_page_shows_what_it_read_and_when(page):
    assert not page.loaded
    page.refresh()
    assert (page.number, page.loaded, page.fault) == (1, True, {})
    assert datetime.now(UTC) - datetime.fromisoformat(page.refreshed_at) < timedelta(minutes=1)


def test_a_failed_read_keeps_what_is_shown_and_says_why(page):
    page.refresh()
    shown_at = page.refreshed_at
    page.fails = EnvironmentFailure("The records are locked.", "Wait, then try again.")
    page.refresh()
    assert page.fault == {"what": "The records are locked.", "remedy": "Wait, then try again."}
    assert (page.number, page.loaded, page.refreshed_at) == (1, True, shown_at)
    page.fails = None
    page.refresh()
    assert (page.number, page.fault) == (2, {})


def test_an_unforeseen_failure_is_shown_too(page, caplog):
    page.fails = ZeroDivisionError("boom")
    page.refresh()
    assert "boom" in page.fault["what"]
    assert "doctor" in page.fault["remedy"]
    assert "Counter could not be read" in caplog.text


def test_on_an_event_loop_it_reads_in_a_thread_and_once_at_a_time(page):
    async def ask_thrice():
        for _ in range(3):
            page.vue_refresh()
        assert (page.reading, page.number) == (True, 0)
        while page.reading:
            await asyncio.sleep(0)
        return page.number

    # The first, and one more for all that were asked meanwhile.
    assert asyncio.run(ask_thrice()) == 2
    assert page.thread != threading.main_thread().name


def test_a_closed_page_stops(page):
    async def close_while_reading():
        page.vue_refresh()
        page.close()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return len(page._tasks)

    assert asyncio.run(close_while_reading()) == 0
    assert page.number == 0


def test_equal_values_are_not_sent_again(page):
    seen = []
    page.refresh()
    page.observe(lambda change: seen.append(change["name"]))
    page._show({"number": 1, "loaded": True})
    assert seen == []


def test_a_page_asks_for_another_one_each_time(page):
    asked = []
    page.on_navigate(asked.append)
    page.navigate("machine", machine="pump_01")
    page.vue_navigate({"page": "machine", "machine": "pump_01", "evil": "x"})
    assert [(one["page"], one["machine"], "evil" in one) for one in asked] == [("machine", "pump_01", False)] * 2


def test_jobs_are_told_with_progress_and_outcome(ws):
    def add(job_id, state, **fields):
        job = Job(
            job_id=job_id, kind=JobKind.CYCLE, state=state, submitted_at=NOW, submitted_by="<b>anna</b>", **fields
        )
        ws.jobs.add(job, ws.change("test"))

    add("running", JobState.RUNNING, executor_id="worker-1")
    add("waiting", JobState.QUEUED)
    add("done", JobState.DONE, ended_at=NOW, result={"machines": 26, "repeated": 2, "orders": ["one"]})
    add("failed", JobState.FAILED, ended_at=NOW, error="no model <script>")
    ws.jobs.set_progress("running", 0.25, "scoring pump_01", NOW)
    found = read_jobs(ws)
    rows = {row["id"]: row for row in found["jobs"]}
    assert (rows["running"]["fraction"], rows["running"]["message"]) == (0.25, "scoring pump_01")
    assert rows["waiting"]["message"] == "waits for a worker"
    assert rows["done"]["message"] == "26 machines (2 decided before), 1 order"
    assert rows["failed"]["message"] == "no model <script>"
    assert [row["active"] for row in found["jobs"]] == [True, True, False, False]
    assert found["worker_lives"] is False
    assert worker_command(ws).endswith("worker")


def test_a_job_that_cannot_be_queued_says_why(ws):
    answer = submit(ws, JobKind.REPORT, {"template": "no_such_report"})
    assert answer["kind"] == "error"
    assert "no_such_report" in answer["title"]
    assert ws.jobs.all() == []
