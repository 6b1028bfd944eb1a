"""The drift watch (ML6): recent inputs of every active model against those that it was trained on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from workbench.domain.base import Actor, stable_id
from workbench.domain.models import DriftReport, SensorDrift
from workbench.domain.predictions import ModelVersion
from workbench.errors import InputError, NotFound
from workbench.workflows.score import bundle_of, versions_for

if TYPE_CHECKING:
    from workbench.ml import Bundle, Samples
    from workbench.workspace import Workspace

DAYS = 30.0


def drift(
    ws: Workspace,
    *,
    days: float = DAYS,
    as_of: datetime | None = None,
    actor: Actor | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> list[DriftReport]:
    """Compare the last ``days`` of every active model's inputs with its training, record the reports and return them.

    Each report says for every sensor (for a fleet's model: every quantity) how far it moved, by PSI and KS distance,
    minding how many features are looked at and how far the training record itself used to wander, and which machines
    moved most. Raises ``InputError`` for days that are not positive, ``NotFound`` when no model is active.
    """
    if not days > 0:
        raise InputError(f"days = {days:g} cannot be used.", "Give days above 0.")
    at = as_of or ws.as_of()
    active = [version for version in ws.models.active() if version.as_of <= at]
    if not active:
        raise NotFound("No model is active, so there is nothing to compare with.", "Train first: workbench train")
    answering = {machine_id: versions_for(ws, machine_id, at).values() for machine_id in ws.machines.ids()}
    features: dict[tuple[str, int, tuple[str, ...]], Samples | None] = {}
    reports = []
    for number, version in enumerate(active):
        if progress:
            progress(number / len(active), f"inputs of {version.task} ({version.scope})")
        bundle = bundle_of(ws, version)
        # As thinned as in training, so that neighbours resemble each other as much as there.
        every = int(version.parameters.get("every") or 1)
        served = tuple(name for name, versions in answering.items() if version.version_id in versions)
        key = (bundle.spec.key, every, served)
        if key not in features:
            features[key] = _recent(ws, bundle, served, at, days, every)
        reports.append(_report(ws, version, features[key], at, days))
    with ws.transaction() as tx:
        change = tx.change("drift watched", actor)
        for report in reports:
            tx.drift_reports.add(report, change)
    return reports


def _recent(
    ws: Workspace, bundle: Bundle, served: tuple[str, ...], at: datetime, days: float, every: int
) -> Samples | None:
    """Return every ``every``-th running row of the last ``days`` of the machines that a model serves, as it sees them.

    None where none of them ran.
    """
    import numpy as np
    import pandas as pd

    from workbench.errors import NotEnoughData
    from workbench.ml import samples
    from workbench.ml.arrays import nanoseconds
    from workbench.ml.cadence import hourly

    machines = [ws.machine_data(machine_id, at) for machine_id in served]
    chosen = [hourly(m) for m in machines if len(m.telemetry) and m.profile.life_unit is bundle.spec.life_unit]
    try:
        found = samples(chosen, bundle.spec, every=every)
    except NotEnoughData:
        return None
    start = nanoseconds(pd.DatetimeIndex([at - timedelta(days=days)]))[0]
    return found.take(np.flatnonzero(found.time > start))


def _report(ws: Workspace, version: ModelVersion, recent: Samples | None, at: datetime, days: float) -> DriftReport:
    from workbench.ml.drift import LEAST_ROWS, measure

    evaluation = ws.evaluations.find(version.version_id)
    rows = 0 if recent is None else len(recent.time)
    sensors: tuple[SensorDrift, ...] = ()
    lacks = ""
    if evaluation is None:
        lacks = "the version has no training reference; train it again"
    elif not evaluation.reference:
        lacks = "its inputs are symptoms, which move with every fault; watch the drift of the other models instead"
    elif recent is None or rows < LEAST_ROWS:
        lacks = f"{rows} of {LEAST_ROWS} running readings needed"
    else:
        sensors = measure(evaluation.reference, recent.X, recent.groups)
    moved = [one for one in sensors if one.level != "none"]
    note = (
        f"not enough evidence: {lacks}"
        if lacks
        else f"{len(moved)} of {len(sensors)} inputs have moved: {', '.join(f'{one.sensor} ({one.level})' for one in moved)}"
        if moved
        else f"none of {len(sensors)} inputs has moved from training"
    )
    return DriftReport(
        drift_id=stable_id("drift", version.version_id, at.isoformat(), days, ws.data_hash(as_of=at)),
        version_id=version.version_id,
        task=version.task,
        scope=version.scope,
        as_of=at,
        start=at - timedelta(days=days),
        machines=0 if recent is None else len(set(recent.groups)),
        rows=rows,
        enough=not lacks,
        sensors=sensors,
        note=note,
    )
