"""What a machine's condition costs and what is done about it: decision, recommendations, orders, cases."""

from __future__ import annotations

from typing import Any

from workbench.dispatch.plain import readable, sentence
from workbench.domain.analysis import AnalyticsPackage, CostItem, Impact
from workbench.domain.predictions import UNKNOWN_MODE
from workbench.domain.work import WorkOrder
from workbench.reports.content.decision import whether_ordered
from workbench.reports.content.site_time import said_at
from workbench.reports.content.wording import cost, count, mode_title, money, work_title
from workbench_widgets.kit import look, until

from .history import case_row
from .site_time import local_day, local_moment
from .subject import Subject

Json = dict[str, Any]


def decision(subject: Subject) -> Json:
    """Return whether work is ordered now and why, both courses of action side by side, and what is recommended."""
    package = subject.view.package
    if package is None:
        if subject.prediction is None:
            return {"why": "No prediction was made for this machine. Run the cycle to make one."}
        return {"why": "No costs were weighed yet. Run the cycle to weigh them."}
    decided = package.decision
    reason = decided.reason.removeprefix("Act: ").removeprefix("Do not act: ")
    return {
        "why": "",
        "act": decided.act,
        "verdict": whether_ordered(subject.view, package),
        "reason": said_at(reason, subject.view, package.as_of),
        "planned_title": "Inspect at a planned stop" if package.failure_mode == UNKNOWN_MODE else "Repair as planned",
        "rows": _ledger(package, subject),
        "nothing_known": package.failure_impact.total == package.planned_impact.total == 0,
        "recommendations": _recommendations(package, subject),
        "resources": _resources(package),
        "similar": _similar(package, subject),
    }


def _ledger(package: AnalyticsPackage, subject: Subject) -> list[Json]:
    """Return each cost of the two courses in one row, their totals and hours of downtime last."""
    failure, planned = package.failure_impact, package.planned_impact
    names = dict.fromkeys(item.name for impact in (failure, planned) for item in impact.items)
    rows = [
        {
            "name": sentence(name.replace("_", " ")).rstrip("."),
            "failure": _item(_named(failure, name), subject),
            "planned": _item(_named(planned, name), subject),
            "total": False,
        }
        for name in names
    ]
    rows.append(
        {
            "name": "Total",
            "failure": {"amount": cost(failure.total, failure.lacks, subject.currency), "inputs": ""},
            "planned": {"amount": cost(planned.total, planned.lacks, subject.currency), "inputs": ""},
            "total": True,
        }
    )
    rows.append(
        {
            "name": "Downtime",
            "failure": {"amount": f"{failure.downtime_h:.1f} h", "inputs": ""},
            "planned": {"amount": f"{planned.downtime_h:.1f} h", "inputs": ""},
            "total": False,
        }
    )
    return rows


def _named(impact: Impact, name: str) -> CostItem | None:
    return next((item for item in impact.items if item.name == name), None)


def _item(item: CostItem | None, subject: Subject) -> Json:
    if item is None:
        return {"amount": "none", "inputs": ""}
    lacks = "" if item.known else "the rest"
    return {
        "amount": cost(item.amount, lacks, subject.currency),
        "inputs": readable(item.inputs, subject.profile).rstrip("."),
    }


def _recommendations(package: AnalyticsPackage, subject: Subject) -> list[Json]:
    return [
        {
            "action": said_at(found.action, subject.view, package.as_of),
            # The decision's reason stands right above.
            "reason": said_at(left, subject.view, package.as_of)
            if (left := found.reason.replace(package.decision.reason, "").strip())
            else "",
            "before": local_moment(found.act_before, subject.zone) if found.act_before else "",
            "saving": money(found.expected_saving, subject.currency) if found.expected_saving > 0 else "",
            "complete": found.complete,
        }
        for found in sorted(package.recommendations, key=lambda found: found.rank)
    ]


def _resources(package: AnalyticsPackage) -> list[list[str]]:
    needs = package.resources
    people = f"{needs.technicians} × {needs.skill.replace('_', ' ')}, {needs.labour_h:g} h of labour"
    rows = [["People", people], ["At the machine", f"{needs.repair_h:g} h"]]
    if needs.tools:
        rows.append(["Tools", ", ".join(needs.tools)])
    return rows


