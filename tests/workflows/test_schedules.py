"""Schedules: one run for each time that the clock on the wall of a site shows, over all that clocks do to us."""

from __future__ import annotations

import json
import multiprocessing
import shutil
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from workbench.cli import commands  # noqa: F401 - registers the commands
from workbench.cli.main import app
from workbench.domain.equipment import Site
from workbench.domain.jobs import JobState, Schedule
from workbench.errors import InvalidDocument, NotFound
from workbench.workflows.schedules import (
    add_schedule,
    instant,
    latest_due,
    next_run,
    pause_schedule,
    plans,
    remove_schedule,
    resume_schedule,
    run_schedule,
    submit_due,
)
from workbench.workspace import Workspace

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def planned(cron, zone, since="2020-01-01T00:00"):
    at = utc(since)
    return Schedule(
        schedule_id="a_schedule", title="A schedule", cron=cron, time_zone=zone, kind="train", created_at=at,
        active_since=at,
    )  # fmt: skip


def runs(schedule, start, end, step=MINUTE):
    """When a worker that looks every ``step`` submits the schedule's jobs: wall time and instant of each."""
    found = {}
    now = start
    while now <= end:
        wall = latest_due(schedule, now)
        if wall is not None and instant(wall, ZoneInfo(schedule.time_zone)) >= start:
            found.setdefault(wall, now)
        now += step
    return [(f"{wall:%d %H:%M}", f"{now:%d %H:%M}") for wall, now in found.items()]


# Day, cron, and the runs expected: wall time and the instant in UTC.
CHANGES = [
    ("Europe/Berlin", "30 2 * * *", "2026-03-28T12:00", [("29 02:30", "29 01:00"), ("30 02:30", "30 00:30")]),
    ("Europe/Berlin", "30 2 * * *", "2026-10-24T12:00", [("25 02:30", "25 00:30"), ("26 02:30", "26 01:30")]),
    ("America/New_York", "30 2 * * *", "2026-03-07T12:00", [("08 02:30", "08 07:00"), ("09 02:30", "09 06:30")]),
    ("America/New_York", "30 1 * * *", "2026-10-31T12:00", [("01 01:30", "01 05:30"), ("02 01:30", "02 06:30")]),
    ("Australia/Lord_Howe", "15 2 * * *", "2026-10-02T22:00", [("04 02:15", "03 15:30"), ("05 02:15", "04 15:15")]),
    ("Australia/Lord_Howe", "45 1 * * *", "2026-04-03T22:00", [("05 01:45", "04 14:45"), ("06 01:45", "05 15:15")]),
]


@pytest.mark.parametrize(("zone", "cron", "start", "expected"), CHANGES)
def test_both_changes_of_the_clock_have_one_run_a_day(zone, cron, start, expected):
    schedule = planned(cron, zone)
    assert runs(schedule, utc(start), utc(start) + 2 * DAY, 5 * MINUTE) == expected
    # What is announced is what happens.
    announced, now = [], utc(start)
    while len(announced) < 2:
        now = next_run(schedule, now)
        announced.append(f"{now.astimezone(UTC):%d %H:%M}")
    assert announced == [at for _, at in expected]


def test_every_quarter_of_an_hour_a_skipped_hour_is_one_run_and_a_repeated_one_is_silent():
    schedule = planned("*/15 * * * *", "Europe/Berlin")
    spring = runs(schedule, utc("2026-03-29T00:40"), utc("2026-03-29T01:20"))
    assert spring == [("29 01:45", "29 00:45"), ("29 03:00", "29 01:00"), ("29 03:15", "29 01:15")]
    autumn = runs(schedule, utc("2026-10-25T00:40"), utc("2026-10-25T02:20"))
    assert autumn == [("25 02:45", "25 00:45"), ("25 03:00", "25 02:00"), ("25 03:15", "25 02:15")]


def test_a_worker_that_starts_in_the_repeated_hour_finds_what_was_missed_in_the_first():
    second_ten_past_two = utc("2026-10-25T01:10")
    missed = latest_due(planned("30 2 * * *", "Europe/Berlin"), second_ten_past_two)
    assert f"{missed:%d %H:%M}" == "25 02:30"
    assert next_run(planned("30 2 * * *", "Europe/Berlin"), second_ten_past_two) == utc("2026-10-26T01:30")


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("0 6 31 * *", ["2026-01-31", "2026-03-31", "2026-05-31", "2026-07-31"]),
        ("0 6 l * *", ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]),
        ("0 6 29 2 *", ["2028-02-29", "2032-02-29", "2036-02-29", "2040-02-29"]),
        ("0 6 1 * *", ["2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01"]),
        ("0 6 * * mon", ["2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26"]),
    ],
)
def test_month_ends_come_when_the_calendar_has_them(cron, expected):
    schedule = planned(cron, "Europe/Berlin")
    now, found = utc("2026-01-01T12:00"), []
    for _ in expected:
        now = next_run(schedule, now)
        assert latest_due(schedule, now) == now.replace(tzinfo=None, fold=0)
        assert latest_due(schedule, now - MINUTE) < now.replace(tzinfo=None)
        found.append(f"{now:%Y-%m-%d}")
    assert found == expected


