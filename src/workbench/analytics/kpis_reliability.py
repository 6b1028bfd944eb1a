"""Failures, how long machines stood for them, and how long repairs took: MTBF, MTTR, mean down time, availability (A2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from scipy.special import chdtri

from workbench.domain.closeout import SAME_EVENT, AsFound, CloseOut
from workbench.domain.kpis import ENOUGH_FOR_INTERVAL, LEVEL, Kpi
from workbench.domain.observations import EventKind

from .history import REMEDY_WITHIN
from .kpis_time import DownSpell, Floats, TimeUse

DRAWS = 2_000
# A failure is booked at its hour, the down spell begins with a reading; so far apart they are still one.
_SAME_STOP = timedelta(hours=2)
_TAILS = (50 * (1 - LEVEL), 100 - 50 * (1 - LEVEL))


def mtbf_interval(operating_h: float, failures: int, level: float = LEVEL) -> tuple[float, float | None]:
    """Return the interval of the mean operating time between failures of a test that ended by time.

    Two-sided from chi-square with 2r + 2 and 2r degrees of freedom (MIL-HDBK-781A, IEC 60605-4), which takes failures to come at
    a constant rate; without failures the one-sided lower bound, and None above.

    >>> low, high = mtbf_interval(1000.0, 4, level=0.9)
    >>> round(low, 1), round(high, 1)
    (109.2, 731.9)
    >>> mtbf_interval(1000.0, 0)[1] is None
    True
    """
    if failures == 0:
        return float(2 * operating_h / chdtri(2, 1 - level)), None
    tail = (1 - level) / 2
    return (
        float(2 * operating_h / chdtri(2 * failures + 2, tail)),
        float(2 * operating_h / chdtri(2 * failures, 1 - tail)),
    )


def bootstrap_mean(values: Sequence[float], seed: int) -> tuple[tuple[float, float] | None, str]:
    """Return the 95 % bootstrap interval of a mean, or None and why there is none."""
    if len(values) < ENOUGH_FOR_INTERVAL:
        return None, _too_few(len(values))
    means = _resampled(np.asarray(values, dtype=np.float64), seed).mean(axis=1)
    low, high = np.percentile(means, _TAILS)
    return (float(low), float(high)), ""


def bootstrap_ratios(
    pairs: Sequence[tuple[Floats, Floats]], seed: int, enough: int = ENOUGH_FOR_INTERVAL
) -> tuple[tuple[float, float] | None, str]:
    """Return the 95 % bootstrap interval over rows (weeks or machines) of a product of ratios of sums, or why there is none."""
    count = len(pairs[0][0])
    if count < enough:
        return None, _too_few(count, enough)
    picked = np.random.default_rng(seed).integers(0, count, size=(DRAWS, count))
    product = np.ones(DRAWS)
    for above, below in pairs:
        sums = below[picked].sum(axis=1)
        product = product * np.divide(above[picked].sum(axis=1), sums, out=np.full(DRAWS, np.nan), where=sums > 0)
    low, high = np.nanpercentile(product, _TAILS)
    return (float(low), float(high)), ""


def _resampled(values: Floats, seed: int) -> Floats:
    return values[np.random.default_rng(seed).integers(0, len(values), size=(DRAWS, len(values)))]


def _too_few(count: int, enough: int = ENOUGH_FOR_INTERVAL) -> str:
    return f"not enough evidence for an interval: {count} of {enough} needed"


@dataclass(frozen=True)
class Failure:
    """A functional failure and how long the machine stood for it; None: not known, or it still stands."""

    machine_id: str
    at: datetime
    down_h: float | None
    told_by: str


def failures_of(use: TimeUse, events: pd.DataFrame, close_outs: Sequence[CloseOut]) -> tuple[Failure, ...]:
    """Return the functional failures in the time that the readings cover, each with its down time.

    A failure is a recorded asset event of that kind (close-outs write theirs); several at one instant or in one DOWN spell are one,
    for a machine that is down cannot fail (IEC 60050-192). Down time is from the failure until the machine is back in service, with all waiting (EN 15341): as a close-out tells, else the hours of the
    DOWN spell at the failure, else until the replacement or maintenance that follows within 14 days.

    Args:
        use: How the machine used its time.
        events: Of this machine: ``time`` (aware UTC, ascending) and ``kind``.
        close_outs: Of this machine.
    """
    if use.span is None:
        return ()
    start, end = use.span
    failed = events[events["kind"] == EventKind.FAILURE.value]["time"].drop_duplicates()
    remedies = events[events["kind"].isin([EventKind.REPLACEMENT.value, EventKind.MAINTENANCE.value])]["time"]
    within = _apart([at.to_pydatetime() for at in failed if start < at <= end], use.spells)
    closed = _closed(within, close_outs)
    return tuple(Failure(use.machine_id, at, *(closed.get(at) or _down(at, use.spells, remedies))) for at in within)


def _apart(failed: Sequence[datetime], spells: Sequence[DownSpell]) -> list[datetime]:
    """Leave out failures in a down spell that an earlier failure began."""
    kept: list[datetime] = []
    begun: set[datetime] = set()
    for at in failed:
        spell = _spell_at(at, spells)
        if spell is None or spell.start not in begun:
            kept.append(at)
        if spell is not None:
            begun.add(spell.start)
    return kept


def _spell_at(at: datetime, spells: Sequence[DownSpell]) -> DownSpell | None:
    return next((spell for spell in spells if spell.start - _SAME_STOP <= at <= spell.end), None)


def _closed(failed: Sequence[datetime], close_outs: Sequence[CloseOut]) -> dict[datetime, tuple[float, str]]:
    """Return the down time of those failures that a close-out tells of: of each the one nearest to it, within 24 h."""
    told = {}
    for close_out in close_outs:
        failed_at, back = close_out.findings.functional_failure_at, close_out.findings.downtime_end
        if failed_at is None or back is None or not failed:
            continue
        nearest = _nearest(failed, failed_at)
        if abs(nearest - failed_at) <= SAME_EVENT:
            told[nearest] = ((back - failed_at) / timedelta(hours=1), "close-outs")
    return told


def _nearest(times: Sequence[datetime], to: datetime) -> datetime:
    return min(times, key=lambda time: abs(time - to))


def _down(at: datetime, spells: Sequence[DownSpell], remedies: pd.Series) -> tuple[float | None, str]:
    spell = _spell_at(at, spells)
    if spell is not None:
        # The failure is somewhere in the first reading's interval, so the spell's own length is the better measure.
        hours = max(spell.hours, (spell.end - at) / timedelta(hours=1))
        return (None, "still down") if spell.open else (hours, "states")
    after = remedies[(remedies > at) & (remedies <= at + REMEDY_WITHIN)]
    return ((after.iloc[0] - at) / timedelta(hours=1), "events") if len(after) else (None, "not known")


def mtbf(uses: Sequence[TimeUse], failures: Sequence[Failure]) -> Kpi:
    """Return the mean operating time between failures (EN 15341; IEC 60050-192): running hours over functional failures."""
    timed = {use.machine_id: use.hours("running") for use in uses if use.running_known}
    operating_h = sum(timed.values())
    # A failure of a machine whose hours are not known has nothing to stand against.
    count = sum(failure.machine_id in timed for failure in failures)
    known = operating_h > 0
    source = (
        f"{operating_h:,.0f} running hours over {count} recorded functional failures; "
        + ("chi-square interval of a time-terminated test, which takes the failure rate to be constant" if count else
           "no failure, so only the chi-square lower bound (one-sided) is told")
        if known
        else "running hours over recorded functional failures"
    )  # fmt: skip
    return Kpi(
        name="mtbf_h",
        title="MTBF, operating time between failures",
        value=operating_h / count if count and known else None,
        unit="h",
        interval=mtbf_interval(operating_h, count) if known else None,
        n=count,
        n_of="failures",
        source=source,
        lacks="" if count and known else "no failure in the period" if known else _no_operation(),
    )


def _no_operation() -> str:
    return "operating time is not known: record machine states, or give the profile a running rule"


def mean_down_time(failures: Sequence[Failure], seed: int) -> Kpi:
    """Return the mean time from a failure until the machine is back in service, with waiting (EN 15341 MDT)."""
    hours = [failure.down_h for failure in failures if failure.down_h is not None]
    told = {name: sum(f.told_by == name for f in failures) for name in ("close-outs", "states", "events")}
    by = ", ".join(f"{count} from {name}" for name, count in told.items() if count)
    left = len(failures) - len(hours)
    return _mean_hours(
        "mean_down_time_h",
        "Mean down time after a failure",
        hours,
        seed,
        n_of="failures",
        source=f"from failure to back in service, waiting included{f': {by}' if by else ''}"
        + (f"; {left} left out (still down, or its end is not recorded)" if left else ""),
        none="no failure with a known end of the down time in the period",
    )


def _mean_hours(name: str, title: str, hours: Sequence[float], seed: int, *, n_of: str, source: str, none: str) -> Kpi:
    """Return the mean of ``hours`` with its bootstrap interval; ``none``: what is lacking where there are no hours."""
    interval, lacks = bootstrap_mean(hours, seed)
    value = float(np.mean(hours)) if hours else None
    return Kpi(
        name=name, title=title, value=value, unit="h", interval=interval, n=len(hours), n_of=n_of, source=source,
        lacks=lacks if hours else none,
    )  # fmt: skip


def repair_hours(close_outs: Sequence[CloseOut]) -> list[float]:
    """Return the active repair hours of those close-outs that tell of a machine found failed."""
    return [
        one.findings.active_repair_h
        for one in close_outs
        if one.findings.as_found is AsFound.FAILED and one.findings.active_repair_h is not None
    ]


def mttr(close_outs: Sequence[CloseOut], seed: int) -> Kpi:
    """Return the mean active repair time after failures (ISO 14224: hands on the machine, waiting left out)."""
    hours = repair_hours(close_outs)
    in_time = sum(one.fault_found and one.findings.as_found is not AsFound.FAILED for one in close_outs)
    return _mean_hours(
        "mttr_h",
        "MTTR, active repair time",
        hours,
        seed,
        n_of="repairs",
        source="active repair hours in close-outs of machines found failed"
        + (f"; repairs of faults found in time do not count: {in_time}" if in_time else ""),
        none="no close-out of a failure tells its active repair hours",
    )


def inherent_availability(between: Kpi, repair: Kpi, operating_h: float, hours: Sequence[float], seed: int) -> Kpi:
    """Return MTBF / (MTBF + MTTR): what the machine's own failures and repairs leave, without waiting (IEC 60050-192).

    The interval draws the failure rate from its gamma distribution (Jeffreys prior) and the mean repair by bootstrap.
    """
    value: float | None = None
    interval: tuple[float, float] | None = None
    if between.value is None or repair.value is None:
        missing = [kpi for kpi in (between, repair) if kpi.value is None]
        lacks = "; ".join(f"no {kpi.title.partition(',')[0]}: {kpi.lacks}" for kpi in missing)
    else:
        value = between.value / (between.value + repair.value)
        lacks = repair.lacks
        if repair.interval is not None:
            rates = np.random.default_rng(seed + 1).gamma(between.n + 0.5, 1 / operating_h, DRAWS)
            drawn = 1 / (1 + rates * _resampled(np.asarray(hours), seed).mean(axis=1))
            low, high = np.percentile(drawn, _TAILS)
            interval = (float(low), float(high))
    return Kpi(
        name="inherent_availability",
        title="Inherent availability",
        value=value,
        unit="share",
        interval=interval,
        n=min(between.n, repair.n),
        n_of="failures",
        source="MTBF / (MTBF + MTTR)",
        lacks=lacks,
    )
