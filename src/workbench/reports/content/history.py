"""What happened to one machine over time, how its predictions went, and past cases like the failure expected of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from workbench.dispatch.plain import readable, sentence
from workbench.domain.analysis import AnalyticsPackage, PastCase
from workbench.domain.history import amount_text
from workbench.domain.observations import AssetEvent, EventKind
from workbench.domain.predictions import UNKNOWN_MODE

from . import svg
from .charts import WIDTH, figure
from .dossier import MachineDossier
from .fleet import WEEK_H
from .markup import Fragment, chip, element, empty, text
from .site_time import site_moment
from .tables import table
from .time_charts import day_number, time_axis
from .wording import count, day, days_between, mode_title

MOST_EVENTS = 15
_ROW = 18.0
# More points than this are drawn as a line alone.
_DOTTED_UP_TO = 60
_KINDS = {EventKind.FAILURE: "critical", EventKind.REPLACEMENT: "degrading"}


def machine_history(machine: MachineDossier) -> Fragment:
    """Return the machine's events in a sentence, drawn over time and the newest in a table; and its predictions."""
    course = _course(machine)
    if not machine.events:
        said = empty("No failure, replacement, maintenance or other event is recorded for this machine.")
        return Fragment(said + (element("div", course, class_="outlook") if course else ""))
    said = element("p", text(_in_a_sentence(machine.events)))
    return Fragment(element("div", _timeline(machine), course, said, class_="outlook") + _event_table(machine))


def similar_cases(machine: MachineDossier, package: AnalyticsPackage) -> str:
    """Return past cases like the failure expected: what happened, what was done, how long, at what cost, and why it is similar."""
    summary = package.history_summary
    told = re.sub(r"(?<=\d) h\b", "\u00a0h", summary.in_words()) if summary is not None else ""
    said = element("p", text(told)) if summary is not None and (summary.cases or summary.notes) else ""
    if not package.history:
        return element("h5", "Similar cases") + said if said else ""
    rows = [
        {
            "time": text(day(past.time) if past.time else "not recorded"),
            "machine": text(machine.fleet.title_of(past.machine_id) if past.machine_id else past.machine),
            "what": _what(past, machine),
            "remedy": text(readable(past.remedy, machine.profile) if past.remedy else "not recorded"),
            "downtime": text(f"{past.downtime_h:,.1f} h" if past.downtime_h is not None else "not recorded"),
            "cost": text(_cost(past)),
            "why": element("small", text(sentence("; ".join(past.why)))),
        }
        for past in package.history
    ]
    columns = {
        "time": "When",
        "machine": "Machine",
        "what": "What",
        "remedy": "What was done",
        "downtime": "Downtime",
        "cost": "Cost",
        "why": "Why similar",
    }
    caption = f"{count(len(rows), 'case')} most like this one"
    return (
        element("h5", "Similar cases")
        + said
        + table("similar", columns, rows, caption=caption, numeric=["downtime", "cost"])
    )


def _what(past: PastCase, machine: MachineDossier) -> str:
    known = "" if past.cause == UNKNOWN_MODE else text(mode_title(past.cause, machine.profile))
    order = f"{past.source} {past.number}".strip() if past.source != "events" else ""
    words = f"\u201c{past.text}\u201d" if past.text else ""
    return known + (
        element("small", text(", ".join(part for part in (words, order) if part))) if order or words else ""
    )


def _cost(past: PastCase) -> str:
    if past.cost is None:
        return "not recorded"
    return amount_text(past.cost, past.currency) if past.cost else "nothing booked"


def _event_table(machine: MachineDossier) -> str:
    """Return the newest events without errors, which are many and are counted in the sentence."""
    telling = [event for event in machine.events[::-1] if event.kind is not EventKind.ERROR]
    if not telling:
        return ""
    rows = [
        {
            "time": text(site_moment(event.time, machine.view.site)),
            "kind": chip(event.kind.value.capitalize(), _KINDS.get(event.kind, "plain")),
            "cause": text("not recorded" if event.cause == "unknown" else mode_title(event.cause, machine.profile)),
            "source": text(event.source),
        }
        for event in telling[:MOST_EVENTS]
    ]
    left = len(telling) - len(rows)
    caption = "What happened, newest first" + (f"; {count(left, 'older event')} left out" if left else "")
    columns = {"time": "When", "kind": "What", "cause": "Cause", "source": "Source"}
    return table("events", columns, rows, caption=caption)