crons = st.builds(
    "{} {} {} * {}".format,
    st.sampled_from(["0", "30", "*/15", "*", "59", "10,50"]),
    st.sampled_from(["*", "2", "1", "0", "23", "1-3", "*/6"]),
    st.sampled_from(["*", "1", "31", "l"]),
    st.sampled_from(["*", "0", "1-5"]),
)
instants = st.integers(0, 4 * 366 * 24 * 60).map(lambda minutes: utc("2025-01-01") + minutes * MINUTE)
near_changes = st.builds(
    lambda day, minutes: utc(day) + timedelta(minutes=minutes),
    st.sampled_from(["2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01", "2026-10-03", "2026-04-04"]),
    st.integers(0, 24 * 60),
)


@given(crons, st.sampled_from(ZONES), near_changes | instants)
def test_what_is_due_is_the_newest_and_what_is_next_follows_it(cron, zone, now):
    schedule = planned(cron, zone)
    place = ZoneInfo(zone)
    wall, coming = latest_due(schedule, now), next_run(schedule, now)
    assert instant(wall, place) <= now < coming
    assert latest_due(schedule, coming.astimezone(UTC) - timedelta(seconds=1)) == wall, "nothing falls due in between"
    assert latest_due(schedule, coming) > wall


@given(st.sampled_from(ZONES), near_changes | instants)
def test_a_wall_time_is_one_instant_and_later_walls_are_not_earlier(zone, now):
    place = ZoneInfo(zone)
    wall = now.replace(tzinfo=None, second=0, microsecond=0)
    at = instant(wall, place)
    assert at <= instant(wall + MINUTE, place)
    shown = at.astimezone(place).replace(tzinfo=None)
    assert shown == wall or (
        shown > wall and (at - timedelta(seconds=1)).astimezone(place).replace(tzinfo=None) < wall
    ), "as shown, or the first instant after a gap"


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    path = tmp_path_factory.mktemp("schedules") / "W"
    with Workspace.init(path) as ws:
        for site, zone in (("berlin", "Europe/Berlin"), ("boston", "America/New_York")):
            ws.sites.put(Site(site_id=site, title=site, time_zone=zone, latitude=0, longitude=0), ws.change("a test"))
    return path


@pytest.fixture
def ws(template, tmp_path):
    shutil.copytree(template, tmp_path / "W")
    with Workspace.open(tmp_path / "W") as opened:
        yield opened


def nightly(ws, at="2026-06-01T12:00", **fields):
    known = {"cron": "30 2 * * *", "kind": "train", "site": "berlin", "now": utc(at)}
    return add_schedule(ws, "nightly", **{**known, **fields})


def test_a_job_is_submitted_when_it_is_due_and_once(ws):
    nightly(ws, parameters={"seed": 3})
    assert submit_due(ws, utc("2026-06-02T00:29")) == []
    (job,) = submit_due(ws, utc("2026-06-02T00:30"))
    assert (job.kind, job.schedule_id, job.state) == ("train", "nightly", JobState.QUEUED)
    assert job.parameters["seed"] == 3
    assert job.submitted_by == "schedule"
    assert submit_due(ws, utc("2026-06-02T00:31")) == []
    assert len(submit_due(ws, utc("2026-06-03T00:30"))) == 1
    assert len(ws.jobs.recent()) == 2


def test_of_missed_runs_only_the_newest_is_made_up_for(ws):
    nightly(ws)
    (job,) = submit_due(ws, utc("2026-06-09T07:00"))
    assert submit_due(ws, utc("2026-06-09T07:01")) == []
    assert ws.jobs.recent() == [job]


def test_nothing_is_made_up_for_from_before_it_was_added_or_from_a_pause(ws):
    nightly(ws)
    assert submit_due(ws, utc("2026-06-01T12:00")) == []
    pause_schedule(ws, "nightly")
    assert submit_due(ws, utc("2026-06-05T12:00")) == []
    resume_schedule(ws, "nightly", now=utc("2026-06-05T12:00"))
    assert submit_due(ws, utc("2026-06-05T12:00")) == []
    assert len(submit_due(ws, utc("2026-06-06T12:00"))) == 1
    resume_schedule(ws, "nightly", now=utc("2026-06-07T12:00"))
    assert len(submit_due(ws, utc("2026-06-07T12:01"))) == 1, "to resume what is not paused changes nothing"


