"""What work a diagnosis calls for: the repair of a known failure mode, or an inspection when the cause is not known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.domain.analysis import Resources
from workbench.domain.base import Minor
from workbench.domain.equipment import FailureMode, MachineProfile, Repair, Technician
from workbench.domain.predictions import UNKNOWN_MODE

INSPECTION_LABOUR_H = 2.0
INSPECTION_STOP_H = 1.0
INSPECTION_TOOLS = ("vibration meter", "infrared thermometer", "inspection lamp", "set of hand tools")
FALLBACK_SKILL = "inspection"


@dataclass(frozen=True)
class Remedy:
    """Work for one failure mode: resources, what its tools cost, and the damage done when it is left undone.

    ``inspection`` is true when no repair is known, so that the work is to find the cause.
    """

    mode: str
    title: str
    resources: Resources
    tool_cost: Minor
    secondary_damage: Minor
    inspection: bool

    @property
    def named(self) -> str:
        """The title as it stands within a sentence; one that begins with an abbreviation keeps its capitals."""
        return self.title if self.title[1:2].isupper() else f"{self.title[:1].lower()}{self.title[1:]}"


def remedy_for(profile: MachineProfile, mode: str, technicians: Sequence[Technician] = ()) -> Remedy:
    """Return the work that ``mode`` calls for.

    An unknown mode, or one for which the profile describes no repair, gives an inspection without
    parts: the skill is the one that repairs of this machine need most often, else the one that most
    technicians have.
    """
    known = profile.failure_mode(mode)
    if known is not None:
        return _repair_of(known)
    title = "cause unknown" if mode == UNKNOWN_MODE else mode.replace("_", " ")
    resources = Resources(
        skill=_inspection_skill(profile, technicians),
        technicians=1,
        labour_h=INSPECTION_LABOUR_H,
        repair_h=INSPECTION_STOP_H,
        tools=INSPECTION_TOOLS,
    )
    return Remedy(mode, title, resources, tool_cost=0, secondary_damage=0, inspection=True)


def _repair_of(mode: FailureMode) -> Remedy:
    repair = mode.repair
    return Remedy(
        mode=mode.name,
        title=mode.title,
        resources=_resources(repair),
        tool_cost=repair.tool_cost,
        secondary_damage=mode.secondary_damage,
        inspection=False,
    )


def _resources(repair: Repair) -> Resources:
    return Resources(
        skill=repair.skill,
        technicians=repair.technicians,
        labour_h=repair.labour_h,
        repair_h=repair.repair_h,
        parts=tuple((need.part_id, need.quantity) for need in repair.parts),
        tools=repair.tools,
    )


def _inspection_skill(profile: MachineProfile, technicians: Sequence[Technician]) -> str:
    needed = Counter(mode.repair.skill for mode in profile.failure_modes)
    if needed:
        return needed.most_common(1)[0][0]
    held = Counter(skill for person in technicians for skill in sorted(person.skills))
    return max(sorted(held), key=lambda skill: held[skill]) if held else FALLBACK_SKILL
