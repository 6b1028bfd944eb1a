"""Key figures of a machine and of a plant, each with its interval and source: OEE, reliability, availability, energy (A2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pandas as pd

from workbench.domain.closeout import CloseOut
from workbench.domain.kpis import Kpi
from workbench.domain.value import ValueLedger

from .kpis_reliability import (
    Failure,
    bootstrap_ratios,
    inherent_availability,
    mean_down_time,
    mtbf,
    mttr,
    repair_hours,
)
from .kpis_time import MOST_COUNTED, Floats, TimeUse, together

ENOUGH_WEEKS = 8
Ratio = tuple[Floats, Floats]


def figures(
    uses: Sequence[TimeUse],
    failures: Sequence[Failure],
    close_outs: Sequence[CloseOut],
    *,
    co2_kg_per_kwh: float,
    seed: int,
) -> tuple[Kpi, ...]:
    """Return the figures of one machine, or of several together.

    Intervals of shares of time are over weeks for one machine, over machines for several. Definitions: OEE and its factors by
    ISO 22400-2; MTBF and mean down time by EN 15341; active repair time by ISO 14224.

    Args:
        uses: How each machine used its time.
        failures: Of these machines.
        close_outs: Of work on them that was closed in the period.
        co2_kg_per_kwh: What a kWh counts.
        seed: Of the bootstrap.
    """
    between, repair = mtbf(uses, failures), mttr(close_outs, seed)
    operating_h = sum(use.hours("running") for use in uses)
    return (
        *effectiveness(uses, seed),
        operational_availability(uses, seed),
        inherent_availability(between, repair, operating_h, repair_hours(close_outs), seed),
        between,
        mean_down_time(failures, seed),
        repair,
        _hours("operating_h", "Operating time", "running", uses),
        _hours("downtime_h", "Down time, unplanned", "down", uses),
        _hours("planned_stop_h", "Planned stops", "planned_stop", uses),
        *_energy(uses, co2_kg_per_kwh),
    )


def _rows(uses: Sequence[TimeUse]) -> tuple[pd.DataFrame, Literal["weeks", "machines"], int]:
    """Return what is drawn again for an interval, what a row is, and how many rows are enough."""
    if len(uses) == 1:
        return uses[0].weeks, "weeks", ENOUGH_WEEKS
    return together(uses), "machines", 5


def _ratio(
    name: str,
    title: str,
    pairs: Sequence[Ratio],
    uses: Sequence[TimeUse],
    source: str,
    seed: int,
) -> Kpi:
    """Return a product of ratios of sums over ``uses`` with its interval."""
    value = 1.0
    for above, below in pairs:
        value *= float(above.sum()) / float(below.sum())
    _, n_of, enough = _rows(uses)
    interval, lacks = bootstrap_ratios(pairs, seed, enough)
    return Kpi(
        name=name,
        title=title,
        value=value,
        unit="share",
        interval=interval,
        n=len(pairs[0][0]),
        n_of=n_of,
        source=source + (f"; interval by bootstrap over {n_of}" if interval else ""),
        lacks=lacks,
    )


def _lacking(name: str, title: str, why: str, source: str) -> Kpi:
    return Kpi(name=name, title=title, value=None, unit="share", n=0, n_of="machines", source=source, lacks=why)


def effectiveness(uses: Sequence[TimeUse], seed: int) -> tuple[Kpi, Kpi, Kpi, Kpi]:
    """Return OEE, availability, performance ("effectiveness" in the standard) and quality (ISO 22400-2).

    * Availability = actual production time / planned busy time: RUNNING / (RUNNING + IDLE + DOWN).
    * Performance = planned run time of the items made / actual production time.
    * Quality = planned run time of the good items / that of all items, which for one machine is good / total.
    * OEE is their product. Over several machines the times are summed, so the factors are weighted by time.

    Without states, counts or good counts, what needs them is not available; nothing is taken to be 100 %.
    """
    words = {
        "oee": ("OEE", "availability x performance x quality (ISO 22400-2)"),
        "availability": ("Availability", "RUNNING / (RUNNING + IDLE + DOWN); planned stops do not count (ISO 22400-2)"),
        "performance": ("Performance", "items made x planned time of one / RUNNING time (ISO 22400-2)"),
        "quality": ("Quality", "good items / items made (ISO 22400-2)"),
    }
    timed = [use for use in uses if use.has_states and _busy(use) > 0]
    if not timed:
        why = "no machine states (RUNNING, IDLE, PLANNED_STOP, DOWN) are recorded"
        oee, available, performed, good = (
            _lacking(name, title, why, source) for name, (title, source) in words.items()
        )
        return oee, available, performed, good
    made = [use for use in timed if use.counted]
    chosen = [use for use in made if use.judged] or made or timed
    of = "" if len(uses) == 1 else f"; {len(chosen)} of {len(uses)} machines, those {_which(chosen)}"
    time = _available(chosen)
    rate, share = _performed(chosen), _good(chosen)

    def factor(name: str, pairs: Sequence[Ratio], extra: str = "") -> Kpi:
        title, source = words[name]
        return _ratio(name, title, pairs, chosen, source + extra + of, seed)

    def lacking(name: str, why: str) -> Kpi:
        title, source = words[name]
        return _lacking(name, title, why, source)

    availability = factor("availability", [time])
    if not made:
        why = _uncounted(timed)
        return lacking("oee", why), availability, lacking("performance", why), lacking("quality", why)
    by = "; against " + (f"the {made[0].output_basis}" if len(uses) == 1 else _bases(chosen))
    performance = factor("performance", [rate], by)
    if not any(use.judged for use in made):
        why = "good items are not counted (good_count)"
        return lacking("oee", why), availability, performance, lacking("quality", why)
    if share[1].sum() == 0:
        return factor("oee", [time, rate]), availability, performance, lacking("quality", "no items were made")
    return factor("oee", [time, rate, share]), availability, performance, factor("quality", [share])


def _busy(use: TimeUse) -> float:
    return use.hours("running") + use.hours("idle") + use.hours("down")


def _which(chosen: Sequence[TimeUse]) -> str:
    return "with counts" if all(use.counted for use in chosen) else "with states"


def _bases(chosen: Sequence[TimeUse]) -> str:
    rated = sum(use.output_basis.startswith("rated") for use in chosen)
    shown = len(chosen) - rated
    said = [f"the rated output of {rated}"] if rated else []
    said += (
        [f"the best demonstrated output of {shown} without a rated one (95th percentile of running hours)"]
        if shown
        else []
    )
    return " and ".join(said)


def _uncounted(timed: Sequence[TimeUse]) -> str:
    some = max((use.hours("counted") / use.hours("running") for use in timed if use.hours("running") > 0), default=0.0)
    if some > 0:
        return f"items are counted in only {100 * some:.0f} % of the running hours, {100 * MOST_COUNTED:.0f} % needed"
    return "no items are counted (total_count, good_count)"


def _columns(uses: Sequence[TimeUse]) -> pd.DataFrame:
    """Return the rows to draw from with the planned run time of items, in hours."""
    if len(uses) == 1:
        frame = uses[0].weeks
        return frame.assign(
            planned=frame["total"] / (uses[0].output_per_h or 1), good_h=frame["good"] / (uses[0].output_per_h or 1)
        )
    frame = together(uses)
    output = pd.Series({use.machine_id: use.output_per_h or 1.0 for use in uses})
    return frame.assign(planned=frame["total"] / output, good_h=frame["good"] / output)


def _pair(frame: pd.DataFrame, above: Sequence[str], below: Sequence[str]) -> Ratio:
    return frame[list(above)].sum(axis=1).to_numpy(dtype=float), frame[list(below)].sum(axis=1).to_numpy(dtype=float)


def _available(uses: Sequence[TimeUse]) -> Ratio:
    return _pair(_columns(uses), ["running"], ["running", "idle", "down"])


def _performed(uses: Sequence[TimeUse]) -> Ratio:
    return _pair(_columns(uses), ["planned"], ["counted"])


def _good(uses: Sequence[TimeUse]) -> Ratio:
    return _pair(_columns(uses), ["good_h"], ["planned"])


def operational_availability(uses: Sequence[TimeUse], seed: int) -> Kpi:
    """Return the measured share of up time: (RUNNING + IDLE) / (RUNNING + IDLE + DOWN) (IEC 60050-192, EN 15341).

    Planned stops are left out: states do not tell planned maintenance from hours without a shift.
    """
    timed = [use for use in uses if use.has_states and _busy(use) > 0]
    name, title = "operational_availability", "Operational availability"
    source = (
        "up time / (up time + down time), measured from states: RUNNING and IDLE are up, planned stops do not count"
    )
    if not timed:
        return _lacking(name, title, "no machine states are recorded", source)
    frame, _, _ = _rows(timed)
    return _ratio(name, title, [_pair(frame, ["running", "idle"], ["running", "idle", "down"])], timed, source, seed)


def _hours(name: str, title: str, part: str, uses: Sequence[TimeUse]) -> Kpi:
    """Return measured hours; a total of what was measured needs no interval."""
    told = [use for use in uses if (use.running_known if part == "running" else use.has_states)]
    return Kpi(
        name=name,
        title=title,
        value=sum(use.hours(part) for use in told) if told else None,
        unit="h",
        n=len(told),
        n_of="machines",
        source="measured: "
        + {"running": "hours RUNNING", "down": "hours DOWN", "planned_stop": "hours of PLANNED_STOP"}[part],
        lacks="" if told else "no machine states are recorded",
    )


def _energy(uses: Sequence[TimeUse], co2_kg_per_kwh: float) -> tuple[Kpi, Kpi]:
    """Return the energy used while running, power times time, and its CO2."""
    told = [use for use in uses if use.power_sensor]
    total = sum(use.hours("kWh") for use in told)
    running = sum(use.hours("running") for use in told)
    measured = sum(use.hours("powered") for use in told)
    source = "power x time while RUNNING"
    if len(uses) == 1 and told:
        source += f", sensor {told[0].power_sensor}"
    if told and measured < 0.999 * running:
        source += f"; power is measured in {100 * measured / running:.1f} % of the running hours, the rest is left out"
    if len(uses) > 1 and told:
        source += f"; {len(told)} of {len(uses)} machines, those with a power sensor"
    lacks = "" if told else "no power sensor has readings"
    known = {"n": len(told), "n_of": "machines", "lacks": lacks}
    energy = Kpi(
        name="energy_kWh", title="Energy used", value=total if told else None, unit="kWh", source=source, **known
    )
    co2 = Kpi(
        name="co2_kg",
        title="CO2 of the energy",
        value=total * co2_kg_per_kwh if told else None,
        unit="kg",
        source=f"energy x {co2_kg_per_kwh:g} kg CO2 per kWh (setting co2_kg_per_kwh)",
        **known,
    )
    return energy, co2


def savings(ledger: ValueLedger) -> Kpi:
    """Return what confirmed findings avoided, less false alarms, from the value ledger (Z4)."""
    count = ledger.confirmed + ledger.false_alarms
    return Kpi(
        name="savings",
        title="Savings, net",
        value=ledger.net if count else None,
        unit="money",
        interval=ledger.net_interval,
        n=count,
        n_of="closed orders",
        source=f"value ledger: confirmed findings {ledger.confirmed}, false alarms {ledger.false_alarms}"
        + (f"; {ledger.evidence}" if ledger.net_interval else ""),
        lacks=("" if ledger.net_interval else ledger.evidence)
        if count
        else "no order that a prediction opened was closed in the period",
    )
