"""What was settled when an order was closed: work that is not ordered again, and cases that are over or stay with a word."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from workbench import dispatch
from workbench.dispatch.cases import ANOMALY, HEALTH
from workbench.domain.cases import CaseKind
from workbench.domain.predictions import UNKNOWN_MODE
from workbench.domain.work import OrderState

if TYPE_CHECKING:
    from workbench.domain.base import Change
    from workbench.domain.cases import Case
    from workbench.domain.closeout import CloseOut
    from workbench.domain.equipment import MachineProfile
    from workbench.domain.predictions import Prediction
    from workbench.domain.work import WorkOrder
    from workbench.workspace import Workspace

# Of the machine's condition; work on the machine mends neither a sensor nor a lost connection.
_BY_CONDITION = (CaseKind.LIMIT, CaseKind.ANOMALY, CaseKind.HEALTH)


def settled_by(ws: Workspace, prediction: Prediction, failure_mode: str) -> str:
    """Say which closed order settled the matter, so that no new work is called for; empty: none did.

    That is the last order for the same failure mode, if it was closed after the last reading, or found no fault less than
    ``no_fault_holds_days`` ago and ``prediction`` shows nothing beyond what ordered it (see ``what_is_new``).
    """
    order = _last_closed(ws, prediction, failure_mode)
    if order is None or order.closed_at is None:
        return ""
    if prediction.data_until is not None and prediction.data_until <= order.closed_at:
        return f"Do not act: order {order.number} was closed after the last reading that this rests on."
    inspected = _inspected(ws, order)
    until = order.closed_at + timedelta(days=ws.settings.no_fault_holds_days)
    if not (inspected and prediction.as_of < until and _as_before(ws, order, prediction)):
        return ""
    return f"Do not act: {inspected}, and the evidence is the same. From {until:%Y-%m-%d %H:%M} UTC on it orders work again."


def note_inspection(ws: Workspace, prediction: Prediction, failure_mode: str, change: Change) -> None:
    """Write into the open cases that ``failure_mode`` explains that people looked and found no fault, where they did."""
    order = _last_closed(ws, prediction, failure_mode)
    said = "" if order is None else _inspected(ws, order)
    for case in cases_about(ws, prediction.machine_id, {failure_mode}) if said else ():
        ws.cases.note(case.case_id, said, change)


def _last_closed(ws: Workspace, prediction: Prediction, failure_mode: str) -> WorkOrder | None:
    """Return the order for a failure mode that was closed last until the prediction was made, or None."""
    done = [
        (order.closed_at, order)
        for order in ws.orders.of_machine(prediction.machine_id)
        if order.state is OrderState.DONE and order.failure_mode == failure_mode and order.closed_at is not None
    ]
    known = [pair for pair in done if pair[0] <= prediction.as_of]
    return max(known, key=lambda pair: pair[0])[1] if known else None


def settle_cases(tx: Workspace, order: WorkOrder, close_out: CloseOut, change: Change) -> list[str]:
    """Resolve the open cases of the machine that the work was about and that were not seen again after it; return their causes.

    After an inspection that found no fault they stay, with a word of it: what they rest on may still be there.
    """
    resolved = []
    for case in cases_about(tx, order.machine_id, {order.failure_mode, close_out.cause}):
        if case.last_seen_at > close_out.closed_at:
            continue
        if close_out.fault_found:
            tx.cases.resolve(case.case_id, change, at=close_out.closed_at, by=close_out.closed_by)
            resolved.append(case.cause)
        else:
            tx.cases.note(case.case_id, _inspection(close_out), change)
    return resolved


def cases_about(ws: Workspace, machine_id: str, modes: set[str]) -> list[Case]:
    """Return the open cases of a machine that these modes explain; all of its condition where its trouble had no name."""
    causes = _causes(ws.machines.get(machine_id), modes)
    return [
        case
        for case in ws.cases.open(machine_id)
        if (case.cause in causes if causes is not None else case.kind in _BY_CONDITION)
    ]


def _causes(profile: MachineProfile, modes: set[str]) -> set[str] | None:
    """Return the causes of cases that these modes explain, None for all: of a machine whose trouble had no name."""
    if UNKNOWN_MODE in modes:
        return None
    causes = set(modes)
    for mode in profile.failure_modes:
        if mode.name in modes:
            sensors = (mode.indicator, *(symptom.sensor for symptom in mode.symptoms))
            causes |= {ANOMALY, HEALTH, *(f"limit:{name}" for name in sensors)}
    return causes


def _inspected(ws: Workspace, order: WorkOrder) -> str:
    """Say that a closed order found no fault; empty: it found one."""
    close_out = ws.close_outs.find(order.order_id)
    return "" if close_out is None or close_out.fault_found or close_out.findings.replaced else _inspection(close_out)


def _inspection(close_out: CloseOut) -> str:
    return f"inspected on {close_out.closed_at:%Y-%m-%d}, no fault found ({close_out.number})"


def _as_before(ws: Workspace, order: WorkOrder, prediction: Prediction) -> bool:
    """Say whether a prediction shows nothing beyond what ordered the work, or beyond what supported it last."""
    for prediction_id in {order.prediction_id, *order.evidence[-1:]} - {None}:
        then = ws.predictions.find(str(prediction_id))
        if then is not None and not dispatch.what_is_new(prediction, then, ws.settings.planning_horizon_h):
            return True
    return False