def _similar(package: AnalyticsPackage, subject: Subject) -> list[Json]:
    return [
        {
            "machine": past.machine_id or f"{past.source} {past.number or past.text}",
            "machine_title": subject.machines.get(past.machine_id or "", past.machine),
            "when": local_day(past.time, subject.zone) if past.time else "not recorded",
            "cause": past.text if past.cause == "unknown" and past.text else mode_title(past.cause, subject.profile),
            "remedy": past.remedy.replace("_", " ") or "not recorded",
            "downtime": "" if past.downtime_h is None else f"{past.downtime_h:g} h",
        }
        for past in package.history
    ]


def orders(subject: Subject) -> Json:
    """Return the standing and the past work orders, and the open cases."""
    return {
        "standing": [_order(order, subject) for order in subject.view.orders],
        "past": [_order(order, subject) for order in subject.past_orders],
        "cases": [case_row(case, subject) for case in subject.view.cases],
    }


def _order(order: WorkOrder, subject: Subject) -> Json:
    raised = (
        "raised by hand" if order.raised_by == "hand" else f"supported by {count(len(order.evidence), 'prediction')}"
    )
    return {
        "id": order.order_id,
        "number": order.number,
        "title": work_title(order, subject.profile.title),
        "priority": look(order.priority),
        "state": sentence(order.state_in_words).rstrip("."),
        "created": f"{local_moment(order.created_at, subject.zone)}, {raised}",
        "facts": _planned(order, subject) + _closed(order, subject),
        "why_technician": _why(order, subject),
        "steps": [said_at(step, subject.view, order.created_at) for step in order.steps],
        "safety": list(order.safety),
        "parts": [
            {
                "title": line.title,
                "needed": line.needed,
                "reserved": line.reserve,
                "to_order": line.to_order,
                "arrives": line.delivery.removeprefix("delivery ") if line.to_order else "in stock",
            }
            for line in order.parts
        ],
    }


def _planned(order: WorkOrder, subject: Subject) -> list[list[str]]:
    """Return by when and when the work is done, by whom, and what it takes."""
    facts = [["Due", f"{local_moment(order.due_at, subject.zone)}, {until(order.due_at, subject.as_of)}"]]
    for name, at in (("Planned for", order.scheduled_at), ("Parts there", order.parts_at), ("Begun", order.started_at)):
        if at is not None:
            facts.append([name, local_moment(at, subject.zone)])
    people = [*([order.technician_id] if order.technician_id else []), *order.colleagues]
    names = ", ".join(subject.technicians.get(one, one) for one in people)
    missing = order.people - len(people)
    more = f", {missing} more to be found" if names and missing > 0 and order.closed_at is None else ""
    facts += [
        ["Technician" if len(people) < 2 else "Technicians", f"{names or 'nobody yet'}{more}"],
        ["Labour", f"{order.labour_h:g} h"],
        ["Estimated cost", cost(order.estimated_cost, order.estimate_lacks, subject.currency)],
    ]
    return facts + ([["Tools", ", ".join(order.tools)]] if order.tools else [])


def _closed(order: WorkOrder, subject: Subject) -> list[list[str]]:
    """Return when the order was closed, what was found and done, and what it cost; nothing while it stands."""
    facts = [["Closed", local_moment(order.closed_at, subject.zone)]] if order.closed_at else []
    close_out = subject.close_outs.get(order.order_id)
    if close_out is not None:
        found = close_out.findings
        name = mode_title(close_out.cause, subject.profile) if close_out.fault_found else "no fault found"
        facts += [
            ["Found", f"{name} ({found.as_found.value})" if close_out.fault_found else name],
            ["Done", f"{found.done.value}, {found.hours_worked:g} h of labour"],
        ]
        if found.downtime_h is not None:
            facts.append(["Downtime", f"{found.downtime_h:g} h"])
        if found.note:
            facts.append(["Note", found.note])
    if order.actual_cost is not None:
        facts.append(["Actual cost", money(order.actual_cost, subject.currency)])
    return facts


def _why(order: WorkOrder, subject: Subject) -> str:
    """Return why that technician, without the name, which stands above."""
    name = subject.technicians.get(order.technician_id or "", order.technician_id or "")
    return sentence(order.technician_reason.removeprefix(f"{name}: "))
