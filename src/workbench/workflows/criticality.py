"""FMECA and criticality of a workspace's machines (Z2): what is recorded, watched and in stock, put together; a person decides."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from workbench.domain.base import Actor
from workbench.domain.criticality import CriticalityAssessment, Fmeca, Letter
from workbench.domain.observations import EventKind
from workbench.domain.roles import Permission, require
from workbench.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from workbench.analytics.fmeca import Judged, Monitoring
    from workbench.analytics.fmeca_rates import Experience
    from workbench.analytics.fmeca_strategy import Supply
    from workbench.analytics.kpis_time import TimeUse
    from workbench.domain.equipment import MachineProfile
    from workbench.workspace import Workspace

# Sensors without a value for so long count as not read.
SILENT_AFTER = timedelta(days=30)
LETTERS: tuple[Letter, Letter, Letter] = ("A", "B", "C")


@dataclass(frozen=True)
class _Record:
    """What the workspace knows of its machines, read once."""

    as_of: datetime
    uses: Mapping[str, TimeUse]
    experience: Mapping[str, Experience]
    supply: Supply


def fmeca(ws: Workspace, machine_id: str) -> Fmeca:
    """Return the failure modes of a machine with severity, occurrence, detection, expected cost a year and strategy (IEC 60812).

    How often comes from the recorded failures of its type, shrunk towards the life in its profile; severity from what a failure
    costs and whether it may harm. Raises ``NotFound`` for an unknown machine.
    """
    profile = ws.machines.get(machine_id)
    record = _record(ws, [one for one in ws.machines.all() if one.machine_type == profile.machine_type])
    hours, basis = _hours_per_year(record.uses[machine_id])
    watched = _monitoring(ws, profile, record.as_of)
    return Fmeca(
        machine_id=machine_id,
        title=profile.title,
        as_of=record.as_of,
        currency=ws.settings.currency,
        operating_h_per_year=hours,
        operating_basis=basis,
        modes=tuple(one.effect for one in _modes(profile, record, watched, hours)),
        notes=tuple(_notes(profile, record, watched)),
    )


def assess_criticality(ws: Workspace) -> CriticalityAssessment:
    """Return every approved machine with its expected loss a year and the class A, B or C proposed for it; writes nothing.

    The rule is in the answer. Decide with ``set_criticality``.
    """
    from workbench.analytics.criticality import RULE, assess_fleet
    from workbench.workflows.kpis import approved_machines

    approved = set(approved_machines(ws))
    profiles = [one for one in ws.machines.all() if one.machine_id in approved]
    record = _record(ws, profiles)
    machines = []
    for profile in profiles:
        hours, _ = _hours_per_year(record.uses[profile.machine_id])
        modes = _modes(profile, record, _monitoring(ws, profile, record.as_of), hours)
        machines.append((profile, modes, hours))
    found = assess_fleet(machines, currency=ws.settings.currency, seed=ws.settings.seed)
    return CriticalityAssessment(
        as_of=record.as_of,
        currency=ws.settings.currency,
        rule=RULE,
        machines=found,
        loss_per_year=sum(one.loss_per_year for one in found),
        simulated=ws.settings.simulated,
    )


def set_criticality(ws: Workspace, machine_id: str, letter: Letter, reason: str, *, actor: Actor | None = None) -> int:
    """Give a machine the class ``letter``, with the reason, as a new version of its profile; returns the version.

    Priorities of later orders follow it. The same class again changes nothing. Raises ``NotFound`` for an unknown machine,
    ``InputError`` for another letter or no reason, ``NotPermitted`` for a role that does not plan work.
    """
    if letter not in LETTERS:
        raise InputError(f"{letter!r} is no criticality.", "Give A, B or C.")
    if not reason.strip():
        raise InputError(f"There is no reason for criticality {letter} of {machine_id}.", "Say why in a few words.")
    change = ws.change(f"criticality {letter}: {reason.strip()}", actor)
    require(change.actor, Permission.ASSIGN_WORK)
    with ws.transaction() as tx:
        return tx.machines.update(tx.machines.get(machine_id).model_copy(update={"criticality": letter}), change)


def _modes(profile: MachineProfile, record: _Record, watched: Monitoring, hours: float) -> tuple[Judged, ...]:
    from workbench.analytics.fmeca import judge_modes

    known = record.experience[profile.machine_type]
    return judge_modes(profile, known, watched, record.supply, operating_h_per_year=hours)


def _record(ws: Workspace, profiles: list[MachineProfile]) -> _Record:
    from workbench.analytics.fmeca_rates import Experience
    from workbench.analytics.fmeca_strategy import Supply
    from workbench.workflows.kpis import machine_time

    as_of, span = ws.as_of(), ws.telemetry.span()
    begin = span[0] - timedelta(hours=1) if span else as_of - timedelta(days=1)
    uses = {profile.machine_id: machine_time(ws, profile, begin, as_of) for profile in profiles}
    events = ws.events.frame(until=as_of, kinds=(EventKind.FAILURE,))
    failures: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for profile in profiles:
        failures[profile.machine_type] += _failures(uses[profile.machine_id], events)
    hours: defaultdict[str, float] = defaultdict(float)
    machines: Counter[str] = Counter()
    for profile in profiles:
        ran = uses[profile.machine_id].exposure_h
        hours[profile.machine_type] += ran
        machines[profile.machine_type] += ran > 0
    parts = {part.part_id: part for part in ws.parts.all()}
    return _Record(
        as_of=as_of,
        uses=uses,
        experience={
            kind: Experience(hours[kind], failures[kind], machines[kind]) for kind in failures.keys() | hours.keys()
        },
        supply=Supply(
            parts=parts,
            free={part_id: ws.parts.available(part_id) for part_id in parts},
            technicians=ws.technicians.all(),
            currency=ws.settings.currency,
        ),
    )


def _failures(use: TimeUse, events: pd.DataFrame) -> Counter[str]:
    """Return the failures by cause in the time that the readings cover; recorded twice, once without its cause, counts once."""
    if use.span is None:
        return Counter()
    start, end = use.span
    own = events[(events["machine_id"] == use.machine_id) & (events["time"] > start) & (events["time"] <= end)]
    known = own[own["cause"] != "unknown"]
    unknown = own[(own["cause"] == "unknown") & ~own["time"].isin(known["time"])]
    return Counter(known["cause"]) + Counter(unknown["cause"])


def _hours_per_year(use: TimeUse) -> tuple[float, str]:
    from workbench.analytics.fmeca_rates import HOURS_PER_YEAR

    if not use.running_known:
        return HOURS_PER_YEAR, "taken to run all the time: no states and no running rule tell when it runs"
    covered = sum(use.hours(part) for part in ("running", "idle", "planned_stop", "down", "standing"))
    share = use.hours("running") / covered
    return share * HOURS_PER_YEAR, f"ran {100 * share:.0f} % of {covered:,.0f} recorded hours"


def _monitoring(ws: Workspace, profile: MachineProfile, as_of: datetime) -> Monitoring:
    from workbench.analytics.fmeca import Monitoring

    sensors = {mode.indicator for mode in profile.failure_modes}
    sensors |= {symptom.sensor for mode in profile.failure_modes for symptom in mode.symptoms}
    recent = ws.telemetry.read(profile.machine_id, start=as_of - SILENT_AFTER, end=as_of, columns=sorted(sensors))
    if len(recent) < 2:
        return Monitoring()
    step = float(recent["time"].diff().dt.total_seconds().median()) / 3600
    return Monitoring(step, frozenset(name for name in sensors if recent[name].notna().any()))


def _notes(profile: MachineProfile, record: _Record, watched: Monitoring) -> list[str]:
    from workbench.analytics.fmeca import lacking_sensors

    notes = []
    silent = lacking_sensors(profile, watched.reporting)
    if silent:
        notes.append(f"No readings in the last {SILENT_AFTER.days} days: {', '.join(silent)}.")
    modes = [mode.name for mode in profile.failure_modes]
    causes = record.experience[profile.machine_type].failures or {}
    other = {cause: count for cause, count in causes.items() if cause not in modes and cause != "unknown"}
    if other:
        named = ", ".join(f"{cause} ({count})" for cause, count in sorted(other.items()))
        notes.append(f"Recorded causes that are no failure mode of the profile, shared out over its modes: {named}.")
    if not profile.energy_sources:
        notes.append("The profile names no energy source, so no hazard could be looked for.")
    return notes
