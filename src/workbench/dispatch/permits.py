"""The work permits of an order together: when they allow its work, why they do not, and how people are told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from workbench.domain.permits import PermitKind, PermitState, WorkPermit

from .working_time import on_site_clock

Span = tuple[datetime, datetime]
# How it begins what an order without its permit is said to wait for.
WAITS = "waits for the permit"
HOUR = timedelta(hours=1)


def permitted_spans(permits: Sequence[WorkPermit]) -> list[Span] | None:
    """Return when the work may be done: permits of one kind add up, those of different kinds must hold at once.

    None: it needs no permit. An empty list: it may never be done as things stand.
    """
    found: list[Span] | None = None
    for own in _by_kind(permits).values():
        spans = _joined(span for permit in own if (span := permit.period) is not None)
        found = spans if found is None else _common(found, spans)
    return found


def waits_in_words(permits: Sequence[WorkPermit], zone: ZoneInfo) -> str:
    """Say for which permits an order waits, as none of that kind is granted; empty: for none."""
    lacking = [own[-1] for own in _by_kind(permits).values() if not any(permit.granted for permit in own)]
    if not lacking:
        return ""
    said = "; ".join(f"{one.kind.words}, {permit_in_words(one, zone)}" for one in lacking)
    return f"{WAITS}{'s' if len(lacking) > 1 else ''}: {said}"


def within_in_words(permits: Sequence[WorkPermit], zone: ZoneInfo) -> str:
    """Name the granted permits of an order with their periods; empty: it needs none.

    E.g. 'its permit for hot work, Mon 5 Jan 08:00 to 16:00'.
    """
    said = [
        f"{kind.words}, {' and '.join(span_in_words(span, zone) for span in spans)}"
        for kind, own in _by_kind(permits).items()
        if (spans := _joined(span for permit in own if permit.granted and (span := permit.period) is not None))
    ]
    return f"its permit{'s' if len(said) > 1 else ''} for {'; for '.join(said)}" if said else ""


def why_no_time(permits: Sequence[WorkPermit], *, at: datetime, ready: datetime, minutes: int, zone: ZoneInfo) -> str:
    """Say why work of so many minutes has no time within its granted permits; empty: it has, or needs none.

    ``at``: from when it is planned; ``ready``: when its parts are there.
    """
    spans, named = permitted_spans(permits), within_in_words(permits, zone)
    if spans is None:
        return ""
    if not spans:
        return f"{named}, have no time in common: have one of them moved"
    left = [span for span in spans if span[1] > at]
    if not left:
        asked = any(permit.state is PermitState.REQUESTED for permit in permits)
        return f"the time of {named}, is over{', and another is asked for' if asked else ': ask for another'}"
    there = [(max(start, ready, at), end) for start, end in left if end > ready]
    if not there:
        return f"its parts come {on_site_clock(ready, zone)}, after {named}: have that moved"
    longest = max(end - start for start, end in there)
    return _too_short(minutes, longest, named)


def why_too_short(permits: Sequence[WorkPermit], *, at: datetime, minutes: int, zone: ZoneInfo) -> str:
    """Say why all granted permits together leave too little time from ``at`` on for work of so many minutes; empty: they do not."""
    spans = permitted_spans(permits)
    if spans is None:
        return ""
    left = sum((end - max(start, at) for start, end in spans if end > at), timedelta())
    return _too_short(minutes, left, within_in_words(permits, zone))


def _too_short(minutes: int, left: timedelta, named: str) -> str:
    if left >= timedelta(minutes=minutes):
        return ""
    return f"it takes {minutes / 60:.3g} h, and {left / HOUR:.3g} h are left within {named}: have that prolonged"


def why_not(permits: Sequence[WorkPermit], begins: datetime, ends: datetime, zone: ZoneInfo) -> str:
    """Say why work from ``begins`` to ``ends`` is not permitted, the same moment twice for that moment; empty: it is."""
    spans = permitted_spans(permits)
    if spans is None or any(start <= begins < end and ends <= end for start, end in spans):
        return ""
    waits = waits_in_words(permits, zone)
    asked = span_in_words((begins, ends), zone) if ends > begins else on_site_clock(begins, zone)
    return f"it {waits}" if waits else f"{asked} is outside {within_in_words(permits, zone)}"


def permit_lines(permits: Sequence[WorkPermit], zone: ZoneInfo) -> tuple[str, ...]:
    """Return a line for each granted permit, and one for what is waited for."""
    lines = [
        f"Permit for {permit.kind.words}: {permit_in_words(permit, zone)}."
        for own in _by_kind(permits).values()
        for permit in own
        if permit.granted
    ]
    waits = waits_in_words(permits, zone)
    return (*lines, *([f"The work {waits}. Do not work without it."] if waits else []))


def permit_in_words(permit: WorkPermit, zone: ZoneInfo) -> str:
    """Say how a permit stands: for when it is granted and by whom, or since when it is asked for, withdrawn or dropped."""
    if permit.granted and permit.period is not None:
        number = f", {permit.reference}" if permit.reference else ""
        return f"{span_in_words(permit.period, zone)}{number}, granted by {permit.granted_by}"
    if permit.state is PermitState.WITHDRAWN and permit.withdrawn_at is not None:
        return f"withdrawn on {on_site_clock(permit.withdrawn_at, zone)} ({permit.reason})"
    if permit.state is PermitState.NOT_NEEDED:
        return f"not needed ({permit.reason})"
    return f"asked for on {on_site_clock(permit.requested_at, zone)}"


def withdrawn_line(permit: WorkPermit, zone: ZoneInfo) -> str:
    """Return a line for a permit that was withdrawn, with the period for which it was granted."""
    when = f", {span_in_words((permit.begins, permit.ends), zone)}" if permit.begins and permit.ends else ""
    return f"Permit for {permit.kind.words}{when}: {permit_in_words(permit, zone)}."


def span_in_words(span: Span, zone: ZoneInfo) -> str:
    """Say from when to when, in site time; the day once where both are on it.

    >>> from datetime import UTC
    >>> span_in_words((datetime(2026, 1, 5, 7, tzinfo=UTC), datetime(2026, 1, 5, 15, tzinfo=UTC)), ZoneInfo("Europe/Berlin"))
    'Mon 5 Jan 08:00 to 16:00'
    """
    begins, ends = (on_site_clock(moment, zone) for moment in span)
    return f"{begins} to {ends[-5:] if begins[:-5] == ends[:-5] else ends}"


def _by_kind(permits: Sequence[WorkPermit]) -> dict[PermitKind, list[WorkPermit]]:
    """Return the permits of each kind that is needed, in the order in which they were asked for."""
    found: dict[PermitKind, list[WorkPermit]] = {}
    for permit in sorted(permits, key=lambda one: one.asked):
        if permit.needed:
            found.setdefault(permit.kind, []).append(permit)
    return found


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Return spans as they follow each other, those that touch made one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _common(some: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    pairs = ((max(a, c), min(b, d)) for a, b in some for c, d in others)
    return sorted(pair for pair in pairs if pair[0] < pair[1])
