"""What happened to a machine and what was said of it before, as plain JSON for the view."""

from __future__ import annotations

from typing import Any

from workbench.dispatch.plain import sentence
from workbench.domain.cases import Case
from workbench.domain.observations import EventKind
from workbench.reports.content.site_time import said_at
from workbench.reports.content.wording import mode_title, percent, remaining_life
from workbench.workspace import Workspace
from workbench_widgets.kit import Look, look

from .site_time import local_day, local_moment
from .subject import Subject

Json = dict[str, Any]

MOST_EVENTS = 200

# A mark is the outline that stands for an event on a time axis, around 0 0 and 5 to each side: shapes that differ without colour.
EVENT_LOOKS: dict[EventKind, Look] = {
    EventKind.FAILURE: {"color": "critical", "icon": "critical", "word": "Failure", "mark": "M0 -5L5 0L0 5L-5 0z"},
    EventKind.REPLACEMENT: {"color": "healthy", "icon": "refresh", "word": "Replacement", "mark": "M-4 -4H4V4H-4z"},
    EventKind.MAINTENANCE: {"color": "maintenance", "icon": "tool", "word": "Maintenance", "mark": "M0 -5L5 4H-5z"},
    EventKind.ERROR: {
        "color": "degrading",
        "icon": "degrading",
        "word": "Error",
        "mark": "M-3.5 -5L0 -1.5L3.5 -5L5 -3.5L1.5 0L5 3.5L3.5 5L0 1.5L-3.5 5L-5 3.5L-1.5 0L-5 -3.5z",
    },
    EventKind.INSPECTION: {
        "color": "info",
        "icon": "search",
        "word": "Inspection",
        "mark": "M0 -4A4 4 0 1 1 0 4A4 4 0 1 1 0 -4z",
    },
    EventKind.STOP: {"color": "offline", "icon": "offline", "word": "Stop", "mark": "M-1.5 -5H1.5V5H-1.5z"},
}


def events(ws: Workspace, subject: Subject) -> Json:
    """Return the machine's events, newest first, and how often each kind occurred."""
    frame = ws.events.frame(subject.profile.machine_id, until=subject.as_of)
    counts = frame["kind"].value_counts()
    newest = frame.iloc[::-1].head(MOST_EVENTS)
    return {
        "total": len(frame),
        "kinds": [
            {"kind": kind.value, "look": EVENT_LOOKS[kind], "count": int(counts[kind.value])}
            for kind in EventKind
            if kind.value in counts
        ],
        "rows": [
            {
                "kind": row["kind"],
                "look": EVENT_LOOKS[EventKind(row["kind"])],
                "when": local_moment(row["time"], subject.zone),
                "cause": event_cause(row["kind"], row["cause"], subject),
                "source": row["source"],
            }
            for row in newest.to_dict("records")
        ],
    }


def event_cause(kind: str, cause: str, subject: Subject) -> str:
    """Return the cause of an event in words; an error's is a code, to be read as the control shows it."""
    return cause if kind == EventKind.ERROR else sentence(mode_title(cause, subject.profile)).rstrip(".")


def predictions(subject: Subject) -> list[Json]:
    """Return what was said of the machine before, newest first."""
    return [
        {
            "when": local_moment(said.as_of, subject.zone),
            "look": look(said.health_state),
            "score": "" if said.health_score is None else f"{said.health_score:.0f}",
            "life": remaining_life(said.remaining_useful_life),
            "week": percent(said.supported_probability_within(168.0)),
            "anomaly": f"{said.anomaly.score:.2f}" if said.anomaly else "not known",
        }
        for said in subject.predictions
    ]


def past_cases(subject: Subject) -> list[Json]:
    """Return the cases that are closed, newest first."""
    return [case_row(case, subject) for case in subject.past_cases]


def case_row(case: Case, subject: Subject) -> Json:
    """Return one case: how bad, what, since when and how often."""
    return {
        "id": case.case_id,
        "look": look(case.severity),
        "state": case.state.value.capitalize(),
        "summary": said_at(case.in_words, subject.view, subject.as_of),
        "opened": local_day(case.opened_at, subject.zone),
        "seen": local_moment(case.last_seen_at, subject.zone),
        "occurrences": case.occurrences,
        "evidence": [said_at(crossing.in_words(), subject.view, subject.as_of) for crossing in case.evidence],
    }
