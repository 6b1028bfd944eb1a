"""The twin of one machine: calibrated to its readings, synchronised with the last ones, run into its future."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from workbench import analytics
from workbench.catalog.fleet import parse_items
from workbench.domain.anomalies import AnomalyHistory
from workbench.domain.equipment import MachineProfile
from workbench.domain.predictions import Evidence
from workbench.domain.prognosis import Alternative, Prognosis, TwinCalibration, WhatIf
from workbench.domain.progress import untold
from workbench.errors import InputError, NotEnoughData
from workbench.twin.calibration import calibrate, twin_hash
from workbench.twin.particle_filter import Synchronised
from workbench.twin.prognosis import lacking_evidence, modes_seen, predict_life, question_faults
from workbench.twin.state_model import twin_of
from workbench.twin.synchronisation import sound_residuals, synchronise
from workbench.twin.what_if import Prices, compare_alternatives
from workbench.workflows.onboard import read_text

from .current import lived_twin
from .record import TwinRecord, read_record

if TYPE_CHECKING:
    import pandas as pd

    from workbench.workspace import Workspace

HORIZON_H, SAMPLES = 2000.0, 1000
# Readings that the twin is synchronised with.
WINDOW_DAYS = 14
# Price of energy in minor units per kWh, where nobody gives one.
ENERGY_PRICE = 12.0
# Share of the record that is taken as sound to calibrate anomaly detection by.
FIRST_SHARE = 0.3


def calibrate_twin(
    ws: Workspace, machine_id: str, *, parameters: Sequence[str] | None = None, as_of: datetime | None = None
) -> TwinCalibration:
    """Fit the machine's twin to its own sound running hours; record the result, which later answers of the twin rest on.

    Hours before a failure or a replacement, by the P-F interval of its mode, do not count as sound, nor do the newest
    ones as long as nobody knows what comes of them. ``parameters`` (``component.parameter``): default those in which
    machines of the class differ. The answer names the ones that readings cannot tell.

    Raises:
        NotFound: there is no such machine.
        InputError: parameters that its twin does not have or that cannot be sought, all at once.
    """
    record = read_record(ws, machine_id, as_of)
    made = calibrate(
        record.model,
        record.profile,
        record.observed,
        record.sound,
        as_of=record.as_of,
        data_hash=record.data_hash,
        parameters=parameters,
    )
    ws.twin_calibrations.add(made, ws.change("calibration of the digital twin"))
    return made


def twin_residuals(ws: Workspace, machine_id: str, *, as_of: datetime | None = None) -> pd.DataFrame:
    """Return reading minus what the calibrated twin reads when sound: column ``time`` and one per sensor, NaN while it stands.

    Load, surroundings and inertia are taken out; what is left is noise and damage. Raises ``NotFound``.
    """
    record = read_record(ws, machine_id, as_of)
    return sound_residuals(record.model, record.observed, _calibration(ws, record))


def twin_anomalies(ws: Workspace, machine_id: str, *, as_of: datetime | None = None) -> AnomalyHistory:
    """Return episodes in which the machine differed from its twin, by the anomaly engine's detector on the residuals.

    The detector learns from the first 30 % of the record. Raises ``NotFound``.
    """
    from workbench.ml.anomaly import RecordDetector

    residuals = twin_residuals(ws, machine_id, as_of=as_of)
    at = as_of or ws.as_of()
    seen = residuals.drop(columns="time").notna()
    kept = residuals.loc[seen.any(axis=1), ["time", *seen.columns[seen.any()]]].reset_index(drop=True)
    start = kept["time"].iloc[0].to_pydatetime() if len(kept) else at
    told = {"machine_id": machine_id, "start": start, "end": at, "detector": "twin"}
    try:
        detector = RecordDetector().fit(kept.iloc[: int(FIRST_SHARE * len(kept))])
    except (NotEnoughData, InputError) as lack:
        return AnomalyHistory(**told, evidence=Evidence(enough=False, reasons=(lack.what,)))
    return AnomalyHistory(
        **told,
        evidence=Evidence(enough=True),
        threshold=detector.threshold,
        judged=int(np.isfinite(detector.score(kept)).sum()),
        episodes=detector.episodes(kept),
    )


def twin_prognosis(
    ws: Workspace,
    machine_id: str,
    *,
    horizon_h: float = HORIZON_H,
    samples: int = SAMPLES,
    seed: int | None = None,
    as_of: datetime | None = None,
) -> Prognosis:
    """Return the twin's distribution of the life left, in operating hours, and each failure mode's probability.

    The twin (calibrated, where ``calibrate_twin`` was called) is synchronised with the last 14 days of readings and run on
    under load drawn from the machine's own past. Where it says nothing of this machine, the answer says why. It is a second
    opinion beside ``predict``, which learned from failures on record.

    Raises:
        NotFound: there is no such machine.
        InputError: horizon or number of samples out of range, all at once.
    """
    _check(machine_id, horizon_h, samples)
    record = read_record(ws, machine_id, as_of)
    seed = ws.settings.seed if seed is None else seed
    calibration = _calibration(ws, record)
    now = _synchronised(ws, record, calibration, samples, seed)
    return predict_life(
        record.model, record.profile, now, record.observed, as_of=record.as_of, horizon_h=horizon_h, seed=seed,
        calibration=calibration,
    )  # fmt: skip


def what_if(
    ws: Workspace,
    machine_id: str,
    alternatives: Sequence[Alternative] | None = None,
    *,
    horizon_h: float = HORIZON_H,
    samples: int = SAMPLES,
    energy_price: float = ENERGY_PRICE,
    seed: int | None = None,
    as_of: datetime | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> WhatIf:
    """Return what alternatives gain: life, energy, money; default: as it is, load -20 %, repair now, better cooling.

    All run on the same samples, load and noise. ``energy_price``: minor units per kWh. Nothing in the workspace changes.

    Raises:
        NotFound: there is no such machine.
        InvalidDocument: everything that is wrong with the question at once.
    """
    _check(machine_id, horizon_h, samples)
    record = read_record(ws, machine_id, as_of)
    seed = ws.settings.seed if seed is None else seed
    calibration = _calibration(ws, record)
    now = _synchronised(ws, record, calibration, samples, seed)
    return compare_alternatives(
        record.model,
        record.profile,
        now,
        record.observed,
        alternatives,
        prices=_prices(ws, record.profile, energy_price),
        as_of=record.as_of,
        horizon_h=horizon_h,
        seed=seed,
        calibration=calibration,
        progress=progress or untold,
    )


def read_alternatives(path: Path | str) -> tuple[Alternative, ...]:
    """Return the alternatives of a YAML or JSON file; raises ``InvalidDocument`` that lists every fault with its line."""
    return parse_items(Alternative, read_text(Path(path)), where=str(path))


def _check(machine_id: str, horizon_h: float, samples: int) -> None:
    faults = question_faults(horizon_h, samples)
    if faults:
        raise InputError(f"The twin of {machine_id} cannot look ahead: {'; '.join(faults)}.", "Correct each of them.")


def _calibration(ws: Workspace, record: TwinRecord) -> TwinCalibration | None:
    return ws.twin_calibrations.latest(record.profile.machine_id, twin_hash(record.model), record.as_of)


def _synchronised(
    ws: Workspace, record: TwinRecord, calibration: TwinCalibration | None, samples: int, seed: int
) -> Synchronised:
    steps = round(24 * WINDOW_DAYS / record.observed.step_h)
    first = max(len(record.observed.time) - steps, record.last_renewal)
    recent = record.observed.part(min(first, max(len(record.observed.time) - 1, 0)))
    lived = lived_twin(ws, record.profile.machine_id, as_of=record.as_of).state
    return synchronise(
        record.model, recent, samples=samples, seed=seed, calibration=calibration, lived=lived, renewed=record.renewed
    )


def calibrated_now(
    ws: Workspace, machine_id: str, *, as_of: datetime | None, samples: int
) -> tuple[Synchronised | None, tuple[str, ...]]:
    """Return machines that explain the last readings of a calibrated one; None where none do, with the reasons.

    There is no reason where nobody has calibrated the twin.
    """
    digest = twin_hash(twin_of(ws.machines.get(machine_id)))
    calibration = ws.twin_calibrations.latest(machine_id, digest, as_of or ws.as_of())
    if calibration is None:
        return None, ()
    record = read_record(ws, machine_id, as_of)
    now = _synchronised(ws, record, calibration, samples, ws.settings.seed)
    reasons = lacking_evidence(record.profile, now, modes_seen(record.model, record.observed))
    return (None, reasons) if reasons else (now, ())


def _prices(ws: Workspace, profile: MachineProfile, energy_price: float) -> Prices:
    """Return what failures and repairs cost, as the analytics reckon them."""
    parts, people = {part.part_id: part for part in ws.parts.all()}, ws.technicians.all()
    failure, planned = {}, {}
    for mode in profile.failure_modes:
        remedy = analytics.remedy_for(profile, mode.name, people)
        rate = analytics.labour_rate(remedy.resources.skill, profile.site_id, people)
        failed, repaired = (
            cost(remedy, profile.economics, parts=parts, rate=rate, currency=ws.settings.currency)
            for cost in (analytics.cost_to_failure, analytics.cost_when_planned)
        )
        failure[mode.name], planned[mode.name] = failed.total, repaired.total
    return Prices(energy_price, failure, planned, profile.economics.production_loss_per_h)
