"""Work permits: asked for, granted for a period, withdrawn; planning and the people of the order follow them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from workbench.dispatch.orders import minutes_each
from workbench.dispatch.permits import (
    WAITS,
    permit_in_words,
    permit_lines,
    waits_in_words,
    why_not,
    why_too_short,
    withdrawn_line,
)
from workbench.dispatch.wording import zone_of
from workbench.domain.base import Actor
from workbench.domain.permits import MOST_LETTERS, PermitKind, PermitState, WorkPermit
from workbench.domain.roles import Permission, may, require
from workbench.domain.work import OPEN_ORDER_STATES
from workbench.errors import InputError, InvalidDocument, NotPermitted
from workbench.workflows.notices.of_orders import people_of, place_of, tell_of_permits
from workbench.workflows.order_report import rewrite_report

if TYPE_CHECKING:
    from workbench.domain.base import Change
    from workbench.domain.work import WorkOrder
    from workbench.workspace import Workspace

# Nearer than this lie begin and end of a permit: what is farther away is a slip of the year.
A_YEAR = timedelta(days=366)


def request_permit(
    ws: Workspace, number: str, kind: PermitKind | str, *, note: str = "", actor: Actor | None = None
) -> WorkPermit:
    """Ask for a permit: from now on nobody plans or begins the order without one of this kind.

    What is asked for already stands as it is. For work of several shifts ask again once one is granted: permits of one
    kind add up, those of different kinds must hold at the same time.

    Args:
        ws: The workspace.
        number: Of an order that is not done, e.g. WO-2026-0001.
        kind: hot_work, confined_space, electrical_isolation, work_at_height, line_breaking, excavation, lifting or other.
        note: What is to be done, for who grants it.
        actor: Who asks.

    Raises:
        NotFound: there is no such order.
        InvalidDocument: the kind is none, or the note is too long.
        InputError: the order is done or cancelled.
        NotPermitted: the actor's role does not ask for permits.
    """
    require(actor or ws.actor, Permission.ASK_PERMITS)
    wanted = _checked(f"The permit for {number}", kind, _too_long(note=note))
    with ws.transaction() as tx:
        order = _open_order(tx, tx.orders.by_number(number).order_id)
        own = [one for one in tx.work_permits.of_order(order.order_id) if one.kind is wanted]
        asked = next((one for one in own if one.state is PermitState.REQUESTED), None)
        if asked is not None:
            return asked
        event = f"permit for {wanted.words} asked for"
        change = tx.change(event, actor)
        permit = WorkPermit(
            permit_id=f"{order.number}-{wanted.value}-{len(own) + 1}",
            order_id=order.order_id,
            kind=wanted,
            note=note.strip(),
            requested_at=tx.as_of(),
            requested_by=change.actor.id,
        )
        _record(tx, order, [permit], event, change)
    return permit


def grant_permit(
    ws: Workspace,
    permit_id: str,
    begins: datetime,
    ends: datetime,
    *,
    granted_by: str = "",
    reference: str = "",
    actor: Actor | None = None,
) -> WorkPermit:
    """Grant a permit for a period, or move one that is granted to another; the same once more changes nothing.

    Who has the order is told when it holds. Plan anew afterwards: the work goes into the period.

    Args:
        ws: The workspace.
        permit_id: As ``request_permit`` returns it, e.g. WO-2026-0001-hot_work-1.
        begins: Aware time.
        ends: Aware time after it.
        granted_by: Who stands for it, by name; default: the actor.
        reference: The plant's own number of it.
        actor: Who grants it here.

    Raises:
        NotFound: there is no such permit.
        InvalidDocument: times or names that cannot be, with every fault.
        InputError: the permit was withdrawn or is not needed, or the order is done or cancelled.
        NotPermitted: the actor's role does not grant permits, or it is their own request and they are no admin.
    """
    who = actor or ws.actor
    require(who, Permission.GRANT_PERMITS)
    faults = [*_no_period(begins, ends, ws.as_of()), *_too_long(granted_by=granted_by, reference=reference)]
    _refuse(f"The permit {permit_id}", faults)
    with ws.transaction() as tx:
        order, permit = _of_open_order(tx, permit_id)
        if permit.state in (PermitState.WITHDRAWN, PermitState.NOT_NEEDED):
            raise InputError(
                f"Permit {permit_id} is {permit.state.value.replace('_', ' ')}: {permit.reason}.",
                f"Ask for another: workbench permits request {order.number} {permit.kind.value}",
            )
        if permit.requested_by == who.id and not may(who, Permission.APPROVE_OWN):
            raise NotPermitted(
                f"{who.id} asked for permit {permit_id} and may not grant it too.",
                "Ask another supervisor, or an admin.",
            )
        granted = _with(
            permit,
            state=PermitState.GRANTED,
            begins=begins,
            ends=ends,
            granted_by=granted_by.strip() or who.id,
            reference=reference.strip() or permit.reference,
        )
        if granted == permit:
            return permit
        event = f"permit for {permit.kind.words} {'moved' if permit.granted else 'granted'}"
        change = tx.change(event, actor)
        _record(tx, order, [granted], event, change)
    return granted


def withdraw_permit(ws: Workspace, permit_id: str, reason: str, *, actor: Actor | None = None) -> WorkPermit:
    """Withdraw a permit: nobody may begin by it from now on, and whoever was told of the order is told; once is enough.

    The order waits for another of its kind. What is in progress stays so in the plan, which says that it lost its permit.

    Raises:
        NotFound: there is no such permit.
        InvalidDocument: there is no reason, or it is too long.
        InputError: it is not needed any more, or the order is done or cancelled.
        NotPermitted: the actor's role does not withdraw permits.
    """
    require(actor or ws.actor, Permission.ASK_PERMITS)
    said = reason.strip()
    _refuse(f"The withdrawal of permit {permit_id}", [*_unsaid(said), *_too_long(reason=said)])
    with ws.transaction() as tx:
        order, permit = _of_open_order(tx, permit_id)
        if permit.state is PermitState.WITHDRAWN:
            return permit
        if not permit.needed:
            raise InputError(f"Permit {permit_id} is not needed: {permit.reason}.", "Nothing was changed.")
        event = f"permit for {permit.kind.words} withdrawn"
        change = tx.change(f"{event}: {said}", actor)
        withdrawn = _with(permit, state=PermitState.WITHDRAWN, withdrawn_at=tx.as_of(), reason=said)
        _record(tx, order, [withdrawn], event, change)
    return withdrawn


def drop_permit(
    ws: Workspace, number: str, kind: PermitKind | str, reason: str, *, actor: Actor | None = None
) -> tuple[WorkPermit, ...]:
    """Say that an order needs no permit of a kind after all, for a reason; returns those that were dropped.

    Raises:
        NotFound: there is no such order.
        InvalidDocument: the kind is none, there is no reason, or it is too long.
        InputError: the order has no permit of this kind, or is done or cancelled.
        NotPermitted: the actor's role does not grant permits.
    """
    require(actor or ws.actor, Permission.GRANT_PERMITS)
    said = reason.strip()
    wanted = _checked(f"The permit for {number}", kind, [*_unsaid(said), *_too_long(reason=said)])
    with ws.transaction() as tx:
        order = _open_order(tx, tx.orders.by_number(number).order_id)
        own = [one for one in tx.work_permits.of_order(order.order_id) if one.kind is wanted and one.needed]
        if not own:
            raise InputError(
                f"Order {order.number} has no permit for {wanted.words}.",
                f"See its permits: workbench permits list --order {order.number}",
            )
        event = f"no permit for {wanted.words} needed"
        change = tx.change(f"{event}: {said}", actor)
        dropped = tuple(_with(one, state=PermitState.NOT_NEEDED, reason=said) for one in own)
        _record(tx, order, dropped, event, change)
    return dropped


def work_permits(ws: Workspace, number: str | None = None, *, everything: bool = False) -> list[WorkPermit]:
    """Return the permits that open orders need, or all, the oldest first; with ``number`` all of that order.

    Raises ``NotFound`` for an unknown order.
    """
    if number is not None:
        found = list(ws.work_permits.of_order(ws.orders.by_number(number).order_id))
    elif everything:
        found = ws.work_permits.all()
    else:
        of_open = ws.work_permits.of_orders(order.order_id for order in ws.orders.open())
        found = [permit for own in of_open.values() for permit in own if permit.needed]
    return sorted(found, key=lambda permit: permit.asked)


def refuse_unpermitted(tx: Workspace, order: WorkOrder, at: datetime, what: str, *, whole: bool = False) -> None:
    """Raise ``InputError`` unless the permits of an order, if it needs any, allow work on it at a moment; ``what`` is refused.

    ``whole``: they must leave time for all of it from then on too.
    """
    permits = tx.work_permits.of_order(order.order_id)
    if not permits:
        return
    zone = _zone(tx, order)
    fault = why_not(permits, at, at, zone)
    if whole and not fault:
        fault = why_too_short(permits, at=at, minutes=minutes_each(order), zone=zone)
    if fault:
        raise InputError(
            f"Order {order.number} cannot be {what}: {fault}.",
            f"See its permits: workbench permits list --order {order.number}",
        )


def _record(tx: Workspace, order: WorkOrder, changed: Sequence[WorkPermit], event: str, change: Change) -> None:
    """Keep permits with the history and the report of their order, and tell who has it what holds now."""
    zone = _zone(tx, order)
    before = permit_lines(tx.work_permits.of_order(order.order_id), zone)
    for permit in changed:
        tx.work_permits.put(permit, change)
    permits = tx.work_permits.of_order(order.order_id)
    details = {"permits": [permit.permit_id for permit in changed], "reason": change.reason}
    tx.dispatch_history.add(order.order_id, order.machine_id, event, details, change)
    if order.technician_reason.startswith(WAITS) and not waits_in_words(permits, zone):
        free = {"technician_reason": "no permit is missing any more, to be planned"}
        order = tx.orders.advance(order.order_id, lambda now: now.model_copy(update=free), change)
    rewrite_report(tx, order, change)
    lines = permit_lines(permits, zone)
    if lines != before and people_of(order):
        gone = [
            withdrawn_line(permit, zone)
            for permit in changed
            if permit.state is PermitState.WITHDRAWN
            and not any(permit_in_words(permit, zone) in line for line in lines)
        ]
        tell_of_permits(tx, order, " ".join((*gone, *lines)) or "It needs no permit any more.", change)


def _open_order(tx: Workspace, order_id: str) -> WorkOrder:
    """Lock an order that is not done, as publishing a plan does, so that no plan misses what becomes of its permits."""
    order = tx.orders.lock(order_id)
    if order.state not in OPEN_ORDER_STATES:
        raise InputError(
            f"Order {order.number} is {order.state.value}: its permits are closed.", "Nothing was changed."
        )
    return order


def _of_open_order(tx: Workspace, permit_id: str) -> tuple[WorkOrder, WorkPermit]:
    order = _open_order(tx, tx.work_permits.get(permit_id).order_id)
    return order, tx.work_permits.get(permit_id)


def _zone(tx: Workspace, order: WorkOrder) -> ZoneInfo:
    return zone_of(place_of(tx, order)[1])


def _checked(what: str, kind: PermitKind | str, faults: Sequence[str]) -> PermitKind:
    """Return the kind of permit that is named; raises ``InvalidDocument`` with all faults, that it is none among them."""
    word = str(kind).strip().lower().replace(" ", "_").replace("-", "_")
    known = word in list(PermitKind)
    unknown = [] if known else [f"{str(kind)!r} is no kind of permit; use one of: {', '.join(PermitKind)}"]
    _refuse(what, [*unknown, *faults])
    return PermitKind(word)


def _no_period(begins: datetime, ends: datetime, at: datetime) -> list[str]:
    if begins.tzinfo is None or ends.tzinfo is None:
        return ["its times have no time zone"]
    if max(abs(begins - at), abs(ends - at)) > A_YEAR:
        return ["it begins or ends more than a year from now: check the dates"]
    # Times of one zone compare by their clock, which is set back once a year.
    return ["it ends before it begins"] if ends.astimezone(UTC) <= begins.astimezone(UTC) else []


def _unsaid(reason: str) -> list[str]:
    return [] if reason else ["no reason is given; it stands in the history"]


def _too_long(**texts: str) -> list[str]:
    return [
        f"{name} has {len(text)} letters, at most {MOST_LETTERS} are kept"
        for name, text in texts.items()
        if len(text) > MOST_LETTERS
    ]


def _refuse(what: str, faults: Sequence[str]) -> None:
    if faults:
        raise InvalidDocument(what, faults)


def _with(permit: WorkPermit, **fields: object) -> WorkPermit:
    return WorkPermit.model_validate({**dict(permit), **fields})
