"""The close-out of work: what was found and done, and the asset events that it becomes as a label (Z5)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import Field, field_validator, model_validator

from .analysis import CostItem
from .base import Frozen, MachineId, Minor, Name, UtcTime
from .equipment import MachineProfile
from .observations import AssetEvent, EventKind
from .predictions import UNKNOWN_MODE
from .work import WorkOrder

NO_FAULT_FOUND = "no_fault_found"
# What comes from elsewhere about the same failure or part within this time of a close-out is the same event: the time in
# which models take a replacement for the repair of a failure.
SAME_EVENT = timedelta(hours=24)
ORDER_SOURCE = "order WO-"
# Kinds of events that end or renew something, so that they must not be counted twice.
_COUNTED = (EventKind.FAILURE, EventKind.REPLACEMENT)


class AsFound(StrEnum):
    """State in which the machine was found, after the failure severities of ISO 14224 (its critical is ``failed``)."""

    NONE = "none"
    INCIPIENT = "incipient"
    DEGRADED = "degraded"
    FAILED = "failed"


class WorkDone(StrEnum):
    """What was done to the machine."""

    REPLACED = "replaced"
    REPAIRED = "repaired"
    ADJUSTED = "adjusted"
    CLEANED = "cleaned"
    LUBRICATED = "lubricated"
    NOTHING = "nothing"


def cause_label(text: str) -> str:
    """Return a cause in words as a label, so that two spellings are one cause.

    >>> cause_label("Loose foundation-bolts "), cause_label("No fault found")
    ('loose_foundation_bolts', 'no_fault_found')
    """
    label = re.sub(r"[\W_]+", "_", text.casefold()).strip("_")
    return NO_FAULT_FOUND if label == "nff" else label


class Findings(Frozen):
    """What whoever did the work reports (Z5); every contradiction in it is told at once.

    >>> Findings(found="bearing_wear", done="replaced", as_found="degraded", hours_worked=4).cause
    'bearing_wear'
    >>> Findings(found="no fault found", done="nothing", as_found="none", hours_worked=1).fault_found
    False
    """

    found: str = Field(
        max_length=200, description="failure mode of the profile, another cause in words, or 'no fault found'"
    )
    done: WorkDone
    as_found: AsFound
    component: str = Field(
        default="",
        max_length=200,
        description="what was replaced, as failure mode, component or 'machine'; its age begins anew. Default: of ``found``",
    )
    failed_at: UtcTime | None = Field(default=None, description="when it failed; default: begin of the downtime")
    hours_worked: float = Field(ge=0, le=10_000, description="of all people together")
    active_repair_h: float | None = Field(
        default=None, ge=0, le=10_000, description="hands on the machine, without waiting; MTTR is its mean"
    )
    downtime_start: UtcTime | None = None
    downtime_end: UtcTime | None = None
    parts_used: dict[Name, int] = {}
    actual_cost: Minor | None = Field(default=None, ge=0, description="None: computed from labour, parts and tools")
    note: str = Field(default="", max_length=10_000)

    @field_validator("found")
    @classmethod
    def _says_something(cls, value: str) -> str:
        if not cause_label(value):
            raise ValueError("say what was found: a failure mode, another cause in words, or 'no fault found'")
        return "no fault found" if cause_label(value) == NO_FAULT_FOUND else value.strip()

    @model_validator(mode="after")
    def _consistent(self) -> Findings:
        faults = list(self._contradictions())
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _contradictions(self) -> Iterable[str]:
        failed = self.as_found is AsFound.FAILED
        if not self.fault_found and (self.as_found is not AsFound.NONE or self.done is WorkDone.REPAIRED):
            yield "with no fault found the machine was found in order ('none') and nothing was repaired"
        if self.fault_found and self.as_found is AsFound.NONE:
            yield "a fault was found, so as_found is incipient, degraded or failed"
        if failed and self.failed_at is None and self.downtime_start is None:
            yield "the machine had failed: give failed_at, or downtime_start"
        if self.failed_at is not None and not failed:
            yield "failed_at is given, but as_found is not 'failed'"
        if self.component and not self.replaced:
            yield "a component is named, but done is not 'replaced'"
        if self.replaced and not self.component and not self.fault_found:
            yield "no fault was found: name the component that was replaced"
        if self.downtime_end is not None and self.downtime_start is None:
            yield "downtime_end is given without downtime_start"
        down = self.downtime_h
        if down is not None and down <= 0:
            yield "the downtime ends before it begins"
        elif down is not None and self.active_repair_h is not None and self.active_repair_h > down:
            yield f"{self.active_repair_h:g} h of active repair do not fit into {down:g} h of downtime"
        few = sorted(part for part, quantity in self.parts_used.items() if quantity < 1)
        if few:
            yield f"parts_used: fewer than 1 of {', '.join(few)}"

    @property
    def fault_found(self) -> bool:
        """Whether something was wrong."""
        return self.cause != NO_FAULT_FOUND

    @property
    def cause(self) -> str:
        """What was found, as a label."""
        return cause_label(self.found)

    @property
    def replaced(self) -> bool:
        """Whether a component was replaced."""
        return self.done is WorkDone.REPLACED

    @property
    def downtime_h(self) -> float | None:
        """How long the machine stood, None when begin or end are not told."""
        if self.downtime_start is None or self.downtime_end is None:
            return None
        return (self.downtime_end - self.downtime_start) / timedelta(hours=1)

    @property
    def functional_failure_at(self) -> datetime | None:
        """When the machine failed before the work, or None."""
        return (self.failed_at or self.downtime_start) if self.as_found is AsFound.FAILED else None


class CloseOut(Frozen):
    """The recorded close-out of an order; a correction writes the next ``revision`` over it, the event log keeps both."""

    order_id: str
    number: str
    machine_id: MachineId
    closed_at: UtcTime
    closed_by: str
    findings: Findings
    cause: str = Field(description="what was found, as the label says it: a mode of the profile where it is one")
    actual_cost: Minor
    cost_items: tuple[CostItem, ...] = Field(description="what the cost consists of")
    events: tuple[AssetEvent, ...] = Field(description="the labels that it made")
    notes: tuple[str, ...] = Field(default=(), description="what to know about the labels")
    revision: int = Field(default=1, ge=1)
    simulated: bool = False

    @property
    def fault_found(self) -> bool:
        """Whether something was wrong."""
        return self.findings.fault_found


class Labels(Frozen):
    """The events that a close-out makes, its cause as a label, and what people should know of them."""

    cause: str
    events: tuple[AssetEvent, ...]
    notes: tuple[str, ...] = ()


def source_of(number: str) -> str:
    """Return the source of events that the close-out of an order makes.

    >>> source_of("WO-2026-0001").startswith(ORDER_SOURCE)
    True
    """
    return f"order {number}"


def told_by_order(event: AssetEvent, told: Sequence[AssetEvent]) -> bool:
    """Say whether a failure or replacement from elsewhere is one that a close-out ``told`` of already."""
    return event.kind in _COUNTED and any(
        event.kind is own.kind
        and event.machine_id == own.machine_id
        and abs(event.time - own.time) <= SAME_EVENT
        and event.cause in (own.cause, UNKNOWN_MODE)
        for own in told
    )


def work_ended(findings: Findings, closed_at: datetime) -> datetime:
    """Return from when on readings are of the machine after the work: the end of the downtime, at the latest the closing."""
    return min(findings.downtime_end or closed_at, closed_at)


def labels_of(
    findings: Findings,
    order: WorkOrder,
    profile: MachineProfile,
    closed_at: datetime,
    recorded: Sequence[AssetEvent] = (),
) -> Labels:
    """Return what ``findings`` teach: labels come only from asset events (T8).

    * A machine found failed: one ``failure``, at the time it failed.
    * A replaced component: one ``replacement`` at the end of the work, which resets that component's age and restarts the
      baseline. Without a failure before it, it is censoring: nobody knows when the part would have failed (ML1).
    * Other work: ``maintenance``. A fault found in time, or no fault found: ``inspection``, never a failure.

    A failure that is recorded within 24 h already is not counted twice: with the same cause nothing is added; where its cause
    is not known, the cause is added at the recorded time, and readers then leave the unknown one out. The same holds for a
    replacement. Another cause within 24 h is added with a note.

    Args:
        findings: What was reported.
        order: In progress, or done.
        profile: Of its machine.
        closed_at: When the order was closed.
        recorded: Events of the machine from elsewhere.
    """
    end = work_ended(findings, closed_at)
    cause, notes = _known_cause(findings.found, profile)
    component = _known_cause(findings.component, profile)[0] if findings.component else cause
    made: list[tuple[datetime, EventKind, str]] = []
    failed_at = findings.functional_failure_at
    if failed_at is not None:
        made.append((failed_at, EventKind.FAILURE, cause))
    else:
        made.append((min(order.started_at or end, end), EventKind.INSPECTION, cause))
    if findings.replaced:
        made.append((end, EventKind.REPLACEMENT, component))
    elif findings.done is not WorkDone.NOTHING:
        made.append((end, EventKind.MAINTENANCE, cause if findings.fault_found else findings.done.value))
    events = []
    for time, kind, name in made:
        settled, note = _once(time, kind, name, recorded)
        notes += [note] if note else []
        if settled is not None:
            events.append(
                AssetEvent(
                    machine_id=order.machine_id, time=settled, kind=kind, cause=name, source=source_of(order.number)
                )
            )
    return Labels(cause=cause, events=tuple(events), notes=tuple(notes))


def _known_cause(text: str, profile: MachineProfile) -> tuple[str, list[str]]:
    """Return the profile's name for a cause that is one of its modes by name or title, else the words as a label."""
    label = cause_label(text)
    for mode in profile.failure_modes:
        if label in (cause_label(mode.name), cause_label(mode.title)):
            return mode.name, []
    if label in (NO_FAULT_FOUND, UNKNOWN_MODE):
        return label, []
    modes = ", ".join(mode.name for mode in profile.failure_modes) or "none"
    return label, [f"{label!r} is no failure mode of {profile.machine_id}; the profile has: {modes}"]


def _once(time: datetime, kind: EventKind, cause: str, recorded: Sequence[AssetEvent]) -> tuple[datetime | None, str]:
    """Return when the event is to be recorded (None: it is there already), and what to tell people."""
    if kind not in _COUNTED:
        return time, ""
    near = sorted(
        (event for event in recorded if event.kind is kind and abs(event.time - time) <= SAME_EVENT),
        key=lambda event: abs(event.time - time),
    )
    same = [event for event in near if event.cause == cause or cause == UNKNOWN_MODE]
    if same:
        return None, f"the {kind.value} is recorded already at {same[0].time:%Y-%m-%d %H:%M} UTC ({same[0].source})"
    unnamed = [event for event in near if event.cause == UNKNOWN_MODE]
    if unnamed:
        return unnamed[0].time, f"names the {kind.value} of unknown cause recorded by {unnamed[0].source}"
    if near:
        other = near[0]
        return time, (
            f"another {kind.value} ({other.cause}) is recorded at {other.time:%Y-%m-%d %H:%M} UTC by {other.source}; "
            "both count, so check that they are two"
        )
    return time, ""
