"""The progress widget: what it says of a job in each state, whether it stops asking, and its two buttons."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import workbench
from workbench.domain.jobs import Job, JobKind, JobState
from workbench.errors import NotFound
from workbench.workspace import Workspace
from workbench_widgets import progress
from workbench_widgets.progress.widget import elapsed

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    with Workspace.init(tmp_path_factory.mktemp("progress") / "W") as ws:
        yield ws


def submitted(ws):
    return workbench.submit(ws, "train").job_id


def changed(ws, widget, **fields):
    ws.jobs.change(widget.job_id, ws.change("test"), **fields)
    widget.vue_refresh()


def test_a_waiting_job_says_that_no_worker_lives_and_how_to_start_one(ws):
    widget = progress.watch(ws, submitted(ws))
    assert (widget.title, widget.state["word"], widget.fraction) == ("Training", "Queued", None)
    assert widget.message == "Waits: no worker is running."
    assert widget.worker.endswith(" worker")
    assert str(ws.path) in widget.worker
    assert not widget.ended
    assert not widget.can_retry
    assert widget.elapsed == ""


def test_a_running_job_is_asked_about_once_a_second_until_it_ends(ws):
    widget = progress.watch(ws, submitted(ws))
    ws.jobs.set_progress(widget.job_id, 0.4, "health model", NOW)
    changed(ws, widget, state=JobState.RUNNING, started_at=datetime.now(UTC))
    assert (widget.fraction, widget.state["word"], widget.refresh_s) == (0.4, "Running", 1.0)
    changed(ws, widget, state=JobState.DONE, ended_at=datetime.now(UTC))
    assert (widget.fraction, widget.ended, widget.worker, widget.refresh_s) == (1.0, True, "", 0.0)
    assert widget.message == ""
    assert not widget.can_retry


def test_a_failed_job_keeps_its_bar_tells_why_and_can_be_tried_again(ws):
    why = "<script>alert(1)</script> the disk is full"
    widget = progress.watch(ws, submitted(ws))
    ws.jobs.set_progress(widget.job_id, 0.7, "rul model", NOW)
    changed(ws, widget, state=JobState.FAILED, started_at=NOW, ended_at=NOW + timedelta(seconds=65), error=why)
    assert (widget.fraction, widget.message, widget.elapsed, widget.can_retry) == (0.7, why, "1:05", True)


def test_a_cancelled_job_is_tried_again_and_followed_again(ws):
    widget = progress.watch(ws, submitted(ws))
    widget.vue_cancel()
    assert widget.refresh_s == 0.0
    widget.vue_retry()
    assert ws.jobs.get(widget.job_id).state is JobState.QUEUED
    assert (widget.ended, widget.refresh_s, widget.fraction, widget.refused) == (False, 1.0, None, "")


def test_cancel_ends_the_job(ws):
    widget = progress.watch(ws, submitted(ws))
    widget.vue_cancel()
    assert ws.jobs.get(widget.job_id).state is JobState.CANCELLED
    assert widget.ended
    assert widget.can_retry
    assert widget.message.startswith("cancelled by")


def test_a_refused_retry_says_why(ws):
    widget = progress.watch(ws, submitted(ws))
    widget.retry()
    assert "only failed and cancelled jobs" in widget.refused
    assert not widget.busy


def test_closing_stops_asking_and_leaves_the_job_alone(ws):
    widget = progress.watch(ws, submitted(ws))
    widget.close()
    assert widget.refresh_s == 0.0
    assert not ws.jobs.get(widget.job_id).ended


def test_unknown_job(ws):
    with pytest.raises(NotFound):
        progress.watch(ws, "nothing")


def test_shown_code_runs(ws):
    widget = progress.watch(ws, submitted(ws))
    for line in widget.code.values():
        exec(line, {"ws": ws, "progress": progress})  # noqa: S102


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0:00"), (9, "0:09"), (125, "2:05"), (3725, "1:02:05"), (-3, "0:00")]
)
def test_elapsed_time(seconds, said):
    job = Job(job_id="j", kind=JobKind.TRAIN, submitted_at=NOW, submitted_by="me", started_at=NOW)
    assert elapsed(job, NOW + timedelta(seconds=seconds)) == said
