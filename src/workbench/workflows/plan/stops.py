"""Planned stops: when a site or a machine stands anyway, so that work that costs production can wait for it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from workbench.domain.base import Actor, stable_id
from workbench.domain.calendar import UNTITLED_STOP, PlannedStop
from workbench.domain.roles import Permission, require
from workbench.errors import InputError

if TYPE_CHECKING:
    from workbench.workspace import Workspace


def add_planned_stop(
    ws: Workspace,
    starts_at: datetime,
    ends_at: datetime,
    *,
    site_id: str | None = None,
    machine_id: str | None = None,
    title: str = UNTITLED_STOP,
    actor: Actor | None = None,
) -> PlannedStop:
    """Record that a site, or one machine, stands by plan; the same stop again changes nothing.

    Args:
        ws: The workspace.
        starts_at: Aware time.
        ends_at: Aware time after it.
        site_id: Which site; default: the machine's.
        machine_id: Which machine; default: the whole site.
        title: What it is, e.g. 'weekend shutdown'.
        actor: Who plans it.

    Raises:
        NotFound: there is no such site or machine.
        InputError: neither is named, the machine is not at the site, or the times are not usable.
        NotPermitted: the actor's role does not plan work.
    """
    require(actor or ws.actor, Permission.ASSIGN_WORK)
    faults = [] if site_id or machine_id else ["name a site or a machine"]
    faults += ["its times have no time zone"] if starts_at.tzinfo is None or ends_at.tzinfo is None else []
    faults += ["it ends before it begins"] if not faults and ends_at <= starts_at else []
    machine = ws.machines.get(machine_id) if machine_id else None
    site = ws.sites.get(site_id or (machine.site_id if machine else "")) if site_id or machine else None
    if site is not None and machine is not None and machine.site_id != site.site_id:
        faults.append(f"{machine_id} stands at {machine.site_id}, not at {site.site_id}")
    if faults or site is None:
        raise InputError(f"The stop cannot be recorded: {'; '.join(faults)}.", "Correct it.")
    stop = PlannedStop(
        stop_id=stable_id("planned stop", site.site_id, machine_id or "", starts_at.isoformat(), ends_at.isoformat()),
        site_id=site.site_id,
        machine_id=machine_id,
        starts_at=starts_at,
        ends_at=ends_at,
        title=title.strip() or UNTITLED_STOP,
    )
    ws.planned_stops.put(stop, ws.change("planned stop added", actor))
    return stop


def planned_stops(ws: Workspace, *, everything: bool = False) -> list[PlannedStop]:
    """Return the planned stops that are not over at the workspace's instant, or all, the earliest first."""
    now = ws.as_of()
    found = [stop for stop in ws.planned_stops.all() if everything or stop.ends_at > now]
    return sorted(found, key=lambda stop: (stop.starts_at, stop.stop_id))


def remove_planned_stop(ws: Workspace, stop_id: str, *, actor: Actor | None = None) -> None:
    """Take a planned stop back; raises ``NotFound``, and ``NotPermitted`` for a role that does not plan work."""
    require(actor or ws.actor, Permission.ASSIGN_WORK)
    ws.planned_stops.remove(stop_id, ws.change("planned stop taken back", actor))
