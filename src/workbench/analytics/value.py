"""What a closed order says about the prediction behind it, in money, and what a period adds up to (Z4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from workbench.domain.analysis import PRODUCTION_LOSS, AnalyticsPackage, CostItem, Impact
from workbench.domain.base import Minor, stable_id
from workbench.domain.closeout import AsFound, CloseOut, WorkDone
from workbench.domain.equipment import Economics
from workbench.domain.money import money_text, times
from workbench.domain.value import ORDERS_FOR_INTERVAL, ValueEntry, ValueKind, ValueLedger
from workbench.domain.work import WorkOrder

from .impact import loss_known

_DRAWS = 2000
_LEVEL = 95.0
_JUDGED = (ValueKind.CONFIRMED, ValueKind.FALSE_ALARM)


@dataclass(frozen=True)
class Prospect:
    """What the finding is weighed by.

    ``package`` is what the order rested on, None where it rested on no prediction; ``failure`` what running to failure of the
    fault that was found would have cost and ``planned`` its repair at a planned stop, None where nobody can say.
    """

    package: AnalyticsPackage | None
    failure: Impact | None
    planned: Impact | None
    economics: Economics
    currency: str


def value_entry(order: WorkOrder, close_out: CloseOut, prospect: Prospect) -> ValueEntry | None:
    """Return the entry that a close-out makes, or None: found in time, but without a prediction.

    A cost counts as avoided only when the close-out confirms a real fault of an order that came from a prediction, and
    before the machine failed. Then the entry is

        weight x cost of running to failure - cost of the work - loss of the stop taken for it

    * ``weight`` is 1 for a machine found degraded: the fault was there for all to see, and only its time was open. An
      incipient fault might have been found by others, or have lasted for long: its weight is the probability of failure
      within the planning horizon that the order rested on, and 0 where none was known.
    * The cost of running to failure is that of the fault found, be it the predicted one or another; where it is not known,
      nothing counts as avoided and nothing as lost, and the entry says so.
    * Where a fault was found and nothing done, its repair is still to come: the planned one is taken off as well.
    * The stop costs its recorded hours at the share of the loss that planned stops cause, else what was planned for.

    A false alarm (no fault found) costs what was spent. A machine that failed before the work was late when an order from a
    prediction stood before, else missed; both stand beside the sum, with their cost.
    """
    findings = close_out.findings
    failed_at = findings.functional_failure_at
    predicted = prospect.package is not None
    if failed_at is not None:
        in_order = predicted and order.created_at <= failed_at
        return _failed(order, close_out, prospect, ValueKind.LATE if in_order else ValueKind.MISSED)
    if not predicted:
        return None
    if not close_out.fault_found:
        spent = (_work(close_out), *_stop(close_out, prospect, planned=False))
        return _entry(
            order, close_out, prospect, ValueKind.FALSE_ALARM, items=spent, weight=0.0, spent=spent,
            complete=all(item.known for item in spent),
            reason="no fault was found: what was spent is the cost of a false alarm",
        )  # fmt: skip
    return _confirmed(order, close_out, prospect)


def _confirmed(order: WorkOrder, close_out: CloseOut, prospect: Prospect) -> ValueEntry:
    assert prospect.package is not None  # noqa: S101 - only orders from predictions are confirmed
    spent = (_work(close_out), *_stop(close_out, prospect, planned=True))
    same = close_out.cause == prospect.package.failure_mode
    what = "the predicted fault" if same else f"another fault than predicted ({close_out.cause})"
    state = f"{what} was found {close_out.findings.as_found.value}"
    if close_out.findings.done is WorkDone.NOTHING and prospect.planned is not None:
        spent += (_repair_to_come(prospect.planned),)
    if prospect.failure is None:
        return _entry(
            order, close_out, prospect, ValueKind.CONFIRMED, items=(), weight=0.0, spent=spent, complete=False,
            reason=f"{state}; what its failure costs is not known, so nothing counts as avoided",
        )  # fmt: skip
    weight, why = 1.0, "its failure was a matter of time: its whole cost counts"
    if close_out.findings.as_found is AsFound.INCIPIENT:
        decision = prospect.package.decision
        weight = decision.failure_probability or 0.0
        why = (
            "no probability of failure was known: none of its cost counts"
            if decision.failure_probability is None
            else f"{100 * weight:.1f} % probability of failing within {decision.horizon_h:g} h: so much of its cost counts"
        )
    avoided = tuple(
        CostItem(
            name=f"avoided: {item.name}",
            amount=times(item.amount, weight),
            inputs=item.inputs if weight == 1.0 else f"{100 * weight:.1f} % of {item.inputs}",
            known=item.known,
        )
        for item in prospect.failure.items
    )
    return _entry(
        order, close_out, prospect, ValueKind.CONFIRMED, items=(*avoided, *spent), weight=weight, spent=spent,
        complete=all(item.known for item in (*avoided, *spent)), reason=f"{state}; {why}",
    )  # fmt: skip


def _failed(order: WorkOrder, close_out: CloseOut, prospect: Prospect, kind: ValueKind) -> ValueEntry:
    loss: tuple[CostItem, ...] = ()
    down = close_out.findings.downtime_h
    economics = prospect.economics
    if down is not None and loss_known(economics):
        words = f"{down:g} h x {money_text(economics.production_loss_per_h, prospect.currency)}/h"
        loss = (_minus(PRODUCTION_LOSS, times(economics.production_loss_per_h, down), words),)
    reason = (
        "the machine failed before the work that the prediction called for"
        if kind is ValueKind.LATE
        else "the machine failed, and no order from a prediction stood before"
    )
    spent = (_work(close_out), *loss)
    known = bool(loss) and _work(close_out).known
    return _entry(order, close_out, prospect, kind, items=(), weight=0.0, spent=spent, complete=known, reason=reason)


def _entry(
    order: WorkOrder,
    close_out: CloseOut,
    prospect: Prospect,
    kind: ValueKind,
    *,
    items: Sequence[CostItem],
    weight: float,
    spent: Sequence[CostItem],
    reason: str,
    complete: bool = True,
) -> ValueEntry:
    package = prospect.package
    return ValueEntry(
        entry_id=stable_id("value", order.order_id, close_out.revision),
        order_id=order.order_id,
        number=order.number,
        machine_id=order.machine_id,
        kind=kind,
        at=close_out.closed_at,
        amount=sum(item.amount for item in items),
        cost=-sum(item.amount for item in spent),
        weight=weight,
        items=tuple(items),
        reason=reason,
        prediction_id=None if package is None else package.prediction_id,
        package_id=None if package is None else package.package_id,
        complete=complete,
        simulated=order.simulated,
    )


def _minus(name: str, amount: Minor, inputs: str, *, known: bool = True) -> CostItem:
    return CostItem(name=name, amount=-amount, inputs=inputs, known=known)


def _work(close_out: CloseOut) -> CostItem:
    inputs = "; ".join(f"{item.name}: {item.inputs}" for item in close_out.cost_items)
    return _minus(
        "work", close_out.actual_cost, inputs or "as recorded", known=all(i.known for i in close_out.cost_items)
    )


def _repair_to_come(planned: Impact) -> CostItem:
    inputs = "; ".join(f"{item.name}: {item.inputs}" for item in planned.items)
    return _minus("repair still to come", planned.total, inputs, known=planned.complete)


def _stop(close_out: CloseOut, prospect: Prospect, *, planned: bool) -> tuple[CostItem, ...]:
    down, economics = close_out.findings.downtime_h, prospect.economics
    if down is not None:
        share = economics.planned_loss_share
        words = (
            f"{down:g} h x {money_text(economics.production_loss_per_h, prospect.currency)}/h x {share:g} "
            "(share lost in a planned stop)"
        )
        amount = times(economics.production_loss_per_h, down, share)
        return (_minus("stop for the work", amount, words, known=loss_known(economics)),)
    if not planned or prospect.package is None:
        return ()
    loss = [item for item in prospect.package.planned_impact.items if item.name == PRODUCTION_LOSS]
    words = "as planned, for its hours were not recorded"
    return tuple(
        _minus("stop for the work", item.amount, f"{item.inputs} ({words})", known=item.known) for item in loss
    )


def reversal(entry: ValueEntry, reason: str) -> ValueEntry:
    """Return the entry that takes ``entry`` back, dated as it, so that every period still adds up."""
    return entry.model_copy(
        update={
            "entry_id": stable_id(entry.entry_id, "reversal"),
            "kind": ValueKind.REVERSAL,
            "amount": -entry.amount,
            "cost": -entry.cost,
            "items": tuple(item.model_copy(update={"amount": -item.amount}) for item in entry.items),
            "reason": reason,
            "reverses": entry.entry_id,
        }
    )


def ledger(
    entries: Sequence[ValueEntry],
    *,
    currency: str,
    start: datetime | None = None,
    end: datetime | None = None,
    missed_without_order: int = 0,
    seed: int = 0,
) -> ValueLedger:
    """Return what ``entries`` of a period add up to.

    The interval is the 2.5 to 97.5 % range of the net sum when the orders are drawn again with replacement (2,000 times), so it
    says how far the sum hangs on single orders; with fewer than 5 judged orders there is none.
    """
    reversed_ = {entry.reverses for entry in entries if entry.kind is ValueKind.REVERSAL}
    standing = [e for e in entries if e.kind is not ValueKind.REVERSAL and e.entry_id not in reversed_]
    counts = Counter(entry.kind for entry in standing)
    amounts = [entry.amount for entry in standing if entry.kind in _JUDGED]
    interval, evidence = _interval(amounts, seed)
    partly = sum(entry.kind in _JUDGED and not entry.complete for entry in standing)
    if partly:
        evidence += f"; costs that are not known are left out of {partly}"

    def cost(kind: ValueKind) -> Minor:
        return sum(entry.cost for entry in standing if entry.kind is kind)

    def amount(kind: ValueKind) -> Minor:
        return sum(entry.amount for entry in standing if entry.kind is kind)

    return ValueLedger(
        start=start,
        end=end,
        currency=currency,
        entries=tuple(entries),
        confirmed=counts[ValueKind.CONFIRMED],
        false_alarms=counts[ValueKind.FALSE_ALARM],
        avoided=amount(ValueKind.CONFIRMED),
        false_alarm_cost=-amount(ValueKind.FALSE_ALARM),
        net=sum(amounts),
        net_interval=interval,
        evidence=evidence,
        late=counts[ValueKind.LATE],
        late_cost=cost(ValueKind.LATE),
        missed=counts[ValueKind.MISSED],
        missed_cost=cost(ValueKind.MISSED),
        missed_without_order=missed_without_order,
    )


def _interval(amounts: Sequence[Minor], seed: int) -> tuple[tuple[Minor, Minor] | None, str]:
    count = len(amounts)
    if count < ORDERS_FOR_INTERVAL:
        return None, f"not enough evidence: {count} of {ORDERS_FOR_INTERVAL} closed orders needed"
    picked = np.random.default_rng(seed).integers(0, count, size=(_DRAWS, count))
    sums = np.asarray(amounts, dtype=np.float64)[picked].sum(axis=1)
    low, high = np.percentile(sums, [(100 - _LEVEL) / 2, (100 + _LEVEL) / 2])
    return (round(low), round(high)), f"{_LEVEL:g} % bootstrap interval over {count} closed orders"
