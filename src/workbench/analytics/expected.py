"""What leaving a machine alone is expected to cost within the planning horizon, with its range (A1)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workbench.domain.analysis import PRODUCTION_LOSS, CostItem, ExpectedLoss, Impact
from workbench.domain.base import Minor
from workbench.domain.money import money_text, times
from workbench.domain.units import span_text

_RANGE = (0.05, 0.95)


def expected_loss(
    failure: Impact,
    probability: float,
    horizon_h: float,
    *,
    others: Sequence[tuple[float, Impact]] = (),
    currency: str,
) -> ExpectedLoss:
    """Return the expected cost and downtime of failing within ``horizon_h``, and their 90 % ranges.

    Expected values are P(failure) times what a failure of the diagnosed mode costs. The ranges are percentiles of what
    it will come to: nothing where the machine outlives the horizon, else the cost of the mode that it turns out to be.

    Args:
        failure: Cost of a failure of the diagnosed mode.
        probability: P(failure within the horizon).
        horizon_h: Calendar hours.
        others: How likely each other mode is the cause, and what its failure costs; the diagnosed one has the rest.
        currency: ISO 4217 code.
    """
    cost = times(failure.total, probability)
    repair, damage = times(failure.repair_cost, probability), times(failure.secondary_damage, probability)
    share = f"{100 * probability:.1f} %"
    # The loss takes what rounding leaves, so that the parts sum to the whole.
    parts = (
        ("repair", repair, failure.repair_cost),
        (PRODUCTION_LOSS, cost - repair - damage, failure.production_loss),
        ("secondary damage", damage, failure.secondary_damage),
    )
    loss_known = all(item.known for item in failure.items if item.name == PRODUCTION_LOSS)
    known = {"repair": not failure.repair_lacks, PRODUCTION_LOSS: loss_known, "secondary damage": True}
    items = tuple(
        CostItem(name=name, amount=amount, inputs=f"{share} x {money_text(whole, currency)}", known=known[name])
        for name, amount, whole in parts
    )
    rest = max(0.0, 1.0 - sum(chance for chance, _ in others))
    outcomes = [(probability * rest, failure), *((probability * chance, one) for chance, one in others)]
    costs = _percentiles([(1.0 - probability, 0.0), *((chance, float(one.total)) for chance, one in outcomes)])
    hours = _percentiles([(1.0 - probability, 0.0), *((chance, one.downtime_h) for chance, one in outcomes)])
    return ExpectedLoss(
        horizon_h=horizon_h,
        failure_probability=probability,
        cost=cost,
        cost_90=(_minor(costs[0]), _minor(costs[1])),
        downtime_h=probability * failure.downtime_h,
        downtime_90_h=hours,
        items=items,
        range_basis=f"whether it fails within {span_text(horizon_h)} ({share})"
        + (f" and which of {len(others) + 1} causes it has" if others else ""),
    )


def _percentiles(outcomes: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return the least outcomes that are not exceeded with 5 and 95 % probability."""
    ordered = sorted(outcomes, key=lambda pair: pair[1])
    reached = np.cumsum([chance for chance, _ in ordered])
    found = [ordered[min(int(np.searchsorted(reached, level * reached[-1])), len(ordered) - 1)][1] for level in _RANGE]
    return found[0], found[1]


def _minor(value: float) -> Minor:
    return round(value)
