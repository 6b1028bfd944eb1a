"""Criticality classes of a fleet by expected annual loss and hazards: a proposal with its reason (Z2)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import gammaincinv

from workbench.domain.criticality import Letter, MachineCriticality
from workbench.domain.equipment import MachineProfile
from workbench.domain.kpis import LEVEL
from workbench.domain.money import money_text

from .fmeca import Judged
from .fmeca_hazards import SAFETY_RANK
from .kpis_time import Floats

DRAWS = 1_000
A_SHARE, B_SHARE = 0.8, 0.95
RULE = (
    f"A: machines that cost more than the average one, of the costliest that together make {100 * A_SHARE:.0f} % of the expected loss a "
    f"year; C: the cheapest, that make the last {100 * (1 - B_SHARE):.0f} %, unless a failure may harm people; B: all others. Loss: "
    "failures a year x cost of one, summed over failure modes, as the machines are maintained now."
)
# Machines alike have equal losses but for rounding; they belong to one class.
_EQUAL = 1e-9


def assess_fleet(
    machines: Sequence[tuple[MachineProfile, Sequence[Judged], float]],
    *,
    currency: str,
    seed: int,
) -> tuple[MachineCriticality, ...]:
    """Return every machine with the class that is proposed for it, the costliest first.

    Args:
        machines: Profile, failure modes and operating hours a year of each machine.
        currency: Of the workspace.
        seed: Of the draws from the rates' distributions, by which the intervals and the agreement are told. Machines of one type
            share the draw of a mode, for their rates rest on the same record.
    """
    if not machines:
        return ()
    drawn = _draws(machines, seed)
    losses = np.array([float(sum(one.effect.cost_per_year for one in modes)) for _, modes, _ in machines])
    harmful = np.array([any(one.effect.severity >= SAFETY_RANK for one in modes) for _, modes, _ in machines])
    classes = classify(losses[None, :], harmful)[0]
    agreement = (classify(drawn, harmful) == classes).mean(axis=0)
    order = sorted(range(len(machines)), key=lambda index: (-losses[index], machines[index][0].machine_id))
    total = float(losses.sum()) or 1.0
    cumulative = np.cumsum(losses[order]) / total
    tails = 50 * (1 - LEVEL), 100 - 50 * (1 - LEVEL)
    found = []
    for place, index in enumerate(order):
        profile, modes, _ = machines[index]
        low, high = np.percentile(drawn[:, index], tails)
        letter = _LETTERS[classes[index]]
        share = float(losses[index]) / total
        found.append(
            MachineCriticality(
                machine_id=profile.machine_id,
                title=profile.title,
                site_id=profile.site_id,
                machine_type=profile.machine_type,
                current=profile.criticality,
                proposed=letter,
                reason=_reason(letter, modes, share, float(cumulative[place]) - share, currency),
                loss_per_year=round(losses[index]),
                loss_per_year_95=(round(low), round(high)),
                loss_lacks=next((one.effect.cost_lacks for one in modes if one.effect.cost_lacks), ""),
                share=share,
                cumulative=float(cumulative[place]),
                agreement=float(agreement[index]),
                hazards=tuple(dict.fromkeys(words for one in modes for words in one.effect.hazards)),
            )
        )
    return tuple(found)


_LETTERS: tuple[Letter, Letter, Letter] = ("A", "B", "C")


def classify(losses: Floats, harmful: np.ndarray) -> np.ndarray:
    """Return the class of each machine (0 A, 1 B, 2 C) in each row of ``losses`` by the rule; equal losses are one class.

    >>> classify(np.array([[70.0, 20.0, 6.0, 4.0]]), np.array([False, False, False, False])).tolist()
    [[0, 1, 1, 2]]
    >>> classify(np.array([[70.0, 20.0, 6.0, 4.0], [5.0, 5.0, 5.0, 5.0]]), np.array([False, False, False, True])).tolist()
    [[0, 1, 1, 1], [1, 1, 1, 1]]
    """
    order = np.argsort(-losses, axis=1, kind="stable")
    ranked = np.take_along_axis(losses, order, axis=1)
    total = ranked.sum(axis=1, keepdims=True)
    # Share of all costlier machines: the one that crosses a bound still belongs to the class, and so do its equals.
    before = (np.cumsum(ranked, axis=1) - ranked) / np.where(total > 0, total, 1.0)
    costlier = np.diff(ranked, axis=1, prepend=np.inf) < -_EQUAL * ranked
    places = np.arange(ranked.shape[1])[None, :]
    first = np.maximum.accumulate(np.where(costlier, places, 0), axis=1)
    before = np.take_along_axis(before, first, axis=1)
    above_average = ranked * ranked.shape[1] > total * (1 + _EQUAL)
    placed = np.where(above_average & (before < A_SHARE), 0, np.where(before < B_SHARE, 1, 2))
    placed = np.where(ranked > 0, placed, 2)
    classes = np.empty_like(placed)
    np.put_along_axis(classes, order, placed, axis=1)
    return np.where(harmful, np.minimum(classes, 1), classes)


def _draws(machines: Sequence[tuple[MachineProfile, Sequence[Judged], float]], seed: int) -> Floats:
    """Return drawn annual losses, one row a draw, one column a machine."""
    keys = sorted({(profile.machine_type, one.effect.mode) for profile, modes, _ in machines for one in modes})
    uniform = dict(zip(keys, np.random.default_rng(seed).random((len(keys), DRAWS)), strict=True))
    losses = np.zeros((DRAWS, len(machines)))
    for column, (profile, modes, hours) in enumerate(machines):
        for one in modes:
            rates = gammaincinv(one.rate.shape, uniform[profile.machine_type, one.effect.mode]) / one.rate.rate_h
            losses[:, column] += rates * hours * one.effect.cost_per_failure
    return losses


def _reason(letter: Letter, modes: Sequence[Judged], share: float, costlier: float, currency: str) -> str:
    """Return why in words; ``costlier`` is the share of all machines that cost more."""
    if not modes:
        return "no failure mode in the profile, so nothing is expected"
    worst = modes[0].effect
    words = (
        f"{100 * share:.1f} % of all losses, most by {worst.title.lower()}: {worst.failures_per_year:.2g} a year x "
        f"{money_text(worst.cost_per_failure, currency)}"
    )
    harm = next((one.effect.hazards[0] for one in modes if one.effect.severity >= SAFETY_RANK), "")
    if not harm:
        return words
    raised = "at least B, for a failure" if letter == "B" and costlier >= B_SHARE else "a failure"
    return f"{words}; {raised} may harm people: {harm}"
