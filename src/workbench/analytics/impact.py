"""Cost and downtime of running to failure and of a planned repair, each figure traceable to its inputs (A1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from workbench.domain.analysis import PRODUCTION_LOSS, CostItem, Impact, cost_text
from workbench.domain.base import Minor
from workbench.domain.equipment import TYPICAL, Economics, MachineProfile, Part, Technician
from workbench.domain.money import money_text, round_half_up, times

from .remedy import Remedy, remedy_for


@dataclass(frozen=True)
class LabourRate:
    """What an hour of labour costs, and whose rate it is; ``per_h`` is None when nobody's rate is known."""

    per_h: Minor | None
    basis: str


def labour_rate(skill: str, site_id: str, technicians: Sequence[Technician]) -> LabourRate:
    """Return the mean hourly rate of those who can do the work: at the site, else anywhere, else of everybody.

    Work that takes no skill can be done by everybody.
    """
    skilled = [person for person in technicians if not skill or skill in person.skills]
    local = [person for person in skilled if person.site_id == site_id]
    able = f" with {skill.replace('_', ' ')} skill" if skill else ""
    choices = (
        (local, f"{able} at {site_id}"),
        (skilled, able),
        (technicians, f" in the records, none{able}"),
    )
    for people, who in choices:
        if people:
            mean = round_half_up(Fraction(sum(person.cost_per_h for person in people), len(people)))
            count = "1 technician" if len(people) == 1 else f"mean of {len(people)} technicians"
            return LabourRate(mean, f"{count}{who}")
    return LabourRate(None, "no technician in the records, so the rate is unknown")


def cost_to_failure(
    remedy: Remedy, economics: Economics, *, parts: Mapping[str, Part], rate: LabourRate, currency: str
) -> Impact:
    """Return what it costs to run to failure: repair, unplanned downtime at full loss, secondary damage.

    Downtime is ``logistics_h`` + the repair's hours; how soon the machine fails changes none of it.
    """
    repair = _repair_items(remedy, parts, rate, currency)
    stop_h = remedy.resources.repair_h
    loss = CostItem(
        name=PRODUCTION_LOSS,
        amount=times(economics.production_loss_per_h, _sum(economics.logistics_h, stop_h)),
        inputs=f"{_stop_words(economics.logistics_h, stop_h)} x {_per_hour(economics, currency)}",
        known=loss_known(economics),
    )
    damage = CostItem(
        name="secondary damage",
        amount=remedy.secondary_damage,
        inputs=_damage_words(remedy),
    )
    return _impact(repair, loss, damage, _sum(economics.logistics_h, stop_h))


def cost_when_planned(
    remedy: Remedy, economics: Economics, *, parts: Mapping[str, Part], rate: LabourRate, currency: str
) -> Impact:
    """Return what the same work costs at a planned stop: less waiting, a share of the loss, no secondary damage."""
    repair = _repair_items(remedy, parts, rate, currency)
    stop_h = remedy.resources.repair_h
    share = economics.planned_loss_share
    down_h = _sum(economics.planned_logistics_h, stop_h)
    loss = CostItem(
        name=PRODUCTION_LOSS,
        amount=times(economics.production_loss_per_h, down_h, share),
        inputs=(
            f"{_stop_words(economics.planned_logistics_h, stop_h)} x {_per_hour(economics, currency)} "
            f"x {share:g} (share lost in a planned stop)"
        ),
        known=loss_known(economics),
    )
    damage = CostItem(name="secondary damage", amount=0, inputs="none: repaired before it fails")
    return _impact(repair, loss, damage, down_h)


