"""What the sensors say by themselves: anomalies, limits crossed, trends; needs no record of failures."""

from __future__ import annotations

from collections import Counter

from workbench.dispatch.plain import sensor_title
from workbench.domain.analysis import standing_out
from workbench.domain.predictions import Anomaly, Contribution, LimitCrossing
from workbench.domain.units import against_limit, limit_text

from .fleet import FleetSnapshot, MachineView
from .markup import Fragment, chip, element, empty, fleet_anchor, link, text
from .site_time import site_moment
from .tables import table
from .wording import count, quantity, with_unit, without_brackets

_MOST_SENSORS = 3
_MOST_REASONS = 5


def evidence_note(fleet: FleetSnapshot) -> Fragment:
    """Say what cannot be said of health and remaining life, and why; nothing where every machine has both."""
    health = Counter(view.why_unknown for view in fleet.machines if view.why_unknown)
    lives = Counter(
        # Figures in brackets differ from machine to machine where the reason is the same.
        without_brackets("; ".join(view.prediction.remaining_useful_life.evidence.reasons))
        for view in fleet.machines
        if view.prediction and not view.prediction.remaining_useful_life.evidence.enough
    )
    lines = _reasons("Health state", health) + _reasons("Remaining useful life", lives)
    if not lines:
        return Fragment(element("p", text("Every machine has enough evidence for health state and remaining life.")))
    return Fragment(element("div", element("ul", *(element("li", text(line)) for line in lines)), class_="note"))


def _reasons(question: str, why: Counter[str]) -> list[str]:
    lines = [f"{question}, {count(n, 'machine')}: not enough evidence: {r}" for r, n in why.most_common(_MOST_REASONS)]
    rest = sum(why.values()) - sum(n for _, n in why.most_common(_MOST_REASONS))
    if rest:
        lines.append(f"{question}, {count(rest, 'more machine')}: not enough evidence, for reasons in the fleet table")
    return lines


def anomaly_table(fleet: FleetSnapshot) -> Fragment:
    """Return the machines whose latest readings stand out, and the sensors that make them do so."""
    scored = [(v.prediction.anomaly, v) for v in fleet.machines if v.prediction and v.prediction.anomaly]
    if not scored:
        why = Counter(
            "; ".join(v.prediction.anomaly_evidence.reasons) for v in fleet.machines if v.prediction
        ).most_common(1)
        return Fragment(empty("No machine could be checked for anomalies" + (f": {why[0][0]}." if why else ".")))
    found = sorted((pair for pair in scored if pair[0].is_anomaly), key=lambda p: (-p[0].score, p[1].machine_id))
    if not found:
        highest = max(scored, key=lambda pair: pair[0].score)
        return Fragment(
            empty(
                f"No anomaly: {count(len(scored), 'machine')} checked; the highest score is that of "
                f"{highest[1].profile.title}: {highest[0].in_words()}."
            )
        )
    rows = [
        {
            "machine": link(fleet_anchor(view.machine_id), view.profile.title),
            **dict(zip(("score", "threshold"), anomaly.shown(), strict=True)),
            "sensors": contributors(anomaly, view),
        }
        for anomaly, view in found
    ]
    columns = {"machine": "Machine", "score": "Score", "threshold": "Threshold", "sensors": "Sensors that stand out"}
    caption = f"Anomalies: {len(found)} of {count(len(scored), 'machine')} checked, the strongest first"
    return Fragment(table("anomalies", columns, rows, caption=caption, numeric=["score", "threshold"]))


def contributors(anomaly: Anomaly, view: MachineView) -> str:
    """Return the sensors that make an anomaly, strongest first, as markup."""
    strongest = standing_out(anomaly, _MOST_SENSORS)
    if not strongest:
        return text("none by itself: their combination is unusual")
    return element("ul", *(element("li", text(_contribution(c, view))) for c in strongest))


def _contribution(contribution: Contribution, view: MachineView) -> str:
    words = f"{sensor_title(contribution.sensor, view.profile)} {contribution.deviation:+.1f} sd".replace(" -", " −")
    if contribution.value is None or contribution.baseline is None:
        return words
    unit = contribution.unit
    return f"{words} ({quantity(contribution.value, unit)}, baseline {quantity(contribution.baseline, unit)})"


def limit_table(fleet: FleetSnapshot) -> Fragment:
    """Return every sensor at or beyond a limit of its profile, critical ones first."""
    found = [(c, view) for view in fleet.machines if view.prediction for c in view.prediction.limit_crossings]
    if not found:
        limited = fleet.machines_with_limits
        if not limited and fleet.machines:
            return Fragment(empty("No limits are declared, so none can be crossed: add them to the profile."))
        total = count(len(fleet.machines), "machine")
        return Fragment(empty(f"No limit is crossed; limits are declared for {limited:,} of {total}."))
    found.sort(key=lambda pair: (pair[0].severity != "CRITICAL", pair[0].since, pair[1].machine_id))
    rows = [
        {
            "machine": link(fleet_anchor(view.machine_id), view.profile.title),
            "sensor": text(sensor_title(c.sensor, view.profile)),
            "severity": chip(c.severity.capitalize(), c.severity.lower()),
            "value": text(with_unit(against_limit(c.value, c.limit), c.unit))
            + ("" if _beyond(c) else element("small", text("back within, not yet cleared"))),
            "limit": text(f"{c.direction} {with_unit(limit_text(c.limit), c.unit)}"),
            "since": text(f"{site_moment(c.since, view.site)}, {count(c.readings, 'reading')}"),
            "standard": text(c.standard),
        }
        for c, view in found
    ]
    columns = {
        "machine": "Machine",
        "sensor": "Sensor",
        "severity": "Severity",
        "value": "Value",
        "limit": "Limit",
        "since": "Since",
        "standard": "Standard",
    }
    return Fragment(table("limits", columns, rows, caption="Limits crossed, critical first", numeric=["value"]))


def _beyond(crossing: LimitCrossing) -> bool:
    """Say whether the last reading still is beyond the limit; a case clears only well inside and after a while."""
    if crossing.direction == "above":
        return crossing.value >= crossing.limit
    return crossing.value <= crossing.limit


def trend_table(fleet: FleetSnapshot, *, most: int = 20) -> Fragment:
    """Return the monotone trends of the recent window, the surest first; at most ``most`` rows."""
    window = fleet.tracking_window_days
    days = "day" if window == 1 else f"{window:g} days"
    found = [(t, view) for view in fleet.machines if view.prediction for t in view.prediction.trends]
    if not found:
        said = f"No sensor has a monotone trend over the last {days} (Mann-Kendall, corrected for autocorrelation)."
        return Fragment(empty(said))
    found.sort(key=lambda pair: (pair[0].p_value, pair[1].machine_id, pair[0].sensor))
    rows = [
        {
            "machine": link(fleet_anchor(view.machine_id), view.profile.title),
            "sensor": text(sensor_title(trend.sensor, view.profile)),
            "slope": text(("+" if trend.per_day > 0 else "") + quantity(trend.per_day, trend.unit) + " per day"),
            "p": "< 0.001" if trend.p_value < 0.001 else f"{trend.p_value:.3f}",
        }
        for trend, view in found[:most]
    ]
    left = len(found) - len(rows)
    caption = f"Trends over the last {days}, the surest first" + (
        f"; {left:,} weaker ones are left out" if left else ""
    )
    columns = {"machine": "Machine", "sensor": "Sensor", "slope": "Change", "p": "p value"}
    return Fragment(table("trends", columns, rows, caption=caption, numeric=["slope", "p"]))
