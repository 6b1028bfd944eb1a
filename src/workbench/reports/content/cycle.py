"""What a report of the maintenance cycle is about, and its top: which machines ran, how it went, what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from workbench.domain.notices import Notice
from workbench.domain.runs import CYCLE_STEPS, CycleRun, CycleStep, StepState
from workbench.domain.work import DispatchReport, Reservation

from .fleet import FleetSnapshot, MachineView
from .markup import Fragment, element, text
from .plan import PlanDossier
from .summary import card, head
from .wording import count, moment

_NAMED = 5


class Outcome(StrEnum):
    """What came of one run, in words."""

    FAILED = "failed"
    RUNNING = "not finished"
    OPENED = "order opened"
    MORE_URGENT = "order made more urgent"
    SUPPORTED = "order supported"
    NOTHING = "no work needed"


@dataclass(frozen=True)
class RunView:
    """One run with its recorded steps, and the machine with what this run said of it."""

    run: CycleRun
    view: MachineView
    steps: tuple[CycleStep, ...] = ()

    @property
    def title(self) -> str:
        """The machine's title."""
        return self.view.profile.title

    def step(self, name: str) -> CycleStep | None:
        """Return the step called ``name``, if it was reached."""
        return next((step for step in self.steps if step.name == name), None)

    @property
    def outcome(self) -> Outcome:
        """What came of the run."""
        if self.run.state == "failed":
            return Outcome.FAILED
        if self.run.state == "running":
            return Outcome.RUNNING
        assigned = self.step("assign")
        if assigned is None or assigned.state is not StepState.DONE:
            return Outcome.NOTHING
        if assigned.result.get("created"):
            return Outcome.OPENED
        return Outcome.MORE_URGENT if assigned.result.get("tell") else Outcome.SUPPORTED

    @property
    def seconds(self) -> float | None:
        """How long the run took; None while it is not finished."""
        return (self.run.ended_at - self.run.started_at).total_seconds() if self.run.ended_at else None


@dataclass(frozen=True)
class CycleSnapshot:
    """One or more runs of the cycle for the same instant, read once.

    ``fleet`` holds the machines of the runs, with the predictions, models and orders of these runs, as of that instant.
    """

    fleet: FleetSnapshot
    runs: tuple[RunView, ...]
    left_out: int = 0
    started_by: str = ""
    notices: tuple[Notice, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    dispatch_reports: Mapping[str, DispatchReport] = field(default_factory=dict)
    plan: PlanDossier | None = None

    @cached_property
    def tally(self) -> Counter[Outcome]:
        """How many runs ended how."""
        return Counter(view.outcome for view in self.runs)

    @property
    def started_at(self) -> datetime:
        """When the first of the runs began."""
        return min(view.run.started_at for view in self.runs)

    @property
    def ended_at(self) -> datetime | None:
        """When the last of the runs ended; None while one is not finished."""
        ends = [view.run.ended_at for view in self.runs]
        return None if None in ends else max(end for end in ends if end)


def duration(seconds: float) -> str:
    """Return a time that something took, for people.

    >>> duration(0.0862), duration(4.24), duration(75), duration(4020)
    ('86 ms', '4.2 s', '1 min 15 s', '1 h 07 min')
    """
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def clock(time: datetime) -> str:
    """Return the time of day in UTC to the second."""
    return f"{time:%H:%M:%S} UTC"


def cycle_header(cycle: CycleSnapshot, *, title: str) -> Fragment:
    """Return title, as-of, when it ran, for which machines and who started it, with the report's provenance."""
    ended = cycle.ended_at
    ran = moment(cycle.started_at) + ("" if ended is None else f" to {clock(ended)}")
    one = cycle.runs[0] if len(cycle.runs) == 1 else None
    which = f"{one.title} ({one.run.run_id})" if one else count(len(cycle.runs), "machine")
    pairs = [
        ("As of", text(moment(cycle.fleet.as_of))),
        ("Workspace", text(cycle.fleet.workspace)),
        ("Run for" if one is None else "Run", text(which) + element("small", text(f"Ran {ran}"))),
        ("Started by", text(cycle.started_by or "not recorded")),
    ]
    return head(cycle.fleet, pairs, title=f"{title}: {one.title}" if one and title else title or "Maintenance cycle")


def cycle_headline(cycle: CycleSnapshot) -> Fragment:
    """Return the sentences that matter most: how it went, what came of it, who was told."""
    sentences = [_went(cycle), _came_of_it(cycle), _told(cycle), _left_out(cycle)]
    return Fragment(element("div", *(element("p", s) for s in sentences if s), class_="headline"))


def _went(cycle: CycleSnapshot) -> str:
    total, failed, running = len(cycle.runs), cycle.tally[Outcome.FAILED], cycle.tally[Outcome.RUNNING]
    ended = cycle.ended_at
    took = "" if ended is None else f" in {duration((ended - cycle.started_at).total_seconds())}"
    if total == 1 and not failed and not running:
        one = cycle.runs[0]
        return element("strong", text(one.outcome.value.capitalize())) + text(f" on {one.title}, decided{took}.")
    if not failed and not running:
        return element("strong", text(f"{count(total, 'run')} finished")) + text(f"{took}; none failed.")
    words = [f"{total - failed - running:,} of {count(total, 'run')} finished{took}"]
    words += [f"{running:,} not finished: {_named(cycle, Outcome.RUNNING)}"] if running else []
    words += [f"{failed:,} failed: {_named(cycle, Outcome.FAILED)}"] if failed else []
    return element("strong", text(f"{'; '.join(words)}."))


def _named(cycle: CycleSnapshot, outcome: Outcome) -> str:
    names = [view.title for view in cycle.runs if view.outcome is outcome]
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else "")


