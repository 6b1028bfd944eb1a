"""Schedules (O2): jobs submitted again and again by the clock on the wall of a site, at most once for each time it shows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

from croniter import croniter
from croniter.croniter import CroniterError
from pydantic import ValidationError

from workbench.domain.base import Actor, Role, stable_id
from workbench.domain.jobs import Job, Schedule
from workbench.domain.predictions import Severity
from workbench.errors import EnvironmentFailure, InputError, InvalidDocument, WorkbenchError

if TYPE_CHECKING:
    from workbench.workspace import Workspace

SCHEDULE_ACTOR = Actor(id="schedule", role=Role.SYSTEM)
# Numbers, names of days and months, and signs; h and r alone would draw the time by lot.
_CRON_FIELD = re.compile(r"(?!.*(?<![a-z])[hr](?![a-z]))[0-9a-z*,/#-]+", re.IGNORECASE)


@dataclass(frozen=True)
class Plan:
    """A schedule with what comes next and what came last; ``next_at`` is None while it is paused."""

    schedule: Schedule
    next_at: datetime | None
    last: Job | None


def add_schedule(
    ws: Workspace,
    schedule_id: str,
    *,
    cron: str,
    kind: str,
    parameters: Mapping[str, Any] | None = None,
    site: str | None = None,
    time_zone: str | None = None,
    title: str = "",
    now: datetime | None = None,
    actor: Actor | None = None,
) -> Schedule:
    """Add a schedule and return it; ``cron`` is read in the time zone of ``site``, or in ``time_zone``.

    The same again changes nothing. Another definition under the same id takes the place of the old one from
    now on: nothing that was due before is made up for, and one that is paused stays paused.

    Raises ``InvalidDocument`` naming every fault.
    """
    from workbench.workflows.jobs.kinds import checked_parameters, job_kind

    at = now or datetime.now(UTC)
    faults = _cron_faults(cron)
    zone = _zone(ws, site, time_zone, faults)
    given = dict(parameters or {})
    try:
        given = checked_parameters(ws, job_kind(kind), given)
    except InputError as error:
        faults.append(str(error))
    fields = {
        "schedule_id": schedule_id,
        "title": title or schedule_id,
        "cron": " ".join(cron.split()),
        "time_zone": zone,
        "kind": kind,
        "parameters": given,
        "created_at": at,
        "active_since": at,
    }
    schedule = _checked(schedule_id, fields, faults)
    with ws.transaction() as tx:
        known = tx.schedules.find(schedule_id)
        if known is not None:
            schedule = schedule.model_copy(update={"paused": known.paused, "created_at": known.created_at})
            if schedule == known.model_copy(update={"active_since": at}):
                return known
        tx.schedules.put(schedule, tx.change("schedule changed" if known else "schedule added", actor))
    return schedule


def pause_schedule(ws: Workspace, schedule_id: str, *, actor: Actor | None = None) -> Schedule:
    """Submit nothing until it is resumed; what falls due meanwhile is not made up for. Raises ``NotFound``."""
    with ws.transaction() as tx:
        schedule = tx.schedules.get(schedule_id).model_copy(update={"paused": True})
        tx.schedules.put(schedule, tx.change("schedule paused", actor))
    return schedule


def resume_schedule(
    ws: Workspace, schedule_id: str, *, now: datetime | None = None, actor: Actor | None = None
) -> Schedule:
    """End a pause: what falls due from now on is submitted again. Raises ``NotFound``."""
    with ws.transaction() as tx:
        schedule = tx.schedules.get(schedule_id)
        if schedule.paused:
            schedule = schedule.model_copy(update={"paused": False, "active_since": now or datetime.now(UTC)})
            tx.schedules.put(schedule, tx.change("schedule resumed", actor))
    return schedule


def run_schedule(ws: Workspace, schedule_id: str, *, actor: Actor | None = None) -> Job:
    """Submit the schedule's job at once, paused or not; its plan stays as it is. Raises ``NotFound``."""
    from workbench.workflows.jobs import submit

    schedule = ws.schedules.get(schedule_id)
    return submit(ws, schedule.kind, schedule.parameters, schedule_id=schedule_id, actor=actor)


def remove_schedule(ws: Workspace, schedule_id: str, *, actor: Actor | None = None) -> None:
    """Remove a schedule; the jobs that it submitted stay. Raises ``NotFound``."""
    ws.schedules.remove(schedule_id, ws.change("schedule removed", actor))


def plans(ws: Workspace, now: datetime | None = None) -> list[Plan]:
    """Return all schedules with their next run after ``now`` and their newest job, ordered by id."""
    at = now or datetime.now(UTC)
    found = []
    for schedule in ws.schedules.all():
        last = ws.jobs.of_schedule(schedule.schedule_id, limit=1)
        next_at = None if schedule.paused else next_run(schedule, at)
        found.append(Plan(schedule, next_at, last[0] if last else None))
    return found