def test_run_submits_at_once_and_leaves_the_plan(ws):
    nightly(ws)
    pause_schedule(ws, "nightly")
    job = run_schedule(ws, "nightly")
    assert (job.schedule_id, job.state) == ("nightly", JobState.QUEUED)
    assert run_schedule(ws, "nightly").job_id != job.job_id
    resume_schedule(ws, "nightly", now=utc("2026-06-01T12:00"))
    assert len(submit_due(ws, utc("2026-06-02T00:30"))) == 1


def test_the_same_again_changes_nothing_and_another_definition_counts_from_now_on(ws):
    first = nightly(ws)
    assert nightly(ws, at="2026-06-03T12:00") == first
    assert len(submit_due(ws, utc("2026-06-03T12:00"))) == 1
    pause_schedule(ws, "nightly")
    changed = nightly(ws, at="2026-06-04T12:00", cron="0 11 * * *")
    assert changed.paused
    assert changed.created_at == first.created_at
    resume_schedule(ws, "nightly", now=utc("2026-06-04T12:00"))
    assert submit_due(ws, utc("2026-06-04T12:00")) == [], "11:00 had passed when it was changed"
    assert len(submit_due(ws, utc("2026-06-05T12:00"))) == 1


def test_a_removed_schedule_leaves_its_jobs(ws):
    nightly(ws)
    submit_due(ws, utc("2026-06-02T00:30"))
    remove_schedule(ws, "nightly")
    assert submit_due(ws, utc("2026-06-03T00:30")) == []
    assert len(ws.jobs.of_schedule("nightly")) == 1
    with pytest.raises(NotFound):
        remove_schedule(ws, "nightly")


def test_the_plan_tells_the_next_run_and_the_last(ws):
    nightly(ws)
    now = utc("2026-10-24T12:00")
    (plan,) = plans(ws, now)
    assert (plan.next_at.isoformat(), plan.last) == ("2026-10-25T02:30:00+02:00", None)
    (job,) = submit_due(ws, now)
    pause_schedule(ws, "nightly")
    (plan,) = plans(ws, now)
    assert (plan.next_at, plan.last) == (None, job)


def test_every_fault_is_named_and_nothing_is_written(ws):
    with pytest.raises(InvalidDocument) as refused:
        add_schedule(ws, "No Id", cron="61 2 * *", kind="holiday", site="paris")
    faults = "\n".join(refused.value.faults)
    for word in ("schedule_id", "cron", "4 fields", "holiday", "paris", "berlin, boston"):
        assert word in faults
    assert ws.schedules.all() == []


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"cron": "61 2 * * *"}, "out of range"),
        ({"cron": "0 0 30 2 *"}, "no such day ever comes"),
        ({"cron": "r 2 * * *"}, "cannot be read"),
        ({"cron": "h(0-5) 2 * * *"}, "cannot be read"),
        ({"cron": "@daily"}, "five fields"),
        ({"cron": "* * * * * *"}, "five fields"),
        ({"cron": ""}, "0 fields"),
        ({"site": None}, "name a site or a time zone"),
        ({"time_zone": "Europe/Berlin"}, "not both"),
        ({"site": None, "time_zone": "Europe"}, "unknown"),
        ({"site": None, "time_zone": "../../etc/passwd"}, "unknown"),
        ({"parameters": {"sed": 1}}, "sed"),
        ({"kind": "report", "parameters": {"template": "fleet_heath"}}, "Did you mean 'fleet_health'"),
        ({"kind": "cycle", "parameters": {"machines": ["nothing"]}}, "no machine"),
    ],
)
def test_a_fault_is_named(ws, fields, named):
    with pytest.raises(InvalidDocument, match=named):
        nightly(ws, **fields)


def test_a_schedule_whose_job_is_refused_is_told_once_and_holds_up_no_other(ws):
    nightly(ws)
    bad = ws.schedules.get("nightly").model_copy(update={"schedule_id": "bad", "parameters": {"machines": ["gone"]}})
    ws.schedules.put(bad, ws.change("its machine was there when it was added"))
    for minute in (30, 31, 32):
        submit_due(ws, utc(f"2026-06-02T00:{minute}"))
    assert [job.schedule_id for job in ws.jobs.recent()] == ["nightly"]
    (notice,) = ws.notices.all()
    assert "bad" in notice.subject
    assert "machines" in notice.body