def _came_of_it(cycle: CycleSnapshot) -> str:
    if len(cycle.runs) == 1:
        return text("".join(f"{order.number}: {order.title}." for order in cycle.fleet.orders))
    tally = cycle.tally
    words = [
        f"{count(tally[outcome], noun)} {verb}"
        for outcome, noun, verb in (
            (Outcome.OPENED, "work order", "opened"),
            (Outcome.MORE_URGENT, "work order", "made more urgent"),
            (Outcome.SUPPORTED, "standing work order", "supported by a further finding"),
        )
        if tally[outcome]
    ]
    if tally[Outcome.NOTHING]:
        words.append(f"no work needed on {count(tally[Outcome.NOTHING], 'machine')}")
    return text("; ".join(words)[:1].upper() + "; ".join(words)[1:] + ".") if words else ""


def _told(cycle: CycleSnapshot) -> str:
    reserved = sum(one.quantity for one in cycle.reservations if one.state != "released")
    words = [f"{count(reserved, 'part')} reserved"] if reserved else []
    words += [f"{count(cycle.fleet.parts_to_order, 'part')} to order"] if cycle.fleet.parts_to_order else []
    people = len({notice.recipient for notice in cycle.notices})
    words += [f"{count(people, 'person', 'people')} told by {count(len(cycle.notices), 'notice')}"] if people else []
    return text("; ".join(words) + ".") if words else ""


def _left_out(cycle: CycleSnapshot) -> str:
    if not cycle.left_out:
        return ""
    these = count(cycle.left_out, "earlier run")
    return text(
        f"{these} for the same instant, of other models, data or settings, left out; of each machine the newest is shown."
    )


def cycle_cards(cycle: CycleSnapshot) -> Fragment:
    """Return the figures: runs, failures, orders opened, parts reserved, notices."""
    tally = cycle.tally
    reserved = sum(one.quantity for one in cycle.reservations if one.state != "released")
    unsent = sum(notice.state == "failed" for notice in cycle.notices)
    ran = [
        card(f"{len(cycle.runs):,}", "Machines"),
        card(f"{tally[Outcome.FAILED]:,}", "Runs failed", kind="critical" if tally[Outcome.FAILED] else ""),
        card(f"{tally[Outcome.OPENED]:,}", "Work orders opened"),
        card(f"{tally[Outcome.NOTHING]:,}", "No work needed"),
    ]
    did = [
        card(f"{tally[Outcome.SUPPORTED] + tally[Outcome.MORE_URGENT]:,}", "Standing orders supported"),
        card(f"{reserved:,}", "Parts reserved"),
        card(f"{cycle.fleet.parts_to_order:,}", "Parts to order"),
        card(f"{len(cycle.notices):,}", "Notices", note=f"{unsent:,} could not be sent" if unsent else ""),
    ]
    return Fragment(
        element("div", *ran, class_="cards", role="list", aria_label="Runs")
        + element("div", *did, class_="cards", role="list", aria_label="What the runs did")
    )


def steps_reached(view: RunView) -> list[tuple[str, CycleStep | None]]:
    """Return each of the six steps with its record, None where the run did not get there."""
    return [(name, view.step(name)) for name in CYCLE_STEPS]
