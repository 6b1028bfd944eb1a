"""How critical a machine is, and what its failure modes do, how often, and how they are best dealt with (FMECA)."""

from __future__ import annotations

from workbench.dispatch.plain import sentence, with_units
from workbench.domain.criticality import FailureModeEffect, Fmeca

from .dossier import MachineDossier
from .markup import Fragment, element, empty, text
from .tables import table
from .wording import count, money

_CLASSES = {
    "A": "first: its orders are one step more urgent than the finding alone",
    "B": "as the finding says",
    "C": "last: its orders are one step less urgent than the finding alone",
}


def machine_criticality(machine: MachineDossier, fmeca: Fmeca) -> Fragment:
    """Return the machine's class and what it means for its orders, and a line for each failure mode, the costliest first."""
    letter = machine.profile.criticality
    lead = element(
        "p",
        element("strong", text(f"Criticality {letter}")),
        text(f": in the order of work it goes {_CLASSES[letter]}."),
    )
    if not fmeca.modes:
        return Fragment(lead + str(empty("The profile names no failure modes.")))
    rows = [_row(one, fmeca.currency) for one in fmeca.modes]
    columns = {
        "mode": "Failure mode",
        "ranks": "Severity × occurrence × detection",
        "rate": "Failures a year",
        "cost": "Cost a year",
        "do": "Best dealt with, and why",
    }
    total = money(sum(one.cost_per_year for one in fmeca.modes), fmeca.currency)
    caption = (
        f"{count(len(fmeca.modes), 'failure mode')}, together about {total} a year as it is maintained now; ranks 1 (best) to "
        "10; in brackets 95 % intervals"
    )
    shown = table(f"fmeca-{machine.machine_id}", columns, rows, caption=caption, numeric=["rate", "cost"])
    notes = "".join(element("p", text(sentence(note)), class_="note") for note in fmeca.notes)
    return Fragment(lead + shown + notes)


def _row(one: FailureModeEffect, currency: str) -> dict[str, str]:
    low, high = one.failures_per_year_95
    cheap, dear = one.cost_per_year_95
    least = "at least " if one.cost_lacks else ""
    hazards = element("small", text(f"May harm: {', '.join(one.hazards)}")) if one.hazards else ""
    interval = f"Replace every {one.interval_h:,.0f} operating hours. " if one.interval_h else ""
    return {
        "mode": text(one.title) + hazards,
        "ranks": text(f"{one.severity} × {one.occurrence} × {one.detection} = {one.risk_priority_number}"),
        "rate": text(f"{one.failures_per_year:.2g}") + element("small", text(f"({low:.2g} to {high:.2g})")),
        "cost": text(least + money(one.cost_per_year, currency))
        + element("small", text(f"({money(cheap, currency)} to {money(dear, currency)})")),
        "do": text(one.strategy.label.capitalize())
        + element("small", text(interval + sentence(with_units(one.reason)))),
    }
