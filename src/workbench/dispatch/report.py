"""The technician's dispatch report: summary, failure, safety, parts, steps, tools, timeline (R1)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from workbench.domain.analysis import AnalyticsPackage, cost_text, standing_out
from workbench.domain.base import stable_id
from workbench.domain.equipment import MachineProfile, Site
from workbench.domain.permits import WorkPermit
from workbench.domain.predictions import UNKNOWN_MODE, Prediction
from workbench.domain.work import DispatchReport, TechnicianMatch, WorkOrder

from .lockout import lockout_of
from .orders import judge_priority
from .permits import permit_lines
from .plain import plain
from .wording import mode_title, site_time, zone_of


def write_dispatch_report(
    order: WorkOrder,
    prediction: Prediction,
    package: AnalyticsPackage,
    profile: MachineProfile,
    *,
    currency: str,
    site: Site | None = None,
    technician: TechnicianMatch | None = None,
    permits: Sequence[WorkPermit] = (),
) -> DispatchReport:
    """Return the report for ``order``; its times in words are in site time, those of the timeline in UTC.

    Every text is plain text. The same order, prediction and assignment make the same id; a report
    written once somebody is assigned is another one.

    Args:
        order: The work order, as drafted or as assigned.
        prediction: What it rests on.
        package: Its analytics.
        profile: The machine.
        currency: ISO 4217 code of the workspace's currency.
        site: Where the machine stands; without it times are in UTC.
        technician: The match behind the assignment, for its score (R3).
        permits: Of the order, in whatever state.
    """
    summary = _summary(order, prediction, package, profile, currency=currency, site=site, technician=technician)
    permitted = permit_lines(permits, zone_of(site))
    return DispatchReport(
        report_id=stable_id(
            "dispatch report", order.order_id, prediction.prediction_id, order.technician_id, order.scheduled_at
        ),
        order_id=order.order_id,
        machine_id=order.machine_id,
        created_at=prediction.as_of,
        summary="\n".join((summary, *permitted)),
        failure=_failure(prediction, package, profile, site),
        safety=order.safety,
        lockout=lockout_of(profile),
        parts=order.parts,
        steps=order.steps,
        tools=order.tools,
        timeline=_timeline(order, prediction, package),
    )


def _summary(
    order: WorkOrder,
    prediction: Prediction,
    package: AnalyticsPackage,
    profile: MachineProfile,
    *,
    currency: str,
    site: Site | None,
    technician: TechnicianMatch | None,
) -> str:
    simulated = "SIMULATED. " if order.simulated else ""
    priority = judge_priority(prediction, profile, package.decision.horizon_h)[1]
    place = ", ".join(word for word in (profile.location, "" if site is None else site.title) if word)
    people = "1 person" if package.resources.technicians == 1 else f"{package.resources.technicians} people"
    lines = (
        f"{order.number}, priority {order.priority.value} ({priority}).",
        f"{order.title}. Machine {profile.machine_id}{f', {place}' if place else ''}.",
        f"{_dates(order, site)} {_best(package, site)}".strip(),
        _who(order, technician),
        (
            f"{order.labour_h:g} h of labour for {people}; the machine stands {package.planned_impact.downtime_h:g} h; "
            f"estimated cost {cost_text(order.estimated_cost, order.estimate_lacks, currency)}. {_parts_in_words(order, site)}"
        ),
        (
            f"Left alone, a failure means about {package.failure_impact.downtime_h:,.1f} h of downtime; estimated cost "
            f"{cost_text(package.failure_impact.total, package.failure_impact.lacks, currency)}."
        ),
    )
    return simulated + "\n".join(lines)


def _best(package: AnalyticsPackage, site: Site | None) -> str:
    """Say when the work is best begun, by when at the latest, and why."""
    decision, latest = package.decision, _latest_start(package)
    words = []
    if decision.rule == "critical_limit":
        words.append("Start as soon as possible: a critical limit is crossed.")
    elif decision.when is not None:
        best, when = decision.when.best, decision.when
        if when.now:
            words.append(f"Earliest and best start {site_time(best.at, site)}: waiting costs more than it gains.")
        else:
            stop = f", {best.stop_in_words}" if best.kind == "planned_stop" else ""
            words.append(f"Best start {site_time(best.at, site)}{stop}: least expected cost.")
    if latest is not None and latest > package.as_of:
        words.append(
            f"Start by {site_time(latest, site)}; later the chance is above 5 % that it fails before the work ends."
        )
    elif latest is not None:
        words.append("It may fail before the work can end: keep people away from it and be ready for a stop.")
    return " ".join(words)


def _latest_start(package: AnalyticsPackage) -> datetime | None:
    """Return by when the ordered work must start to end before the machine may fail."""
    ordered = min(package.recommendations, key=lambda one: one.rank, default=None)
    return ordered.act_before if ordered is not None and package.decision.act else None


def _dates(order: WorkOrder, site: Site | None) -> str:
    due = site_time(order.due_at, site)
    if order.scheduled_at is None:
        return f"Start not yet fixed; due {due}."
    late = ""
    if order.scheduled_at > order.due_at:
        late = " The start is later than due: find parts or people sooner, or relieve the machine until then."
    return f"Start {site_time(order.scheduled_at, site)}; due {due}.{late}"


def _who(order: WorkOrder, technician: TechnicianMatch | None) -> str:
    if order.technician_id is None:
        return f"Nobody is assigned: {order.technician_reason}."
    score = ""
    if technician is not None and technician.technician_id == order.technician_id:
        factors = ", ".join(f"{name} {value:.2f}" for name, value in technician.factors.items())
        score = f" Match score {technician.score:.2f} of 1 ({factors})."
    return f"{order.technician_reason}.{score}"


def _parts_in_words(order: WorkOrder, site: Site | None) -> str:
    if not order.parts:
        return "No parts needed."
    missing = [line for line in order.parts if line.to_order > 0]
    if not missing:
        return "All parts are in stock."
    listed = ", ".join(f"{line.to_order} x {line.title} ({line.delivery})" for line in missing)
    there = "" if order.parts_at is None else f" Everything can be here {site_time(order.parts_at, site)}."
    return f"Not in stock, and needed before work can start: {listed}.{there}"


def _failure(prediction: Prediction, package: AnalyticsPackage, profile: MachineProfile, site: Site | None) -> str:
    diagnosis = prediction.diagnosis
    likeliest = max(diagnosis.modes, key=lambda pair: pair.probability)
    known = profile.failure_mode(package.failure_mode)
    title = mode_title(profile, package.failure_mode)
    sure = ""
    if package.failure_mode != UNKNOWN_MODE:
        method = {"classifier": "learned from past failures", "symptom_table": "by the symptom table"}
        sure = f", {100 * likeliest.probability:.0f} % likely ({method.get(diagnosis.method, 'no method')})"
    lines = [f"{title[:1].upper()}{title[1:]}{sure}."]
    if known is not None:
        lines.append(f"What happens: {known.mechanism.rstrip('.')}.")
    else:
        lines.append("No repair is known for this diagnosis, so the work is to find the cause.")
    others = sorted((pair for pair in diagnosis.modes if pair is not likeliest), key=lambda pair: -pair.probability)
    seconds = [
        f"{mode_title(profile, pair.mode)} {100 * pair.probability:.0f} %"
        for pair in others[:3]
        if pair.probability >= 0.01
    ]
    if seconds:
        lines.append(f"Other possibilities: {', '.join(seconds)}.")
    lines += [plain(crossing.in_words(), profile, site, prediction.as_of) for crossing in prediction.limit_crossings]
    if prediction.anomaly is not None and prediction.anomaly.is_anomaly:
        said = [plain(part.in_words(), profile, site, prediction.as_of) for part in standing_out(prediction.anomaly)]
        found = "; ".join(part.rstrip(".") for part in said)
        lines.append(f"Unusual readings (score {prediction.anomaly.score:.2f}){f': {found}' if found else ''}.")
    lines.append(_life(prediction, site))
    lines.append(plain(package.decision.reason, profile, site, prediction.as_of))
    if package.history:
        past = "; ".join(
            case.machine
            + (f" on {case.time:%Y-%m-%d}" if case.time is not None else "")
            + (f", remedied by {case.remedy}" if case.remedy else "")
            + (f", {case.labour_h:g} h of labour" if case.labour_h else "")
            for case in package.history[:3]
        )
        lines.append(f"Seen before: {past}.")
    return "\n".join(lines)


def _life(prediction: Prediction, site: Site | None) -> str:
    life = prediction.remaining_useful_life
    if life.life is None:
        return f"Remaining useful life: {life.evidence.in_words()}."
    unit = life.life_unit.value.replace("_", " ").replace("operating h", "operating hours").replace("cycle", "cycles")
    whose = "" if life.basis == "model" else f" (of the population at its age; {life.evidence.in_words()})"
    upper = (
        f"more than {life.life.lower:.0f}"
        if life.life.upper_open
        else f"{life.life.lower:.0f} to {life.life.upper:.0f}"
    )
    text = f"Remaining useful life: {life.life.median:.0f} {unit}, with 90 % confidence {upper}{whose}"
    if life.expected_failure_at is not None and life.evidence.enough:
        text += f"; failure expected around {site_time(life.expected_failure_at[1], site)}"
    return f"{text}."


def _timeline(order: WorkOrder, prediction: Prediction, package: AnalyticsPackage) -> tuple[tuple[datetime, str], ...]:
    # As the summary says it: hands on the machine, and what goes before and after.
    stop_h = package.planned_impact.downtime_h
    entries = [(prediction.as_of, f"order {order.number} raised")]
    late = [line for line in order.parts if line.to_order > 0]
    unknown = [f"{line.to_order} x {line.title}" for line in late if not line.known]
    entries += [(prediction.as_of, f"{parts}: ask for price and delivery") for parts in unknown]
    ordered_now = [
        (prediction.as_of + timedelta(days=line.lead_time_days), f"{line.to_order} x {line.title}")
        for line in late
        if line.known
    ]
    if ordered_now and order.parts_at not in (None, max(at for at, _ in ordered_now)):
        # Some are on order, or days have gone by since.
        entries.append(
            (order.parts_at, f"{', '.join(parts for _, parts in ordered_now)} can be here, as deliveries stand")
        )
    else:
        entries += [(at, f"{parts} can be here if ordered at once") for at, parts in ordered_now]
    if order.scheduled_at is not None:
        entries.append((order.scheduled_at, "work starts: lock out the machine"))
        entries.append((order.scheduled_at + timedelta(hours=stop_h), f"machine back in service after {stop_h:g} h"))
    entries.append((order.due_at, "work is due"))
    latest = _latest_start(package)
    if latest is not None and latest > prediction.as_of:
        entries.append((latest, "latest start, so that the work ends before the machine may fail"))
    if package.decision.when is not None:
        end = prediction.as_of + timedelta(hours=package.decision.horizon_h)
        stops = [one for one in package.decision.when.occasions if one.kind == "planned_stop" and one.at <= end]
        entries += [(one.at, f"planned stop: {one.title}") for one in stops]
    life = prediction.remaining_useful_life
    if life.expected_failure_at is not None and life.evidence.enough:
        entries.append((life.expected_failure_at[0], "earliest likely failure if nothing is done"))
        entries.append((life.expected_failure_at[1], "expected failure if nothing is done"))
    return tuple(sorted(entries, key=lambda entry: entry[0]))
