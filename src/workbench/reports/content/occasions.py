"""When the work is best done: the answer in words, the occasions it was chosen from, and what would change it."""

from __future__ import annotations

from datetime import timedelta

from workbench.dispatch.plain import sentence
from workbench.domain.analysis import ActionDecision, AnalyticsPackage, Occasion, WhenToAct

from .fleet import MachineView
from .markup import element, facts, text
from .site_time import said_at, site_clock, site_moment, zones_in_words
from .tables import table
from .wording import money, percent

_KINDS = {"earliest": "Earliest start", "planned_stop": "Planned stop", "day": "A stop for it", "later": "Later"}
_FEW = 2


def occasions_block(view: MachineView, package: AnalyticsPackage, currency: str) -> str:
    """Return when the work is best done with the occasions compared, as markup; a line where nothing tells."""
    decision = package.decision
    if decision.when is None:
        lacks = decision.when_lacks
        begin = (
            f" Begin it as soon as possible, from {site_moment(decision.best_at, view.site)}."
            if decision.best_at
            else ""
        )
        words = f"{decision.timing}{begin}" if lacks else ""
        return element("p", text(said_at(words, view, package.as_of)), class_="note") if words else ""
    when = decision.when
    critical = decision.rule == "critical_limit"
    begin = f" Begin it from {site_moment(decision.best_at, view.site)} on." if critical and decision.best_at else ""
    said = decision.timing + begin
    waits = "; ".join(sentence(said_at(one, view, package.as_of)).rstrip(".") for one in when.not_earlier)
    pairs = [
        ("Not earlier, because", text(waits or "nothing: it can begin at once")),
        ("A day of running is worth", text(f"{money(when.rate_per_day, currency)}: {when.rate_basis}")),
        ("Life left", text(f"{when.life_basis}{'' if when.own else ' (weak evidence)'}")),
    ]
    return (
        element("h5", "When")
        + element("p", text(said_at(said, view, package.as_of)))
        + (_table(view, decision, when, currency) if not critical else "")
        + facts(pairs)
    )


def _table(view: MachineView, decision: ActionDecision, when: WhenToAct, currency: str) -> str:
    rows = [
        {
            "at": text(site_clock(one.at, view.site)) + (element("strong", " best") if one == when.best else ""),
            "what": text(one.title if one.kind == "planned_stop" else _KINDS[one.kind]),
            "cost": text(money(one.planned_cost, currency)),
            "chance": text(percent(one.failure_probability)),
            "more": text("–" if one == when.best else money(one.excess, currency)),
        }
        for one in _shown(decision, when)
    ]
    columns = {
        "at": "Work begins",
        "what": "Occasion",
        "cost": "Planned work costs",
        "chance": "Fails before",
        "more": "Expected to cost more",
    }
    zone = zones_in_words([view.site], when.best.at)
    caption = f"{len(when.occasions)} occasions compared; the telling ones; times in {zone}"
    return table(f"occasions-{view.machine_id}", columns, rows, caption=caption, numeric=["cost", "chance", "more"])


def _shown(decision: ActionDecision, when: WhenToAct) -> list[Occasion]:
    """Return the earliest, the best, the one after it, the next planned stops, and the last within the horizon."""
    stops = [one for one in when.occasions if one.kind == "planned_stop"][:_FEW]
    end = when.earliest_at + timedelta(hours=decision.horizon_h)
    within = [one for one in when.occasions if one.at <= end]
    after = [one for one in when.occasions if one.at > when.best.at][:1]
    chosen = {one.at: one for one in (when.earliest, when.best, *after, *stops, within[-1])}
    return [chosen[at] for at in sorted(chosen)]
