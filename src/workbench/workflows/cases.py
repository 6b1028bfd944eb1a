"""Cases for people (T6): list, acknowledge, resolve, shelve; and tell each site of those that no order tells of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from workbench.dispatch.notices import OPERATIONS, cases_found
from workbench.domain.base import Actor, Change
from workbench.domain.cases import Case, CaseState
from workbench.domain.roles import Permission, require
from workbench.errors import InputError
from workbench.workflows.notices import put
from workbench.workflows.orders.settled import cases_about

if TYPE_CHECKING:
    from workbench.domain.equipment import MachineProfile
    from workbench.workspace import Workspace


def list_cases(
    ws: Workspace, machine_id: str | None = None, *, states: Sequence[CaseState] | None = None
) -> list[Case]:
    """Return cases, newest first, in the state that they have as of the workspace's instant.

    ``states``: those wanted (default: all that are not resolved). Raises ``NotFound`` for an unknown machine.
    """
    if machine_id is not None:
        ws.machines.get(machine_id)
    at = ws.as_of()
    wanted = tuple(states) if states is not None else tuple(s for s in CaseState if s is not CaseState.RESOLVED)
    found = [case for case in ws.cases.all() if machine_id in (None, case.machine_id)]
    return [case.model_copy(update={"state": case.state_at(at)}) for case in found if case.state_at(at) in wanted]


def find_case(ws: Workspace, case_id: str) -> Case:
    """Return the case with this id, or the one whose id begins so; raises ``NotFound``, or ``InputError`` for several."""
    known = ws.cases.find(case_id)
    if known is not None:
        return known
    begin = [case for case in ws.cases.all() if len(case_id) >= 4 and case.case_id.startswith(case_id)]
    if len(begin) > 1:
        raise InputError(f"{len(begin)} cases begin with {case_id!r}.", "Write more of the id.")
    return begin[0] if begin else ws.cases.get(case_id)


def acknowledge_case(ws: Workspace, case_id: str, *, note: str = "", actor: Actor | None = None) -> Case:
    """Note that somebody has seen a case and looks after it; returns it.

    Raises ``NotFound``, ``NotPermitted`` for a viewer, and ``InputError`` for a case that is resolved.
    """
    case = find_case(ws, case_id)
    change = _change(ws, "case acknowledged", actor)
    return ws.cases.acknowledge(case.case_id, change, at=ws.as_of(), note=note.strip())


def resolve_case(ws: Workspace, case_id: str, *, note: str, actor: Actor | None = None) -> Case:
    """Close a case with a word on what was found; returns it. It opens again when its cause returns within 24 h.

    One that is resolved already stays as it is.

    Raises ``NotFound``, ``NotPermitted`` for a viewer, and ``InputError`` for no note.
    """
    if not note.strip():
        raise InputError(
            "The case was not resolved: no word on what was found.", "Say what was found, e.g. note='sensor replaced'."
        )
    case = find_case(ws, case_id)
    change = _change(ws, "case resolved", actor)
    return ws.cases.resolve(case.case_id, change, at=ws.as_of(), by=change.actor.id, note=note.strip())


def shelve_case(ws: Workspace, case_id: str, *, until: datetime, reason: str, actor: Actor | None = None) -> Case:
    """Put a case aside until an instant, when it opens again by itself; returns it.

    Raises ``NotFound``, ``NotPermitted`` for a viewer, and ``InputError`` for no reason, a time without a zone or one that is past, or a case that is
    resolved.
    """
    if until.tzinfo is None:
        raise InputError(f"until {until.isoformat()} has no time zone.", f"Write {until.isoformat()}Z for UTC.")
    at = ws.as_of()
    if until <= at:
        raise InputError(
            f"until {until:%Y-%m-%d %H:%M} is not after {at:%Y-%m-%d %H:%M} UTC, at which the workspace looks.",
            "Give a later time.",
        )
    if not reason.strip():
        raise InputError("The case was not shelved: no reason.", "Say why, e.g. reason='overhaul next week'.")
    case = find_case(ws, case_id)
    change = _change(ws, f"case shelved: {reason.strip()}", actor)
    return ws.cases.shelve(case.case_id, change, until=until, note=reason.strip())


def tell_of_cases(ws: Workspace, at: datetime, actor: Actor, *, besides: Collection[str] = ()) -> None:
    """Tell each site's manager in one message of the cases that nobody was told of yet, or only as less severe.

    Not of those that were put aside or that somebody looks after already, nor of what an open order is about: who does the
    order knows; nor of the machines ``besides``, whose run has not come to its end. What is told is noted with the cases, so
    that each is told once, whatever dies or runs beside this.
    """
    news = [case for case in ws.cases.open() if _untold(case, at) and case.machine_id not in besides]
    if not news:
        return
    with ws.transaction() as tx:
        change = tx.change("told of cases", actor)
        known = _ordered(tx, {case.machine_id for case in news})
        by_site: defaultdict[str, list[tuple[Case, MachineProfile]]] = defaultdict(list)
        # In the order in which the cycle writes them, so that neither waits for the other.
        for case in sorted(news, key=lambda case: (case.machine_id, case.cause)):
            if tx.cases.tell(case.case_id, change) and case.case_id not in known:
                profile = tx.machines.get(case.machine_id)
                by_site[profile.site_id].append((case, profile))
        for site_id, cases in sorted(by_site.items()):
            site = tx.sites.find(site_id)
            recipient = f"manager:{site_id}" if site is not None else OPERATIONS
            put(tx, cases_found(recipient, site, cases, at=at, simulated=tx.settings.simulated), change)


def _untold(case: Case, at: datetime) -> bool:
    return case.is_news and case.state_at(at) is not CaseState.SHELVED


def _ordered(tx: Workspace, machine_ids: set[str]) -> set[str]:
    """Return the open cases of the machines that open orders are about."""
    modes: defaultdict[str, set[str]] = defaultdict(set)
    for order in tx.orders.open():
        if order.machine_id in machine_ids:
            modes[order.machine_id].add(order.failure_mode)
    return {case.case_id for machine_id, about in modes.items() for case in cases_about(tx, machine_id, about)}


def _change(ws: Workspace, reason: str, actor: Actor | None) -> Change:
    change = ws.change(reason, actor)
    require(change.actor, Permission.HANDLE_CASES)
    return change