def test_a_year_of_any_schedule_has_one_job_for_a_wall_time_and_none_of_a_pause(ws):
    # Each round removes and adds the schedule: jobs of one are told from those of another by its id.
    number = iter(range(10_000))

    @given(
        st.sampled_from(ZONES), crons, near_changes, st.lists(st.sampled_from([7, 20, 61, 600]), min_size=8, max_size=8),
        st.integers(0, 7), st.integers(0, 3),
    )  # fmt: skip
    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def check(zone, cron, start, steps, paused_at, paused_for):
        name = f"round_{next(number)}"
        try:
            add_schedule(ws, name, cron=cron, kind="train", time_zone=zone, now=start)
        except InvalidDocument:
            assume(False)
        now, pause = start, None
        for place, minutes in enumerate(steps):
            if place == paused_at:
                pause_schedule(ws, name)
                pause = now
            if pause and place == paused_at + paused_for:
                resume_schedule(ws, name, now=now)
                pause = (pause, now)
            for _ in range(2):
                for job in submit_due(ws, now):
                    wall = latest_due(ws.schedules.get(name), now)
                    at = instant(wall, ZoneInfo(zone))
                    assert start <= at <= now
                    if isinstance(pause, tuple):
                        assert not pause[0] < at < pause[1]
                    assert pause is None or isinstance(pause, tuple), "nothing while it is paused"
                    walls.setdefault((name, wall), []).append(job.job_id)
            now += timedelta(minutes=minutes)
        remove_schedule(ws, name)

    walls = {}
    check()
    assert walls
    assert all(len(jobs) == 1 for jobs in walls.values())
    assert len(ws.jobs.recent(10_000)) == len(walls)


def submit_for_a_while(path, together):
    """Do in a process of its own what a worker does in five minutes, each at the same moment as another."""
    with Workspace.open(path) as ws:
        for minute in range(5):
            together.wait(60)
            submit_due(ws, utc(f"2026-06-01T12:{minute:02}"))


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_two_workers_at_once_submit_one_job(backend, request, tmp_path, monkeypatch):
    if backend == "sqlite":
        ws = request.getfixturevalue("ws")
    else:
        monkeypatch.setenv("WORKBENCH_DATABASE_URL", request.getfixturevalue("fresh_postgres_url"))
        ws = Workspace.init(tmp_path / "P")
    with ws:
        for name in ("one", "two"):
            add_schedule(ws, name, cron="* * * * *", kind="train", time_zone="UTC", now=utc("2026-06-01T12:00"))
        # Connections must not be shared with a forked process.
        ws.close()
        context = multiprocessing.get_context("fork")
        together = context.Barrier(2)
        both = [context.Process(target=submit_for_a_while, args=(ws.path, together)) for _ in range(2)]
        for process in both:
            process.start()
        for process in both:
            process.join(60)
        assert [process.exitcode for process in both] == [0, 0]
        jobs = ws.jobs.recent(1000)
        assert len(jobs) == 10
        assert {job.state for job in jobs} == {JobState.QUEUED}


def test_nothing_due_costs_next_to_nothing(ws):
    for number in range(20):
        add_schedule(
            ws, f"schedule_{number}", cron="30 2 * * *", kind="train", site="berlin", now=utc("2026-06-01T12:00")
        )
    submit_due(ws, utc("2026-06-02T12:00"))
    entries = len(ws.log.entries())
    began = time.process_time()
    for _ in range(10):
        submit_due(ws, utc("2026-06-02T12:00"))
    assert (time.process_time() - began) / 10 < 0.1
    assert len(ws.log.entries()) == entries


def test_the_command_line_adds_lists_and_runs(ws):
    shell = CliRunner()

    def say(*words):
        done = shell.invoke(app, ["-w", str(ws.path), "schedule", *words])
        assert done.exception is None, done.exception
        return done.stdout

    said = say(
        "add", "nightly", "--cron", "30 2 * * *", "--kind", "report", "-p", "template=fleet_health", "--site", "berlin"
    )
    assert said.startswith("nightly runs next at ")
    assert "02:30 CE" in said
    assert said.endswith("UTC.\n")
    assert "paused" in say("pause", "nightly")
    assert "is queued" in say("run", "nightly")
    (listed,) = json.loads(say("list", "--json"))["schedules"]
    assert (listed["next_at"], listed["last"]["state"]) == (None, "queued")
    assert listed["schedule"]["parameters"]["template"] == "fleet_health"
    assert "queued" in say("list")
    assert "runs next" in say("resume", "nightly")
    say("remove", "nightly")
    assert say("list") == "There are no schedules.\n"