def submit_due(ws: Workspace, now: datetime) -> list[Job]:
    """Submit what has fallen due by ``now`` and return it; several may call this at once, and each job is still one.

    When nobody called it for a while, only the newest of what fell due is submitted. A schedule whose job
    is refused is told to operations, once, and holds up no other.
    """
    from workbench.workflows.jobs import submit
    from workbench.workflows.notices import notify_operations

    submitted = []
    for schedule in ws.schedules.all():
        wall = None if schedule.paused else latest_due(schedule, now)
        if wall is None:
            continue
        job_id = stable_id("schedule", schedule.schedule_id, f"{wall:%Y-%m-%dT%H:%M}")
        if ws.jobs.find(job_id) is not None:
            continue
        try:
            job = submit(
                ws,
                schedule.kind,
                schedule.parameters,
                job_id=job_id,
                schedule_id=schedule.schedule_id,
                actor=SCHEDULE_ACTOR,
            )
        except EnvironmentFailure:
            raise
        except WorkbenchError as error:
            notify_operations(
                ws,
                subject=f"Schedule {schedule.schedule_id} could not start its job",
                body=f"Due {wall:%Y-%m-%d %H:%M} ({schedule.time_zone}).\n{error}",
                severity=Severity.WARNING,
                key=job_id,
                at=now,
            )
        else:
            submitted.append(job)
    return submitted


def latest_due(schedule: Schedule, now: datetime) -> datetime | None:
    """Return the newest wall time of the schedule that has come by ``now``; None when none has since it became active."""
    zone = ZoneInfo(schedule.time_zone)
    local = now.astimezone(UTC).astimezone(zone)
    shown = local.replace(tzinfo=None, fold=0)
    if local.fold:
        # The clock was set back: what it shows again was due the first time.
        shown += local.replace(fold=0).utcoffset() - local.utcoffset()  # type: ignore[operator]
    times = croniter(schedule.cron, shown + timedelta(seconds=1))
    while True:
        try:
            wall: datetime = times.get_prev(datetime)
        except CroniterError:
            return None
        at = instant(wall, zone)
        if at < schedule.active_since:
            return None
        if at <= now:
            return wall


def next_run(schedule: Schedule, now: datetime) -> datetime:
    """Return the instant after ``now`` at which the schedule falls due next, in its time zone."""
    zone = ZoneInfo(schedule.time_zone)
    shown = now.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0)
    times = croniter(schedule.cron, shown - timedelta(seconds=1))
    while True:
        at = instant(times.get_next(datetime), zone)
        if at > now:
            return at.astimezone(zone)


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return when a clock in ``zone`` shows the naive time ``wall``, in UTC.

    Of two such instants (autumn) the first; for a time that is skipped (spring) the first instant after the gap.

    >>> berlin = ZoneInfo("Europe/Berlin")
    >>> f"{instant(datetime(2026, 10, 25, 2, 30), berlin):%H:%M}"
    '00:30'
    >>> f"{instant(datetime(2026, 3, 29, 2, 30), berlin):%H:%M}"
    '01:00'
    """
    at = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None, fold=0) == wall:
        return at
    # Skipped: read with the offset after the gap it lies before it, and the other way round.
    before, after = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), at
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def _cron_faults(cron: str) -> list[str]:
    fields = cron.split()
    how = "write five fields: minute hour day-of-month month day-of-week, e.g. 30 2 * * *"
    if len(fields) != 5:
        return [f"cron: {cron!r} has {len(fields)} field{'' if len(fields) == 1 else 's'}; {how}"]
    if not all(_CRON_FIELD.fullmatch(part) for part in fields):
        return [f"cron: {cron!r} cannot be read; {how}"]
    try:
        croniter(" ".join(fields), datetime(2026, 1, 1)).get_next(datetime)  # noqa: DTZ001 - wall time
    except CroniterError as error:
        never = "no such day ever comes" if "find next date" in str(error) else str(error)
        return [f"cron: {cron!r} cannot be read: {never}; {how}"]
    return []


def _zone(ws: Workspace, site: str | None, time_zone: str | None, faults: list[str]) -> str:
    """Return the time zone that was chosen; a fault when it is none, or two, or not clear."""
    if site and time_zone:
        faults.append("time_zone: give either a site or a time zone, not both")
    elif time_zone:
        if time_zone in available_timezones():
            return time_zone
        faults.append(f"time_zone: {time_zone!r} is unknown; use a name such as Europe/Berlin")
    sites = {known.site_id: known.time_zone for known in ws.sites.all()}
    zones = sorted(set(sites.values()))
    if site and not time_zone:
        if site in sites:
            return sites[site]
        faults.append(f"site: there is no site {site!r}; known: {', '.join(sorted(sites)) or 'none'}")
    elif not time_zone:
        if len(zones) == 1:
            return zones[0]
        faults.append("time_zone: name a site or a time zone, e.g. Europe/Berlin; the sites do not share one")
    return "UTC"


def _checked(schedule_id: str, fields: dict[str, Any], faults: list[str]) -> Schedule:
    """Return the schedule; raises ``InvalidDocument`` naming ``faults`` and those of the fields themselves."""
    try:
        schedule = Schedule.model_validate(fields)
    except ValidationError as error:
        for found in error.errors():
            place = ".".join(map(str, found["loc"]))
            if place == "schedule_id":
                faults.append(
                    f"schedule_id: {schedule_id!r} is not allowed; use 2 to 63 of a-z, 0-9 and _, a letter first"
                )
            elif place != "kind":
                faults.append(f"{place}: {found['msg'].removeprefix('Value error, ')}")
        raise InvalidDocument(f"schedule {schedule_id!r}", faults) from error
    if faults:
        raise InvalidDocument(f"schedule {schedule_id!r}", faults)
    return schedule
