"""From what chance of failure on planned work costs less than the risk: how alarms of a health model are judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.domain.predictions import UNKNOWN_MODE

if TYPE_CHECKING:
    from workbench.workspace import Workspace


def act_from(ws: Workspace) -> dict[str, float]:
    """Return, by machine, the probability of failure from which planned work costs less than the risk.

    It is what planned work costs over what a failure costs, both the mean of the profile's failure modes, as for a
    failure whose cause is not known yet. Machines of which no cost is known are left out.
    """
    from workbench import analytics

    parts, technicians = {part.part_id: part for part in ws.parts.all()}, ws.technicians.all()
    found = {}
    for profile in ws.machines.all():
        inspection = analytics.remedy_for(profile, UNKNOWN_MODE, technicians)
        failure, planned = analytics.typical_failure(
            profile, inspection, parts=parts, technicians=technicians, currency=ws.settings.currency
        )
        if planned > 0 and failure.total > 0:
            found[profile.machine_id] = min(planned / failure.total, 1.0)
    return found
