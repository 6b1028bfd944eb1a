"""The key figures of a workspace's machines over a period (A2), from readings, events, close-outs, orders and the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from workbench.domain.equipment import MachineStatus
from workbench.domain.kpis import MachineKpis, PlantKpis
from workbench.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from workbench.analytics.kpis_reliability import Failure
    from workbench.analytics.kpis_time import TimeUse
    from workbench.domain.closeout import CloseOut
    from workbench.domain.equipment import MachineProfile
    from workbench.domain.kpis import Kpi
    from workbench.workspace import Workspace

LOOK_BACK = timedelta(days=365)


def kpis(
    ws: Workspace,
    *,
    machine_ids: Sequence[str] | None = None,
    site: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> PlantKpis:
    """Return the key figures of the machines together and of each one, from ``start`` until ``end``.

    OEE and its factors, MTBF, mean down time, MTTR, availability, planned share of work, schedule compliance, backlog, down time,
    energy, CO2 and savings; each with its 95 % interval where it is a sample, how many cases it rests on, and its source. What
    cannot be told is "not available", with the reason.

    Args:
        ws: The workspace.
        machine_ids: Default: every approved machine.
        site: Only machines of this site.
        start: Default: a year before the end, or the first reading if that is later.
        end: Default, and at most: the workspace's as-of.

    Raises:
        NotFound: an unknown machine or site.
        InputError: a period that is none, or a time without a zone.
    """
    from workbench.analytics.kpis import figures, savings
    from workbench.analytics.kpis_reliability import failures_of
    from workbench.analytics.kpis_work import backlog, backlog_hours, planned_shares, schedule_compliance
    from workbench.analytics.value import ledger

    profiles = _chosen(ws, machine_ids, site)
    begin, until = _period(ws, start, end)
    settings = ws.settings
    events = ws.events.frame(until=until)
    by_machine = dict(tuple(events.groupby("machine_id")))
    nothing = events.iloc[:0]
    close_outs = [one for one in ws.close_outs.all() if one.machine_id in profiles and one.closed_at <= until]
    in_period = [one for one in close_outs if one.closed_at > begin]

    def figures_of(uses: Sequence[TimeUse], failed: Sequence[Failure], closed: Sequence[CloseOut]) -> tuple[Kpi, ...]:
        return figures(uses, failed, closed, co2_kg_per_kwh=settings.co2_kg_per_kwh, seed=settings.seed)

    uses: list[TimeUse] = []
    failures: list[Failure] = []
    machines: list[MachineKpis] = []
    for machine_id, profile in profiles.items():
        use = machine_time(ws, profile, begin, until)
        own = [one for one in close_outs if one.machine_id == machine_id]
        failed = failures_of(use, by_machine.get(machine_id, nothing), own)
        told = figures_of([use], failed, [one for one in in_period if one.machine_id == machine_id])
        machines.append(MachineKpis(machine_id=machine_id, title=profile.title, site_id=profile.site_id, figures=told))
        uses.append(use)
        failures += failed
    orders = [order for order in ws.orders.all() if order.machine_id in profiles and order.created_at <= until]
    zones = {site_.site_id: ZoneInfo(site_.time_zone) for site_ in ws.sites.all()}
    lines = backlog(orders, profiles, ws.technicians.all(), until)
    booked = ws.value_entries.between(begin, until + timedelta(microseconds=1))
    entries = [entry for entry in booked if entry.machine_id in profiles]
    plant = (
        *figures_of(uses, failures, in_period),
        *planned_shares(orders, {one.order_id: one for one in close_outs}, begin, until, settings.seed),
        schedule_compliance(
            orders,
            ws.plans.planned_ends(),
            {machine_id: zones[profile.site_id] for machine_id, profile in profiles.items()},
            begin,
            until,
        ),
        backlog_hours(lines, until),
        savings(ledger(entries, currency=settings.currency, start=begin, end=until, seed=settings.seed)),
    )
    return PlantKpis(
        start=begin,
        end=until,
        currency=settings.currency,
        figures=plant,
        machines=tuple(machines),
        backlog=lines,
        simulated=settings.simulated,
    )


def machine_time(ws: Workspace, profile: MachineProfile, start: datetime, end: datetime) -> TimeUse:
    """Return how a machine used its time after ``start`` until ``end``; reads no column that is not needed."""
    from workbench.analytics.kpis_time import columns_of, time_use

    def read(columns: Sequence[str]) -> pd.DataFrame:
        frame = ws.telemetry.read(profile.machine_id, start=start, end=end, columns=columns)
        # A reading at the start is of the time before it.
        return frame[frame["time"] > start]

    readings, rule = read(columns_of(profile)), profile.running_rule
    if rule is not None and readings["state"].isna().all() and rule.sensor not in readings:
        readings = readings.assign(**{rule.sensor: read([rule.sensor])[rule.sensor]})
    return time_use(profile, readings)


def approved_machines(ws: Workspace) -> list[str]:
    """Return the machines that are approved; none in a workspace without machines, so that a report can still be made."""
    return [one for one, status in ws.machines.statuses().items() if status is not MachineStatus.PENDING]


def _chosen(ws: Workspace, machine_ids: Sequence[str] | None, site: str | None) -> dict[str, MachineProfile]:
    from workbench.workflows.onboard import chosen_machines

    known = {profile.machine_id: profile for profile in ws.machines.all()}
    wanted = chosen_machines(ws, machine_ids) if machine_ids else approved_machines(ws)
    chosen = {machine_id: known[machine_id] for machine_id in wanted}
    if site is None:
        return chosen
    ws.sites.get(site)
    found = {machine_id: profile for machine_id, profile in chosen.items() if profile.site_id == site}
    if not found:
        raise InputError(f"None of the machines chosen is at {site}.", "Choose another site or other machines.")
    return found


def _period(ws: Workspace, start: datetime | None, end: datetime | None) -> tuple[datetime, datetime]:
    for bound in (start, end):
        if bound is not None and bound.tzinfo is None:
            raise InputError(f"The time {bound} has no time zone.", "Give an aware time, e.g. 2026-01-01T00:00:00Z.")
    until = min(end or ws.as_of(), ws.as_of())
    span = ws.telemetry.span()
    begin = start or until - LOOK_BACK
    if start is None and span is not None and begin < span[0] < until:
        begin = span[0] - timedelta(hours=1)
    if begin >= until:
        raise InputError(
            f"The period from {begin:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC is none.",
            f"Give a start before the end; the workspace looks no later than {ws.as_of():%Y-%m-%d %H:%M} UTC.",
        )
    return begin, until