def _in_a_sentence(events: Sequence[AssetEvent]) -> str:
    tally = Counter(event.kind for event in events)
    words = ", ".join(count(tally[kind], kind.value, _plural(kind)) for kind in EventKind if tally[kind])
    failures = [event for event in events if event.kind is EventKind.FAILURE]
    said = f"Recorded: {words}."
    codes = Counter(event.cause for event in events if event.kind is EventKind.ERROR).most_common(4)
    if codes:
        said += f" Commonest errors: {', '.join(f'{code} ({number:,})' for code, number in codes)}."
    if failures:
        said += f" Last failure {day(failures[-1].time)}."
    if len(failures) > 2:
        gaps = (failures[-1].time - failures[0].time).total_seconds() / 86_400 / (len(failures) - 1)
        said += f" Between failures passed {gaps:,.0f} calendar days on average."
    return said


def _plural(kind: EventKind) -> str:
    return "maintenance" if kind is EventKind.MAINTENANCE else f"{kind.value}s"


def _timeline(machine: MachineDossier) -> str:
    """Return one row of marks for each kind of event, over all the time that is recorded; empty without events."""
    events, fleet = machine.events, machine.fleet
    start = min(
        [event.time for event in events] + ([fleet.data_range[0]] if fleet.data_range else []), default=fleet.as_of
    )
    if not events or start >= fleet.as_of:
        return ""
    kinds = [kind for kind in EventKind if any(event.kind is kind for event in events)]
    across = _time_scale(start, fleet.as_of, 78)
    height = 26 + _ROW * len(kinds)
    parts = [svg.line(across.start, height - 18, across.end, height - 18, svg.RULE)]
    for row, kind in enumerate(kinds):
        middle = 4 + _ROW * (row + 0.5)
        colour = svg.CRITICAL if kind is EventKind.FAILURE else svg.SERIES
        parts.append(svg.label(across.start - 8, middle + 3.6, kind.value.capitalize(), anchor="end", colour=svg.MUTED))
        parts.append(svg.line(across.start, middle, across.end, middle, svg.RULE, width=0.6))
        places = sorted({round(across(day_number(event.time)), 1) for event in events if event.kind is kind})
        parts += [svg.rect(x - 1, middle - 6, 2, 12, colour) for x in places]
    parts += time_axis(across, start, fleet.as_of, height - 5)
    words = "; ".join(f"{event.kind.value} {day(event.time)}" for event in events[-MOST_EVENTS:])
    title = f"Events, {days_between(start, fleet.as_of)}"
    name = f"events-{machine.machine_id}"
    return figure(svg.drawing(WIDTH, height, parts, name=name, title=title, description=words), title)


def _time_scale(start: datetime, end: datetime, left: float) -> svg.Scale:
    return svg.Scale(day_number(start), day_number(end), left, WIDTH - 6)


def _course(machine: MachineDossier) -> str:
    """Return health score and probability of failure of every instant predicted for; empty for fewer than two."""
    said = [one for one in machine.predictions if one.health_score is not None]
    if len(said) < 2:
        return ""
    height, top, bottom = 134.0, 8.0, 112.0
    across, up = _time_scale(said[0].as_of, said[-1].as_of, 30), svg.Scale(0, 100, bottom, top)
    parts = []
    for value in (0, 25, 50, 75, 100):
        parts.append(svg.line(across.start, up(value), across.end, up(value), svg.RULE, width=0.6))
        parts.append(svg.label(across.start - 5, up(value) + 3.5, f"{value}", anchor="end", colour=svg.MUTED))
    scores = [(across(day_number(one.as_of)), up(one.health_score or 0.0)) for one in said]
    chances = [
        (across(day_number(one.as_of)), up(100 * chance))
        for one in said
        if (chance := one.supported_probability_within(WEEK_H)) is not None
    ]
    parts.append(svg.curve(scores, svg.SERIES, width=1.6))
    parts.append(svg.curve(chances, svg.WARNING, width=1.6, dash=svg.DASHED))
    if len(said) <= _DOTTED_UP_TO:
        parts += [svg.dot(x, y, 2.6, svg.SERIES) for x, y in scores]
        parts += [svg.dot(x, y, 2.6, svg.WARNING) for x, y in chances]
    parts += time_axis(across, said[0].as_of, said[-1].as_of, height - 7)
    words = "; ".join(f"{day(one.as_of)}: score {one.health_score:.0f}" for one in said[-MOST_EVENTS:])
    title = "Past predictions: health score (solid), probability of failure within 7 calendar days in % (dashed)"
    name = f"predictions-{machine.machine_id}"
    return figure(svg.drawing(WIDTH, height, parts, name=name, title=title, description=words), title)
