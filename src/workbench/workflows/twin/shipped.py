"""Twin sections of embedded machines that an older release shipped, and what becomes of them with this one."""

from __future__ import annotations

from dataclasses import dataclass
from types import EllipsisType
from typing import TYPE_CHECKING

from pydantic import ValidationError

from workbench.domain.equipment import MachineProfile, TwinParameters

if TYPE_CHECKING:
    from workbench.workspace import Workspace

CATALOGUE = "embedded catalogue"
REFRESHED = "twin section of this release"


@dataclass(frozen=True)
class OlderTwins:
    """Machines whose twin section is not that of this release.

    ``unedited``: profiles as they would be with it; nobody has changed the section since a release wrote it.
    ``edited``: ids of those that somebody changed, or whose other sections the new one does not fit; they stay as they are.
    """

    unedited: tuple[MachineProfile, ...]
    edited: tuple[str, ...]


def older_twins(ws: Workspace) -> OlderTwins:
    """Compare the twin sections of the workspace's embedded machines with those that this release ships."""
    from workbench.catalog import load_catalogue

    shipped = {machine.machine_id: machine.twin for machine in load_catalogue().machines}
    unedited, edited = [], []
    for profile in ws.machines.all():
        machine_id = profile.machine_id
        if machine_id not in shipped or shipped[machine_id] == profile.twin:
            continue
        written = _written(ws, machine_id)
        if written is None:
            continue
        new = _with_twin(profile, shipped[machine_id]) if _twin_of(written) == profile.twin else None
        if new is None:
            edited.append(machine_id)
        else:
            unedited.append(new)
    return OlderTwins(tuple(unedited), tuple(edited))


def refresh_twins(ws: Workspace) -> str:
    """Give machines whose twin section nobody edited that of this release, as a new version; say in words what was done."""
    found = older_twins(ws)
    with ws.transaction() as tx:
        change = tx.change(REFRESHED)
        for profile in found.unedited:
            tx.machines.update(profile, change)
    said = []
    if found.unedited:
        count = len(found.unedited)
        said.append(
            f"{count} machine{'s have' if count > 1 else ' has'} the twin section of this release now; "
            "where a twin was calibrated, calibrate it again."
        )
    if found.edited:
        said.append(f"Twin sections that were edited stay as they are: {', '.join(found.edited)}.")
    return " ".join(said)


def _written(ws: Workspace, machine_id: str) -> str | None:
    """Return the profile that a release last wrote of a machine, as JSON; None: it is not of the catalogue."""
    return next(
        (
            entry.after
            for entry in ws.log.entries("machine", machine_id, limit=None)
            if entry.reason in (CATALOGUE, REFRESHED) and entry.action in ("added", "changed") and entry.after
        ),
        None,
    )


def _twin_of(written: str) -> TwinParameters | EllipsisType | None:
    """Return the twin section of a profile in the log; ``...`` where this release cannot read it any more."""
    try:
        return MachineProfile.model_validate_json(written).twin
    except ValidationError:
        return ...


def _with_twin(profile: MachineProfile, twin: TwinParameters | None) -> MachineProfile | None:
    """Return the profile with another twin section; None where that names sensors or modes that the profile lacks."""
    try:
        return MachineProfile.model_validate({**profile.model_dump(), "twin": twin})
    except ValidationError:
        return None
