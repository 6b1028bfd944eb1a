"""Alerts of a workspace (T6): effective rules of a machine, what is on now, past episodes, and the figures of alarms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from workbench.domain.observations import EventKind, MachineData
from workbench.errors import InputError, InvalidDocument
from workbench.workflows.period import machine_until

if TYPE_CHECKING:
    from workbench.alerts import Readings, Watched
    from workbench.domain.alerts import AlarmFigures, AlertHistory, AlertRule, CustomRule
    from workbench.workspace import Workspace

RULES_FILE = "alerts.yaml"
_RENEWING = (EventKind.FAILURE, EventKind.REPLACEMENT)


def rules_text(ws: Workspace) -> str:
    """Return the plant's own rules as they are written in ``alerts.yaml``; empty without such a file."""
    from workbench.workflows.onboard import read_text

    path = ws.path / RULES_FILE
    return read_text(path) if path.is_file() else ""


def read_rules(ws: Workspace) -> tuple[CustomRule, ...]:
    """Return the plant's own rules; raises ``InvalidDocument`` for faults of form. Names are checked by ``custom_rules``."""
    text = rules_text(ws)
    return _parsed(text, str(ws.path / RULES_FILE)) if text.strip() else ()


def custom_rules(ws: Workspace) -> tuple[CustomRule, ...]:
    """Return the plant's own rules; raises ``InvalidDocument`` that lists every fault of ``alerts.yaml`` with its place.

    Rules for machines, types and sensors that the workspace does not have are faults as well.
    """
    rules = read_rules(ws)
    if rules:
        _check_names(ws, rules, str(ws.path / RULES_FILE))
    return rules


@lru_cache(maxsize=8)
def _parsed(text: str, where: str) -> tuple[CustomRule, ...]:
    from workbench.catalog import parse_items
    from workbench.domain.alerts import CustomRule

    return parse_items(CustomRule, text, where=where)


def _check_names(ws: Workspace, rules: Sequence[CustomRule], where: str) -> None:
    """Refuse rules for machines, types and sensors that the workspace does not have; all at once."""
    known = _known_names(ws)
    faults = []
    for rule in rules:
        meant = [
            sensors
            for machine, (kind, sensors) in known.items()
            if rule.machine in (None, machine) and rule.type in (None, kind)
        ]
        target = f"machine {rule.machine!r}" if rule.machine else f"machine of the type {rule.type!r}"
        if not meant and (rule.machine or rule.type):
            faults.append(f"rule {rule.name}: there is no {target}")
        elif known and not any(rule.sensor in sensors for sensors in meant):
            place = target if rule.machine or rule.type else "machine"
            faults.append(f"rule {rule.name}: no {place} has a sensor {rule.sensor!r}")
    if faults:
        raise InvalidDocument(where, faults)


def _known_names(ws: Workspace) -> dict[str, tuple[str, frozenset[str]]]:
    profiles = [ws.machines.get(machine_id) for machine_id in ws.machines.ids()]
    return {
        profile.machine_id: (profile.machine_type, frozenset(sensor.name for sensor in profile.sensors))
        for profile in profiles
    }


def readings_of(machine: MachineData, *, last: timedelta | None = None, first: timedelta | None = None) -> Readings:
    """Return a machine's record as the alert engine takes it; only its ``last`` days, or its ``first``."""
    import numpy as np

    from workbench.alerts import Readings
    from workbench.ml.arrays import nanoseconds, sensor_matrix
    from workbench.ml.running import running_rows

    frame, time = machine.telemetry, nanoseconds(machine.telemetry["time"])
    begin, end = 0, len(time)
    if last is not None and len(time):
        begin = int(np.searchsorted(time, time[-1] - int(last.total_seconds() * 1e9)))
    if first is not None and len(time):
        end = int(np.searchsorted(time, time[0] + int(first.total_seconds() * 1e9)))
    names = tuple(sensor.name for sensor in machine.profile.sensors)
    kinds = machine.events["kind"].to_numpy(dtype=object)
    renewing = np.zeros(len(kinds), dtype=bool)
    for kind in _RENEWING:
        renewing |= kinds == str(kind)
    return Readings(
        time=time[begin:end],
        values=sensor_matrix(frame, names, first=begin)[: end - begin],
        running=running_rows(machine, slice(begin, end)),
        renewed=np.sort(nanoseconds(machine.events["time"])[renewing]),
    )


def present_alerts(machine: MachineData, custom: Sequence[CustomRule], window_days: float) -> Watched:
    """Return the alerts and sensor faults that are on at the machine's last reading, from its last ``window_days``."""
    from workbench import alerts
    from workbench.alerts.plan import BASELINE_DAYS

    def learn() -> Readings:
        early = readings_of(machine, first=timedelta(days=2 * BASELINE_DAYS))
        if not len(early.time):
            return early
        month = early.time < early.time[0] + BASELINE_DAYS * 86_400_000_000_000
        # A machine that began to run later has its first month further on.
        return early if early.running[month].any() else readings_of(machine)

    recent = readings_of(machine, last=timedelta(days=window_days))
    return alerts.present(recent, alerts.plan_for(machine.profile, recent, custom, learn=learn))


