"""Machines, cases and work orders as rows for people, and how rows are chosen and ordered."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from workbench.dispatch.plain import sentence
from workbench.domain.predictions import RemainingUsefulLife
from workbench.reports.content.fleet import FleetSnapshot, MachineView
from workbench.reports.content.site_time import said_at
from workbench.reports.content.wording import life_short, money, percent, without_brackets, work_title
from workbench_widgets.kit import look
from workbench_widgets.kit.words import ago, title_of_type, until

Row = dict[str, Any]

_LAST = float("inf")
# Reasons that a row tells already, by figures of their own.
_SAID = ("probability of failure", "remaining useful life:")
# What machines can be ordered by: the name of the order, in words, and its key.
ORDERS: dict[str, tuple[str, Callable[[Row], Any]]] = {
    "severity": ("Most urgent first", lambda row: row["rank"]),
    "score": ("Lowest health first", lambda row: _LAST if row["score"] is None else row["score"]),
    "life": ("Least life left first", lambda row: _LAST if row["life_left"] is None else row["life_left"]),
    "cost": ("Highest cost at risk first", lambda row: -(row["cost_minor"] if row["cost_minor"] is not None else -1)),
    "name": ("By name", lambda row: row["title"].casefold()),
}


def machine_rows(fleet: FleetSnapshot, sites: dict[str, str]) -> list[Row]:
    """Return one row per machine, the most urgent first."""
    return [_machine(view, rank, fleet, sites) for rank, view in enumerate(fleet.by_urgency)]


def _machine(view: MachineView, rank: int, fleet: FleetSnapshot, sites: dict[str, str]) -> Row:
    profile, said = view.profile, view.prediction
    site = sites.get(profile.site_id, profile.site_id)
    cost = view.package.decision.expected_failure_cost if view.package else None
    reasons = said.reasons if said else ()
    reason = view.why_unknown or next((why for why in reasons if not why.startswith(_SAID)), "nothing else stands out")
    words = (profile.title, view.machine_id, title_of_type(profile.machine_type), profile.machine_type, site)
    return {
        "id": view.machine_id,
        "rank": rank,
        "title": profile.title,
        "type": profile.machine_type,
        "type_title": title_of_type(profile.machine_type),
        "site": profile.site_id,
        "site_title": site,
        "state": view.condition.value,
        "look": look(view.condition),
        "status": None if view.status.value == "ONLINE" else look(view.status),
        "score": None if said is None or said.health_score is None else round(said.health_score),
        "life": _life(said.remaining_useful_life if said else None),
        "life_left": _life_left(said.remaining_useful_life if said else None),
        "risk": percent(view.week_probability),
        "cost": "" if cost is None else money(cost, fleet.currency),
        "cost_minor": cost,
        "reason": brief(why := said_at(reason, view, fleet.as_of)),
        "why": why,
        "cases": len(view.cases),
        "orders": len(view.orders),
        "search": " ".join((*words, profile.manufacturer, profile.model, profile.location)).casefold(),
    }


def _life_left(rul: RemainingUsefulLife | None) -> float | None:
    # Lives in hours and in cycles cannot be ordered among each other; a plant has one or the other.
    return rul.life.median if rul and rul.life and rul.basis == "model" else None


def _life(rul: RemainingUsefulLife | None) -> dict[str, str]:
    if rul is None:
        return {"text": "not predicted yet", "why": ""}
    if rul.life is not None and rul.basis == "model":
        return {"text": life_short(rul.life, rul.life_unit), "why": ""}
    why = sentence("; ".join(rul.evidence.reasons))
    if rul.life is not None:
        why = f"{why} Machines of this age: {life_short(rul.life, rul.life_unit)}."
    return {"text": "not enough evidence", "why": why}


def brief(sentence: str) -> str:
    """Return a sentence without its brackets, its times and what follows them, for where there is room for two lines.

    >>> brief("Oil pressure is far below what is usual for it (2.53 bar, usually 2.85 bar; 6.3 times its usual spread).")
    'Oil pressure is far below what is usual for it.'
    >>> brief("Belt speed is below the limit (no standard), since Tue 30 Dec 2025 08:00 CET in 25 readings.")
    'Belt speed is below the limit.'
    """
    return re.sub(r"(;|,? since [A-Z][a-z]{2} \d).*", ".", without_brackets(sentence), flags=re.S)


def case_rows(fleet: FleetSnapshot) -> list[Row]:
    """Return the open cases, critical ones first."""
    views = {view.machine_id: view for view in fleet.machines}
    return [
        {
            "id": case.case_id,
            "machine": case.machine_id,
            "machine_title": fleet.title_of(case.machine_id),
            "look": look(case.severity),
            "summary": brief(why := said_at(case.summary, views.get(case.machine_id), fleet.as_of)),
            "why": why,
            "seen": f"opened {ago(case.opened_at, fleet.as_of)}",
        }
        for case in fleet.cases
    ]


def order_rows(fleet: FleetSnapshot) -> list[Row]:
    """Return the open work orders, the earliest due first."""
    return [
        {
            "id": order.order_id,
            "number": order.number,
            "machine": order.machine_id,
            "machine_title": fleet.title_of(order.machine_id),
            "title": work_title(order, fleet.title_of(order.machine_id)),
            "look": look(order.priority),
            "due": f"due {due}" if (due := until(order.due_at, fleet.as_of)).startswith(("in", "now")) else due,
            "overdue": order.due_at < fleet.as_of,
            "technician": fleet.technicians.get(order.technician_id or "", "nobody assigned"),
        }
        for order in sorted(fleet.orders, key=lambda order: (order.due_at, order.priority, order.number))
    ]


def chosen(rows: Sequence[Row], *, search: str, state: str, machine_type: str, site: str, order: str) -> list[Row]:
    """Return the rows that have every word of ``search`` and fit each filter that is set, in ``order``."""
    words = search.casefold().split()
    found = [
        row
        for row in rows
        if state in ("", row["state"])
        and machine_type in ("", row["type"])
        and site in ("", row["site"])
        and all(word in row["search"] for word in words)
    ]
    return sorted(found, key=lambda row: (ORDERS[order][1](row), row["rank"]))


def options(rows: Sequence[Row], value: str, title: str) -> list[dict[str, str]]:
    """Return the distinct values of a column with their titles, by title."""
    found = {row[value]: row[title] for row in rows}
    return [{"value": key, "title": found[key]} for key in sorted(found, key=lambda key: found[key].casefold())]
