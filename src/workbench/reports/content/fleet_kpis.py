"""The key figures of the fleet over a period: a table with intervals, what is not available and why, the work before people."""

from __future__ import annotations

from collections import defaultdict

from workbench.dispatch.plain import sentence
from workbench.domain.kpis import NOT_AVAILABLE, Kpi, PlantKpis, SkillBacklog

from .markup import Fragment, element, empty, listing, text
from .summary import card
from .tables import table
from .wording import NO_BREAK, count, moment

_OF_A_MACHINE = ("oee", "operational_availability", "mtbf_h", "mean_down_time_h", "downtime_h", "energy_kWh")
_NOTHING = "–"


# What a manager looks at first; the table has all.
_FIRST = ("operational_availability", "mtbf_h", "mttr_h", "downtime_h", "planned_share_hours", "backlog_h")


def kpi_cards(kpis: PlantKpis) -> Fragment:
    """Return the key figures that are looked at first, each with its 95 % interval, or that it is not available and why."""
    known = {kpi.name: kpi for kpi in kpis.figures}
    shown = []
    for kpi in (known[name] for name in _FIRST if name in known):
        interval = kpi.interval_text(kpis.currency)
        note = f"95 %: {interval}" if interval else kpi.lacks if kpi.value_text() == NOT_AVAILABLE else ""
        shown.append(card(kpi.value_text(kpis.currency), kpi.title, note=note))
    days = (kpis.end - kpis.start).days
    words = f"Key figures of {count(days, 'day')} to {moment(kpis.end)}"
    return Fragment(
        element("p", text(words), class_="caption")
        + element("div", *shown, class_="cards", role="list", aria_label="Key figures")
        if shown
        else ""
    )


def kpi_table(kpis: PlantKpis) -> Fragment:
    """Return the key figures of all machines together, and in words which are not available and why."""
    told = [kpi for kpi in kpis.figures if kpi.value_text() != NOT_AVAILABLE]
    if not told:
        return Fragment(empty("No key figure can be told: nothing is recorded of states, failures or work."))
    rows = [
        {
            "figure": text(kpi.title),
            "value": _unbroken(kpi.value_text(kpis.currency)),
            "interval": _unbroken(kpi.interval_text(kpis.currency) or _NOTHING),
            "n": _unbroken(f"{kpi.n:,} {kpi.n_of if kpi.n != 1 else kpi.n_of.removesuffix('s')}"),
            "how": element("small", text(sentence(kpi.source + (f"; {kpi.lacks}" if kpi.lacks else "")))),
        }
        for kpi in told
    ]
    columns = {
        "figure": "Key figure",
        "value": "Value",
        "interval": "95 % interval",
        "n": "Rests on",
        "how": "How it was computed",
    }
    caption = f"{count(len(kpis.machines), 'machine')}, {moment(kpis.start)} to {moment(kpis.end)}"
    shown = table("kpis", columns, rows, caption=caption, numeric=["value", "interval"])
    return Fragment(shown + _lacking([kpi for kpi in kpis.figures if kpi not in told]) + _backlog(kpis))


def _lacking(figures: list[Kpi]) -> str:
    if not figures:
        return ""
    by_reason: defaultdict[str, list[str]] = defaultdict(list)
    for kpi in figures:
        by_reason[kpi.lacks].append(kpi.title)
    items = listing(text(f"{', '.join(titles)}: {why}.") for why, titles in by_reason.items())
    return element("div", element("p", text("Not available:")), items, class_="note")


def _backlog(kpis: PlantKpis) -> str:
    if not kpis.backlog:
        return ""
    rows = [
        {
            "skill": text((line.skill.replace("_", " ") or "no special skill").capitalize()),
            "orders": text(f"{line.orders:,}"),
            "hours": text(f"{line.hours:,.1f} h"),
            "people": text(f"{line.technicians:,}"),
            "weeks": text(_weeks(line)),
        }
        for line in kpis.backlog
    ]
    columns = {
        "skill": "Skill",
        "orders": "Open orders",
        "hours": "Labour",
        "people": "Technicians",
        "weeks": "Technician weeks",
    }
    numeric = ["orders", "hours", "people", "weeks"]
    return table("backlog", columns, rows, caption="Backlog by skill", numeric=numeric)


def _weeks(line: SkillBacklog) -> str:
    if line.technician_weeks is not None:
        return f"{line.technician_weeks:.1f}"
    return "nobody has the skill" if line.skill else "no technicians"


def machine_kpis(kpis: PlantKpis) -> Fragment:
    """Return the key figures of each machine in one table, that with the most down time first."""
    told = [
        one for one in kpis.machines if any(one.figure(name).value_text() != NOT_AVAILABLE for name in _OF_A_MACHINE)
    ]
    if len(kpis.machines) < 2 or not told:
        return Fragment("")
    rows = []
    for one in sorted(told, key=lambda one: (-(one.figure("downtime_h").value or 0.0), one.machine_id)):
        cells = {name: _cell(one.figure(name), kpis.currency) for name in _OF_A_MACHINE}
        failures = text(f"{one.figure('mtbf_h').n:,}")
        rows.append(
            {"machine": text(one.title) + element("small", text(one.machine_id)), "failures": failures, **cells}
        )
    columns = {
        "machine": "Machine",
        "oee": "OEE",
        "operational_availability": "Availability, operational",
        "failures": "Failures",
        "mtbf_h": "MTBF",
        "mean_down_time_h": "Mean down time",
        "downtime_h": "Down time",
        "energy_kWh": "Energy",
    }
    numeric = [name for name in columns if name != "machine"]
    return Fragment(
        table("machine-kpis", columns, rows, caption="Each machine, the most down time first", numeric=numeric)
    )


def _cell(kpi: Kpi, currency: str) -> str:
    if kpi.value_text() == NOT_AVAILABLE:
        return _NOTHING
    interval = kpi.interval_text(currency)
    return _unbroken(kpi.value_text(currency)) + (element("small", _unbroken(interval)) if interval else "")


def _unbroken(words: str) -> str:
    return text(words.replace(" ", NO_BREAK))
