"""What was decided for a machine and the sum behind it: costs of failure and of planned work, what is recommended."""

from __future__ import annotations

from workbench.dispatch.plain import readable, sentence
from workbench.domain.analysis import AnalyticsPackage, CostItem, Impact, Recommendation
from workbench.domain.predictions import UNKNOWN_MODE

from .fleet import MachineView
from .markup import element, text
from .occasions import occasions_block
from .site_time import said_at, site_moment
from .wording import money


def decision_block(view: MachineView, package: AnalyticsPackage, currency: str) -> str:
    """Return the verdict, when to act, the costs item by item, and the recommended actions, as markup."""
    return verdict(view, package) + costs(view, package, currency) + recommended(view, package, currency)


def verdict(view: MachineView, package: AnalyticsPackage) -> str:
    """Return whether the work is ordered now, and the sum that decided it."""
    # The engine's reason begins with the verdict, which stands here in bold.
    reason = package.decision.reason.removeprefix("Act: ").removeprefix("Do not act: ")
    words = whether_ordered(view, package)
    return element("p", element("strong", words), text(f" {said_at(reason, view, package.as_of)}"), class_="sum")


def whether_ordered(view: MachineView, package: AnalyticsPackage) -> str:
    """Say whether to order the work, or that it is ordered already, and by which orders."""
    if not package.decision.act:
        return "No work now."
    standing = [order.number for order in view.orders if package.prediction_id in order.evidence]
    return f"Ordered: {', '.join(standing)}." if standing else "Order the work now."


def costs(view: MachineView, package: AnalyticsPackage, currency: str) -> str:
    """Return when to act, and what waiting, a failure and planned work cost, item by item.

    Where nothing is known of the costs, how to enter them.
    """
    if package.failure_impact.total == package.planned_impact.total == 0:
        return _how_to_cost(view)
    planned = "Inspect at a planned stop" if package.failure_mode == UNKNOWN_MODE else "Repair at a planned stop"
    ledgers = element(
        "div",
        _impact("Run to failure", package.failure_impact, view, currency),
        _impact(planned, package.planned_impact, view, currency),
        class_="impacts",
    )
    return occasions_block(view, package, currency) + ledgers + money_at_stake(package, currency)


def money_at_stake(package: AnalyticsPackage, currency: str) -> str:
    """Return what leaving the machine alone is expected to cost within the horizon, with its 90 % range."""
    expected = package.expected
    if expected is None:
        return ""
    low, high = (money(amount, currency) for amount in expected.cost_90)
    items = "; ".join(
        f"{item.name} {item.inputs} = {money(item.amount, currency)}" for item in expected.items if item.amount
    )
    least = "" if package.failure_impact.complete else "at least "
    words = (
        f"Left alone for {expected.horizon_h / 24:g} days: {least}{money(expected.cost, currency)} expected "
        f"(in nine of ten cases it comes to {expected.comes_to(low, high)}) and {expected.downtime_h:.1f} h of downtime ({expected.downtime_90_h[0]:.1f} to "
        f"{expected.downtime_90_h[1]:.1f} h)."
    )
    basis = f"{items}. The range is of what it comes to in the end, over {expected.range_basis}." if items else ""
    return element("p", text(words), element("small", text(f" {sentence(basis)}")))


def recommended(view: MachineView, package: AnalyticsPackage, currency: str) -> str:
    """Return the recommended actions in their order; nothing when there are none."""
    actions = [_action(r, view, package, currency) for r in sorted(package.recommendations, key=_rank)]
    return element("h5", "Recommended") + element("ol", *(element("li", a) for a in actions)) if actions else ""


def _rank(recommendation: Recommendation) -> int:
    return recommendation.rank


def _action(recommendation: Recommendation, view: MachineView, package: AnalyticsPackage, currency: str) -> str:
    """Return one recommendation; the decision's reason, which stands right above, is not said again."""
    reason = recommendation.reason.replace(package.decision.reason, "").strip()
    saving = ""
    if recommendation.expected_saving > 0:
        rests = "" if recommendation.complete else " (rests on incomplete costs)"
        saving = f" Expected saving {money(recommendation.expected_saving, currency)}{rests}."
    return (
        element("strong", text(said_at(recommendation.action, view, package.as_of)))
        + (text(f" {said_at(reason, view, package.as_of)}") if reason else "")
        + (
            text(f" Act before {site_moment(recommendation.act_before, view.site)}.")
            if recommendation.act_before
            else ""
        )
        + text(saving)
        + _evidence(recommendation, view, package)
    )


def _evidence(recommendation: Recommendation, view: MachineView, package: AnalyticsPackage) -> str:
    """Return the facts a recommendation rests on; those of the first stand for all that rest on the same."""
    if not recommendation.evidence or (recommendation.rank > 1 and recommendation.expected_saving > 0):
        return ""
    reason = recommendation.reason.casefold()
    new = [fact for fact in recommendation.evidence if fact.casefold() not in reason]
    said = "; ".join(said_at(fact, view, package.as_of).rstrip(".") for fact in new)
    return element("small", text(f" Evidence: {sentence(said)}")) if said else ""


def _how_to_cost(view: MachineView) -> str:
    command = f"workbench machines show {view.machine_id}"
    return element(
        "p",
        text("No cost is known, so none can be weighed. Enter "),
        element("code", "production_loss_per_h"),
        text(" under economics in the machine's profile ("),
        element("code", text(command)),
        text(" prints it, "),
        element("code", "workbench machines add FILE"),
        text(" takes it back), and parts and technicians with "),
        element("code", "workbench plant parts FILE"),
        text(" and "),
        element("code", "workbench plant technicians FILE"),
        text("."),
        class_="note",
    )


def _item_amount(item: CostItem, currency: str) -> str:
    if item.known:
        return money(item.amount, currency)
    return f"at least {money(item.amount, currency)}" if item.amount else "not known"


def _impact(title: str, impact: Impact, view: MachineView, currency: str) -> str:
    rows = [
        (
            readable(item.name.replace("_", " "), None).rstrip("."),
            text(_item_amount(item, currency)),
            element("small", text(readable(item.inputs, view.profile).rstrip("."))),
        )
        for item in impact.items
    ]
    total = money(impact.total, currency) if impact.complete else f"at least {money(impact.total, currency)}"
    lacking = "" if impact.complete else element("small", text(sentence(f"{impact.lacks} not known")))
    rows.append(("Total", element("strong", text(total)), lacking))
    body = "".join(
        element("div", element("dt", text(name)), element("dd", amount), element("dd", basis, class_="basis"))
        for name, amount, basis in rows
    )
    heading = element("h5", text(f"{title}: {impact.downtime_h:.1f} h of downtime"))
    return element("div", heading, element("dl", body, class_="ledger"))