def alert_rules(ws: Workspace, machine_id: str, *, as_of: datetime | None = None) -> tuple[AlertRule, ...]:
    """Return the rules that a machine is watched by, each with where it comes from.

    Raises ``NotFound`` for an unknown machine, ``InvalidDocument`` with every fault of the workspace's ``alerts.yaml``.
    """
    from workbench import alerts

    machine = ws.machine_data(machine_id, as_of or ws.as_of())
    return alerts.plan_for(machine.profile, readings_of(machine), custom_rules(ws)).rules


def alert_history(
    ws: Workspace,
    machine_id: str,
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    as_of: datetime | None = None,
) -> AlertHistory:
    """Return the alerts and sensor faults of a machine that were on between ``start`` and ``end``, as episodes.

    ``start``: default its first reading; ``end``: default as-of. The rules are those of today; a baseline is that of the
    machine's first month. Nothing later than ``as_of`` (default: the workspace's) is read, and nothing is written.

    Raises:
        InputError: a time without a zone, or ``start`` not before ``end``.
        NotFound: there is no such machine.
    """
    at = as_of or ws.as_of()
    machine, since, until = machine_until(ws, machine_id, start, end, at)
    return history_of(machine, custom_rules(ws), since, until)


def history_of(machine: MachineData, custom: Sequence[CustomRule], since: datetime, until: datetime) -> AlertHistory:
    """Return what was on between two instants, by a watch over the whole record up to ``until``."""
    from workbench import alerts
    from workbench.domain.alerts import SETTLE_MIN, AlertHistory

    cut = machine.telemetry["time"] <= until
    if not cut.all():
        machine = MachineData(machine.profile, machine.telemetry[cut], machine.events[machine.events["time"] <= until])
    readings = readings_of(machine)
    plan = alerts.plan_for(machine.profile, readings, custom)
    found = alerts.watch(readings, plan)
    sampling = None if plan.sampling is None else plan.sampling / 60e9
    notes = []
    if sampling is not None and sampling > SETTLE_MIN:
        notes.append(
            f"readings come every {sampling:g} min, slower than the {SETTLE_MIN:g} min in which a machine settles: "
            "the first reading after a start is not judged"
        )
    return AlertHistory(
        machine_id=machine.profile.machine_id,
        start=since,
        end=until,
        rules=plan.rules,
        judged=found.judged,
        sampling_min=sampling,
        episodes=tuple(one for one in found.episodes if one.end >= since and one.start <= until),
        faults=tuple(one for one in found.faults if one.until >= since and one.since <= until),
        notes=tuple(notes),
    )


def alarm_figures(
    ws: Workspace, start: datetime | None = None, end: datetime | None = None, *, operators: int = 1
) -> AlarmFigures:
    """Return the figures of the plant's alarms after ISA-18.2 between ``start`` and ``end``, with 95 % intervals.

    ``end``: default as-of; ``start``: default as many days before as the tracking window has; ``operators``: people who
    look at cases at the same time. Rates have exact Poisson intervals, shares exact binomial ones; alarms come in
    bursts, so that the true uncertainty is larger. Nothing is written.

    Raises ``InputError`` for times without a zone or out of order, and for fewer than one operator.
    """
    from workbench import alerts

    at = ws.as_of()
    until = min(end or at, at)
    since = start or until - timedelta(days=ws.settings.tracking_window_days)
    if since.tzinfo is None or until.tzinfo is None:
        raise InputError("start or end has no time zone.", "Write e.g. 2026-01-01T00:00Z.")
    if since >= until:
        raise InputError(f"start {since:%Y-%m-%d %H:%M} is not before the end {until:%Y-%m-%d %H:%M} (UTC).", "")
    if operators < 1:
        raise InputError(f"operators is {operators}.", "Give 1 or more.")
    custom = custom_rules(ws)
    histories = []
    for machine_id in ws.machines.ids():
        machine = ws.machine_data(machine_id, until)
        times = machine.telemetry["time"]
        if len(times) and times.iloc[-1] >= since:
            # Of the time before its first reading nothing is known.
            first = times.iloc[0].to_pydatetime(warn=False)
            histories.append(history_of(machine, custom, max(since, first), until))
    cases = [case for case in ws.cases.all() if case.opened_at <= until]
    orders = [(order.machine_id, order.created_at) for order in ws.orders.all()]
    return alerts.figures(
        histories, cases, orders, start=since, end=until, operators=operators, simulated=ws.settings.simulated
    )
