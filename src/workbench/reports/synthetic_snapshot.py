"""Reads from a workspace what the report on a synthetic set shows."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from workbench.domain.synthetic_sets import FLEET
from workbench.errors import InputError
from workbench.store.synthetic_files import read_rows

from .content.synthetic_data import SyntheticDossier
from .snapshot import snapshot_of

if TYPE_CHECKING:
    from workbench.workspace import Workspace


def synthetic_dossier(ws: Workspace, set_id: str) -> SyntheticDossier:
    """Return a synthetic set with its rows, and the seed data that its synthesizer learned from.

    Raises:
        InputError: no set is named.
        NotFound: there is no such set; close matches are named.
        CorruptArtifact: a file is missing or was changed.
    """
    import pandas as pd

    if not set_id:
        known = ", ".join(f"{one.set_id} ({one.kind} of {one.scope})" for one in ws.synthetic_sets.all()[:8])
        raise InputError("No synthetic set is named.", f"Set set_id to one of: {known or 'none is made yet'}.")
    chosen = ws.synthetic_sets.get(set_id)
    synthesizer = ws.synthesizers.find(chosen.synthesizer_id) if chosen.synthesizer_id else None
    learned = [ws.synthetic_sets.get(one) for one in synthesizer.learned_from] if synthesizer else [chosen]
    rows = []
    for one in learned:
        frame = read_rows(ws.path, one)
        # Two sets of one machine number their lives alike.
        frame[one.columns.unit] = frame[one.columns.unit] + f"_{one.set_id[:8]}"
        rows.append(frame.assign(machine_type=ws.machines.get(one.machines[0]).machine_type))
    content = "\n".join(file.sha256 for file in chosen.files.values())
    fleet = snapshot_of(ws, ws.as_of(), [], [])
    return SyntheticDossier(
        fleet=replace(fleet, data_hash=hashlib.sha256(content.encode()).hexdigest(), simulated=True),
        known=chosen,
        seed=chosen.alike(pd.concat(rows, ignore_index=True)[list(chosen.columns.used)]),
        made=read_rows(ws.path, chosen) if synthesizer else None,
        synthesizer=synthesizer,
        profile=None if chosen.scope == FLEET else ws.machines.get(chosen.scope),
    )
