"""The dashboard around the pages: opening them, what runs, and the heartbeat."""

from __future__ import annotations

import subprocess
import sys

import pytest
from ipyvuetify import theme

import workbench
from workbench.domain.jobs import JobState
from workbench_widgets import pages

PUMP = "pump_grundfos_cr3_004"
FAN = "fan_nicotra_gebhardt_rdh_014"


@pytest.fixture
def app(demo_ws):
    return pages.app(demo_ws)


def test_it_opens_at_the_fleet_and_says_what_is_looked_at(app):
    assert app.place == {"page": "fleet"}
    assert list(app.made) == ["fleet"]
    assert app.page.matches == 26
    assert (app.workspace, app.as_of, app.simulated) == ("Embedded fleet", "as of 1 Jan 2026 00:00 UTC", True)


def test_dark_is_the_default_and_a_choice_is_kept(app):
    assert theme.dark is True
    app.vue_theme("light")
    assert theme.dark is False
    app.vue_theme("dark")
    assert theme.dark is True


def test_a_page_is_made_when_it_is_first_opened_and_kept(app):
    fleet = app.page
    app.vue_open_page({"page": "machine", "machine": PUMP})
    machine = app.page
    assert app.place == {"page": "machine", "machine": PUMP}
    assert machine.machine_id == PUMP
    app.open_page("fleet")
    assert app.page is fleet
    app.open_page("machine", machine=FAN)
    assert app.page is machine
    assert machine.machine_id == FAN


def test_the_navigation_returns_to_the_machine_seen_last(app):
    app.open_page("machine", machine=PUMP)
    app.open_page("fleet")
    app.open_page("machine")
    assert app.place == {"page": "machine", "machine": PUMP}


def test_a_click_on_the_fleet_opens_the_machine_in_the_shell(app):
    app.page.vue_open_machine(FAN)
    assert app.place == {"page": "machine", "machine": FAN}
    assert app.made["fleet"].opened is None


def test_another_machine_chosen_on_the_page_changes_the_address(app):
    app.open_page("machine", machine=PUMP)
    app.page.machine_id = FAN
    assert app.place == {"page": "machine", "machine": FAN}


def test_a_page_that_does_not_exist_is_said_and_leaves_the_way_back(app):
    app.vue_open_page({"page": "<script>alert(1)</script>"})
    assert "There is no page" in app.lost
    app.open_page("fleet")
    assert app.lost == ""


def test_an_unknown_machine_in_the_address_is_said_by_its_page(app):
    app.vue_open_page({"page": "machine", "machine": "pump_grundfos_cr3_00"})
    app.page.refresh()
    assert PUMP in app.page.machine["remedy"]
    assert app.subject == "Not found"


def test_an_address_of_any_length_is_said_in_a_few_words(app):
    app.vue_open_page({"page": "machine", "machine": "A" * 5000})
    app.page.refresh()
    assert len(app.page.machine["missing"]) < 300
    assert app.page.machine["remedy"] == "The address may be mistyped or old."
    app.vue_open_page({"page": "B" * 5000})
    assert len(app.lost) < 300


def test_the_window_is_named_after_the_open_machine(app):
    app.open_page("machine", machine=PUMP)
    assert app.subject == ""
    app.page.refresh()
    assert app.subject == app.page.machine["header"]["title"]


def test_a_heartbeat_is_answered_and_finds_the_jobs(app, demo_ws):
    app.vue_beat(1)
    assert (app.answered, app.jobs, app.worker_lives, app.pulse_s) == (1, [], False, 5.0)
    job = workbench.submit(demo_ws, "cycle")
    app.vue_beat(2)
    assert app.answered == 2
    assert [(row["id"], row["active"]) for row in app.jobs] == [(job.job_id, True)]
    assert app.pulse_s == 1.0


def test_a_job_can_be_cancelled_here(app, demo_ws):
    job = workbench.submit(demo_ws, "cycle")
    app.vue_beat(1)
    app.vue_cancel(job.job_id)
    assert demo_ws.jobs.get(job.job_id).state is JobState.CANCELLED
    assert [row["active"] for row in app.jobs] == [False]
    app.vue_cancel("no-such-job")
    assert app.note["kind"] == "error"


def test_unreadable_jobs_do_not_stop_the_heartbeat(app, demo_ws):
    database = demo_ws.path / "data" / "workbench.db"
    demo_ws.close()
    database.rename(database.with_suffix(".away"))
    app.vue_beat(7)
    assert app.answered == 7


def test_a_kernel_with_the_dashboard_loads_nothing_heavy(demo_ws):
    script = f"""
import sys, workbench
from workbench_widgets import pages
app = pages.app(workbench.open({str(demo_ws.path)!r}))
app.vue_beat(1)
app.open_page("machine", machine={PUMP!r})
app.page.refresh()
assert not app.page.fault, app.page.fault
heavy = "sklearn shap torch scipy matplotlib dbos papermill nbconvert".split()
print(*(name for name in heavy if name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == ""
