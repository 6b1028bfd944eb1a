"""Similar cases of the past, from recorded events and work orders: why each is similar, what fixed it, how long, at what cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd

from workbench.domain.analysis import PastCase
from workbench.domain.base import ShownInShort
from workbench.domain.equipment import MachineProfile
from workbench.domain.history import ENOUGH_CASES, NO_FAULT, HistorySummary, PastWork, Spread
from workbench.domain.predictions import UNKNOWN_MODE

from .history import REMEDY_WITHIN, nearness_of, similar_failures
from .words import shared_words, telling_words, title_words

# Sensors deviate alike when the cosine of their deviations is at least this, and some stand out in both.
ALIKE, STANDS_OUT_SD = 0.7, 2.0
# Reciprocal rank fusion (Cormack, Clarke, Buettcher 2009): a rank adds 1 / (60 + rank).
_FUSION = 60
_MOST_EVENTS = 500
_AT_LEAST = 3
_SAME, _WORDS, _PATTERN = 1, 2, 3
_OTHER_KIND = 3


@dataclass(frozen=True)
class SimilarCases(ShownInShort):
    """The most similar cases, best first, and what all of them tell together."""

    cases: tuple[PastCase, ...]
    summary: HistorySummary


@dataclass
class _Candidate:
    """A case that may be similar; ``cause`` and ``nearness`` are 1 for the most alike."""

    case: PastCase
    cause: int
    nearness: int
    text_rank: int | None = None
    alike: float | None = None
    why: list[str] = field(default_factory=list)


def similar_cases(
    profile: MachineProfile,
    mode: str,
    *,
    until: datetime,
    events: pd.DataFrame,
    work: Sequence[PastWork] = (),
    text_hits: Sequence[str] = (),
    machine_types: Mapping[str, str] | None = None,
    pattern: Mapping[str, float] | None = None,
    patterns: Mapping[str, Mapping[str, float]] | None = None,
    symptoms: str = "",
    currency: str = "",
    limit: int = 5,
) -> SimilarCases:
    """Return past failures and repairs like the one expected, ranked by cause, machine, text and sensor pattern together.

    Of past work, planned upkeep and orders for which no fault was found are left out. An order counts as similar when it has
    the same failure mode or code, or, where it names no other mode, when at least half of the words of the mode's title are
    in it, or when the sensors deviated alike before it. The ranks by cause, by machine (this one, its type, others), by text
    and by pattern are fused by reciprocal rank. Figures are summed up over cases of the same cause only; where there is none, over
    the similar ones on machines of the same kind.

    Args:
        profile: The machine that the prediction is about.
        mode: Failure mode, or ``unknown``: then what happened to this machine and its type is given.
        until: The prediction's as-of; nothing later is read.
        events: Columns ``machine_id``, ``time`` (aware UTC), ``kind``, ``cause``, and ``source`` where there is one.
        work: Work orders of the past that may be similar, each once.
        text_hits: Ids of those of ``work`` that a text search found, best first.
        machine_types: Type of each machine of the workspace.
        pattern: Standard deviations by sensor now.
        patterns: The same before orders of ``work`` on machines of this type, by order.
        symptoms: What a person noticed, in words; an order that holds half of them is similar too.
        currency: The workspace's; costs in others are not put together with it.
        limit: How many cases to return at most; the summary is of all.
    """
    types = {profile.machine_id: profile.machine_type, **(machine_types or {})}
    kept = [
        order
        for order in work
        if order.preventive is not True and (order.happened_at is None or order.happened_at <= until)
    ]
    no_fault = [order for order in kept if NO_FAULT in order.tags]
    repairs = [order for order in kept if NO_FAULT not in order.tags]
    ranks = {work_id: rank for rank, work_id in enumerate(text_hits, start=1)}
    wanted = [words for words in (title_words(profile, mode), telling_words(symptoms)) if words]
    found = []
    for order in repairs:
        alike = _cosine(pattern or {}, (patterns or {}).get(order.work_id, {}))
        candidate = _judged(order, profile, mode, wanted, types, alike)
        if candidate is not None:
            candidate.text_rank = ranks.get(order.work_id)
            found.append(candidate)
    found = _with_failures(
        found, similar_failures(events, profile, mode, until=until, machine_types=types, limit=_MOST_EVENTS),
        profile, mode, types,
    )  # fmt: skip
    ranked = _fused(found)
    # Mere words on another kind of machine are shown for want of better only.
    shown = [
        one
        for place, one in enumerate(ranked[:limit])
        if one.cause == _SAME or one.nearness < _OTHER_KIND or place < _AT_LEAST
    ]
    cases = tuple(one.case.model_copy(update={"why": tuple(one.why)}) for one in shown)
    same = [one for one in ranked if one.cause == _SAME]
    telling = same or [one for one in ranked if one.nearness < _OTHER_KIND]
    notes = _notes(profile, mode, ranked, telling, no_fault)
    if ranked and pattern and not patterns:
        notes.append("Sensor patterns: no closed order of this kind of machine has one to compare with yet.")
    return SimilarCases(cases, _summary(telling, currency, notes))


def _judged(
    order: PastWork,
    profile: MachineProfile,
    mode: str,
    wanted: Sequence[Sequence[str]],
    types: Mapping[str, str],
    alike: float | None,
) -> _Candidate | None:
    """Return the order as a candidate with why it is similar, None when it is not."""
    kind = types.get(order.machine_id or "", order.machine_type)
    nearness = 1 if order.machine_id == profile.machine_id else 2 if kind and kind == profile.machine_type else 3
    why: list[str] = []
    cause = 0
    known = profile.failure_mode(mode)
    code = (order.failure_code or "").lower()
    if order.failure_mode == mode:
        cause = _SAME
        why.append("same failure mode")
    elif order.failure_mode is None and code and known and code in (mode, known.iso14224_code.lower()):
        cause = _SAME
        why.append(f"same failure code {order.failure_code}")
    elif order.failure_mode is None or mode == UNKNOWN_MODE:
        said = shared_words(order, wanted)
        why += [said] if said else []
        cause = _WORDS if said or (mode == UNKNOWN_MODE and nearness < _OTHER_KIND) else 0
    if alike is not None and alike >= ALIKE:
        cause = cause or _PATTERN
        why.append(f"sensors deviated alike before it (cosine {alike:.2f})")
    if not cause:
        return None
    other = "another kind of machine" if kind else "kind of machine not recorded"
    why.append(("same machine", f"same kind of machine ({profile.machine_type})", other)[nearness - 1])
    return _Candidate(_case_of(order), cause, nearness, alike=alike if alike and alike >= ALIKE else None, why=why)


def _case_of(order: PastWork) -> PastCase:
    return PastCase(
        machine_id=order.machine_id,
        time=order.happened_at,
        cause=order.failure_mode or order.failure_title or order.failure_code or UNKNOWN_MODE,
        remedy=order.remedy,
        downtime_h=order.downtime_h,
        asset=order.asset,
        source=order.source,
        number=order.number,
        text=order.text,
        labour_h=order.labour_h,
        cost=order.cost,
        currency=order.currency,
    )


def _with_failures(
    orders: list[_Candidate],
    failures: Sequence[PastCase],
    profile: MachineProfile,
    mode: str,
    types: Mapping[str, str],
) -> list[_Candidate]:
    """Add recorded failures; one that an order repaired is told by the order, which takes over the downtime it lacks."""
    told = list(orders)
    for failure in failures:
        nearness = nearness_of(str(failure.machine_id), profile, types) + 1
        repair = next((one for one in told if _repairs(one.case, failure)), None)
        if repair is not None:
            if repair.case.downtime_h is None and failure.downtime_h is not None:
                repair.case = repair.case.model_copy(update={"downtime_h": failure.downtime_h})
            repair.why.append("recorded failure")
            continue
        same = mode != UNKNOWN_MODE
        why = ["recorded failure of the same cause"] if same else ["recorded failure"]
        why.append(
            ("same machine", f"same kind of machine ({profile.machine_type})", "another kind of machine")[nearness - 1]
        )
        told.append(_Candidate(failure, _SAME if same else _WORDS, nearness, why=why))
    return told


def _repairs(order: PastCase, failure: PastCase) -> bool:
    if order.source == "events" or order.machine_id != failure.machine_id or order.time is None or failure.time is None:
        return False
    return order.cause == failure.cause and abs(order.time - failure.time) <= REMEDY_WITHIN


def _fused(found: Sequence[_Candidate]) -> list[_Candidate]:
    """Return the candidates by the sum of reciprocal ranks; of equals the newer first."""
    by_pattern = sorted((one for one in found if one.alike is not None), key=lambda one: -(one.alike or 0.0))
    place = {id(one): rank for rank, one in enumerate(by_pattern, start=1)}

    def score(one: _Candidate) -> float:
        # Where the cause is the same, words cannot say more.
        text = 1 if one.cause == _SAME else 1 + one.text_rank if one.text_rank is not None else None
        ranks = (one.cause, one.nearness, text, place.get(id(one)))
        return sum(1 / (_FUSION + rank) for rank in ranks if rank is not None)

    def newest(one: _Candidate) -> float:
        return one.case.time.timestamp() if one.case.time is not None else -math.inf

    return sorted(found, key=lambda one: (-score(one), -newest(one), one.case.machine, one.case.number))


def _cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float | None:
    """Return the cosine of two patterns of deviations; None where in one of them no sensor stands out."""
    if any(max((abs(value) for value in some.values()), default=0.0) < STANDS_OUT_SD for some in (one, other)):
        return None
    dot = sum(value * other.get(sensor, 0.0) for sensor, value in one.items())
    return dot / math.sqrt(sum(v * v for v in one.values()) * sum(v * v for v in other.values()))


def _summary(found: Sequence[_Candidate], currency: str, notes: list[str]) -> HistorySummary:
    """Return what the cases tell together; a cost or time of 0 means that nothing was booked and counts nowhere."""
    cases = [one.case for one in found]
    times = [case.time for case in cases if case.time is not None]
    costs: dict[str, list[float]] = {}
    for case in cases:
        if case.cost:
            costs.setdefault(case.currency, []).append(case.cost)
    chosen = currency if currency in costs else next(iter(costs), "") if len(costs) == 1 else currency
    others = sum(len(amounts) for paid_in, amounts in costs.items() if paid_in != chosen)
    spreads = {
        "downtime_h": Spread.of([case.downtime_h for case in cases if case.downtime_h]),
        "labour_h": Spread.of([case.labour_h for case in cases if case.labour_h]),
        "cost": Spread.of(costs.get(chosen, [])),
    }
    lacking = [name.removesuffix("_h") for name, spread in spreads.items() if spread is None]
    told = [f"Not recorded: {' and '.join(lacking)}."] if cases and lacking else []
    if cases and any(spread is not None and spread.count < ENOUGH_CASES for spread in spreads.values()):
        told.append(f"Fewer than {ENOUGH_CASES} cases are not enough evidence for a typical figure.")
    if others:
        told.append(f"{others:,} cost{'s' if others > 1 else ''} in another currency left out.")
    return HistorySummary(
        cases=len(cases),
        of_machine=sum(one.nearness == 1 for one in found),
        of_type=sum(one.nearness == 2 for one in found),
        first=min(times, default=None),
        last=max(times, default=None),
        currency=chosen if spreads["cost"] else "",
        notes=(*told, *notes),
        **spreads,
    )


def _notes(
    profile: MachineProfile,
    mode: str,
    ranked: Sequence[_Candidate],
    telling: Sequence[_Candidate],
    no_fault: Sequence[PastWork],
) -> list[str]:
    notes = []
    if telling and telling[0].cause != _SAME and mode != UNKNOWN_MODE:
        notes.append("None of them names this cause: they are similar by words or sensors only.")
    chosen = {id(one) for one in telling}
    weak = [one for one in ranked if id(one) not in chosen]
    if weak:
        alike = sum(one.nearness < _OTHER_KIND for one in weak)
        where = f", {alike:,} of them on this kind of machine," if alike else " on other kinds of machines"
        verbs = ("are", "count") if len(weak) > 1 else ("is", "counts")
        notes.append(
            f"{len(weak):,} more{where} {verbs[0]} similar by words or sensors only and {verbs[1]} in no figure."
        )
    alarms = sum(order.failure_code == mode and order.machine_id == profile.machine_id for order in no_fault)
    if alarms:
        notes.append(f"{alarms:,} order{'s' if alarms > 1 else ''} for the same cause on this machine found no fault.")
    return notes
