"""Reads from a workspace what a model card shows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from workbench.errors import InputError

from .content.model_card import ModelDossier
from .snapshot import snapshot_of

if TYPE_CHECKING:
    from workbench.workspace import Workspace

MOST_EVENTS = 30


def model_dossier(ws: Workspace, version_id: str) -> ModelDossier:
    """Return all that is recorded of one model version.

    Raises:
        InputError: no version is named.
        NotFound: there is no such version; close matches are named.
    """
    if not version_id:
        known = ", ".join(f"{v.version_id} ({v.task})" for v in ws.models.active())
        raise InputError("No model version is named.", f"Set version to one of: {known or 'none is trained yet'}.")
    version = ws.models.get(version_id)
    fleet = snapshot_of(ws, ws.as_of(), [], [version])
    log = ws.log.entries("model_version", version_id, MOST_EVENTS)
    return ModelDossier(
        # The card is about the data that the version learned from, not about those of today.
        fleet=replace(fleet, data_hash=version.data_hash, simulated=version.simulated),
        version=version,
        evaluation=ws.evaluations.find(version_id),
        explanations=tuple(ws.model_explanations.of_model(version_id)),
        drift=next(iter(ws.drift_reports.of_version(version_id)), None),
        history=tuple((entry.at, entry.action, entry.actor, entry.reason) for entry in log),
    )
