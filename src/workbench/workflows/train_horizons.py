"""How far ahead models look: far enough to order the critical parts of the machines that they are of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.domain.equipment import LifeUnit
from workbench.domain.predictions import ModelVersion

if TYPE_CHECKING:
    from workbench.workspace import Workspace


def critical_lead_times(ws: Workspace) -> dict[str, float]:
    """Return the longest lead time in hours of the critical parts that a machine's repairs need, of machines that have any."""
    lead_time_h = {part.part_id: 24.0 * part.lead_time_days for part in ws.parts.all() if part.critical}
    found: dict[str, float] = {}
    for profile in ws.machines.all():
        needed = {need.part_id for mode in profile.failure_modes for need in mode.repair.parts} & set(lead_time_h)
        if needed:
            found[profile.machine_id] = max(lead_time_h[part] for part in needed)
    return found


def looks_far_enough(ws: Workspace, version: ModelVersion) -> bool:
    """Say whether a version looks as far ahead as one trained now would, by the parts that are critical now."""
    from workbench.ml import default_horizons
    from workbench.ml.spec import FLEET

    evaluation = ws.evaluations.find(version.version_id)
    if evaluation is None or evaluation.horizons is None:
        return True
    lead_time_h, unit = critical_lead_times(ws), LifeUnit(evaluation.life_unit)
    # The fleet's models are of the machines whose type has none of its own.
    own = {one.scope for one in ws.models.all() if one.data_hash == version.data_hash}
    longest = 0.0
    for profile in ws.machines.all():
        scope = f"type:{profile.machine_type}"
        if version.scope == (scope if scope in own else FLEET) and profile.life_unit is unit:
            longest = max(longest, lead_time_h.get(profile.machine_id, 0.0))
    return evaluation.horizons == default_horizons(unit, longest)