def typical_failure(
    profile: MachineProfile,
    remedy: Remedy,
    *,
    parts: Mapping[str, Part],
    technicians: Sequence[Technician],
    currency: str,
) -> tuple[Impact, Minor]:
    """Return, for a failure whose cause is not known, its cost and that of the planned repair an inspection leads to.

    Both are means over the failure modes of the profile. Without any, the failure counts as a stop of
    the inspection's length, and no later repair is assumed.
    """
    if not profile.failure_modes:
        rate = labour_rate(remedy.resources.skill, profile.site_id, technicians)
        return cost_to_failure(remedy, profile.economics, parts=parts, rate=rate, currency=currency), 0
    failures, repairs = {}, []
    for mode in profile.failure_modes:
        known = remedy_for(profile, mode.name)
        rate = labour_rate(known.resources.skill, profile.site_id, technicians)
        failures[mode.name] = cost_to_failure(known, profile.economics, parts=parts, rate=rate, currency=currency)
        repairs.append(cost_when_planned(known, profile.economics, parts=parts, rate=rate, currency=currency).total)
    names = ", ".join(failures)

    each = list(failures.values())

    def mean(name: str, amounts: list[int], lacks: list[str]) -> CostItem:
        listed = ", ".join(cost_text(amount, lack, currency) for amount, lack in zip(amounts, lacks, strict=True))
        words = f"cause unknown: mean over {names} ({listed})"
        amount = round_half_up(Fraction(sum(amounts), len(amounts)))
        return CostItem(name=name, amount=amount, inputs=words, known=not any(lacks))

    loss_lacks = "" if loss_known(profile.economics) else PRODUCTION_LOSS
    impact = _impact(
        [mean("repair", [one.repair_cost for one in each], [one.repair_lacks for one in each])],
        mean(PRODUCTION_LOSS, [one.production_loss for one in each], [loss_lacks] * len(each)),
        mean("secondary damage", [one.secondary_damage for one in each], [""] * len(each)),
        sum(one.downtime_h for one in each) / len(each),
    )
    return impact, round_half_up(Fraction(sum(repairs), len(repairs)))


def _repair_items(remedy: Remedy, parts: Mapping[str, Part], rate: LabourRate, currency: str) -> list[CostItem]:
    items = []
    for part_id, quantity in remedy.resources.parts:
        part = parts.get(part_id)
        price = "price unknown: not in the parts records" if part is None else money_text(part.unit_cost, currency)
        amount = 0 if part is None else part.unit_cost * quantity
        words = f"{quantity} x {price}"
        name = f"part {part_id}" if part is None else part.title
        items.append(CostItem(name=name, amount=amount, inputs=words, known=part is not None))
    hours = remedy.resources.labour_h
    if rate.per_h is None:
        words = f"{hours:g} h, not priced: {rate.basis}"
        items.append(CostItem(name="labour", amount=0, inputs=words, known=False))
    else:
        words = f"{hours:g} h x {money_text(rate.per_h, currency)}/h ({rate.basis})"
        items.append(CostItem(name="labour", amount=times(rate.per_h, hours), inputs=words))
    tools = ", ".join(remedy.resources.tools) or "no special tools"
    items.append(CostItem(name="tools", amount=remedy.tool_cost, inputs=tools))
    return items


def _impact(repair: Sequence[CostItem], loss: CostItem, damage: CostItem, downtime_h: float) -> Impact:
    repair_cost = sum(item.amount for item in repair)
    return Impact(
        repair_cost=repair_cost,
        downtime_h=downtime_h,
        production_loss=loss.amount,
        secondary_damage=damage.amount,
        total=repair_cost + loss.amount + damage.amount,
        items=(*repair, loss, damage),
    )


def _sum(first: float, second: float) -> float:
    """Add hours as they are written, so that 4.4 h and 10 h are 14.4 h exactly."""
    return float(Fraction(repr(float(first))) + Fraction(repr(float(second))))


def _stop_words(logistics_h: float, stop_h: float) -> str:
    return f"{_sum(logistics_h, stop_h):g} h ({logistics_h:g} h logistics + {stop_h:g} h at the machine)"


def loss_known(economics: Economics) -> bool:
    """Say whether the profile gives a production loss: a zero counts as one only with a source of its own."""
    return economics.production_loss_per_h > 0 or economics.source != TYPICAL


def _damage_words(remedy: Remedy) -> str:
    if remedy.inspection:
        return "none assumed: the cause is not known"
    return f"damage to neighbouring parts when {remedy.named} runs to failure, from the profile"


def _per_hour(economics: Economics, currency: str) -> str:
    if not loss_known(economics):
        return "a loss per hour that the profile does not give"
    return f"{money_text(economics.production_loss_per_h, currency)}/h"
