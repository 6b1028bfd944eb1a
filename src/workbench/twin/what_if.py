"""What-if: other ways to treat a machine, side by side on the same random numbers: gained life, energy, cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from workbench.domain.base import Minor
from workbench.domain.composition import OUTSIDE
from workbench.domain.equipment import MachineProfile
from workbench.domain.predictions import Evidence
from workbench.domain.prognosis import Alternative, AlternativeResult, TwinCalibration, WhatIf
from workbench.domain.progress import Progress, untold
from workbench.errors import InvalidDocument

from .future import Future, simulate_future
from .model import TwinModel
from .observed import Observed
from .particle_filter import Synchronised
from .prognosis import caveats, lacking_evidence, life_interval, modes_seen, question_faults
from .run import signal_ranges

# A part with this much damage (median of the samples) is worth renewing.
REPAIRED_FROM = 0.05
LESS_LOAD, MORE_COOLING = 0.8, 1.3
_BAND = (0.05, 0.95)


@dataclass(frozen=True)
class Prices:
    """What things cost, in minor units: energy, a mode's failure and its planned repair, an hour without any output."""

    energy_per_kWh: float  # noqa: N815 - units are spelt as they are everywhere
    failure: Mapping[str, Minor] = field(default_factory=dict)
    planned: Mapping[str, Minor] = field(default_factory=dict)
    output_per_h: Minor = 0


def usual_alternatives(model: TwinModel, now: Synchronised) -> tuple[Alternative, ...]:
    """Return what is asked of most machines: as it is, a fifth less load, repair now, better cooling where that acts.

    Repaired is each mode whose damage shows; where none does, the one with the most.
    """
    damage = {mode: float(np.median(values)) for mode, values in now.damage.items()}
    worn = tuple(mode for mode, value in damage.items() if value >= REPAIRED_FROM)
    if not worn:
        mean = {mode: float(np.mean(values)) for mode, values in now.damage.items()}
        worn = (max(mean, key=lambda mode: mean[mode]),)
    named = ", ".join(mode.replace("_", " ") for mode in worn)
    found = [
        Alternative(name="as_it_is", title="As it is"),
        Alternative(name="less_load", title="Load 20 % lower", signals={"load": LESS_LOAD}),
        Alternative(name="repair_now", title=f"Repaired now: {named}", repair=worn),
    ]
    if _reads(model, "cooling"):
        found.append(Alternative(name="better_cooling", title="Cooling 30 % better", signals={"cooling": MORE_COOLING}))
    return tuple(found)


def alternative_faults(model: TwinModel, alternatives: Sequence[Alternative]) -> list[str]:
    """List everything that is wrong with alternatives for this machine, in words."""
    faults = [] if alternatives else ["no alternative is given"]
    names = [one.name for one in alternatives]
    faults += [f"alternative {name!r} is given twice" for name in sorted({n for n in names if names.count(n) > 1})]
    signals, ranges = {**OUTSIDE, **model.free_inputs}, signal_ranges(model)
    for one in alternatives:
        for name, factor in one.signals.items():
            if name not in signals or not _reads(model, name):
                faults.append(f"{one.name}: nothing in this machine reads {name!r}")
            elif not ranges[name][0] <= factor * signals[name] <= ranges[name][1]:
                low, high = ranges[name]
                faults.append(f"{one.name}: factor {factor:g} on {name} leaves its range, {low:g} to {high:g}")
        for name, factor in one.parameters.items():
            declared = model.declared.get(name)
            if declared is None:
                faults.append(f"{one.name}: there is no parameter {name!r}")
            elif not declared.low <= factor * model.defaults[name] <= declared.high:
                faults.append(
                    f"{one.name}: {name} would be {factor * model.defaults[name]:g} {declared.unit}; "
                    f"physics allows {declared.low:g} to {declared.high:g}"
                )
        faults += [
            f"{one.name}: there is no failure mode {mode!r}; there are: {', '.join(model.composition.modes)}"
            for mode in one.repair
            if mode not in model.composition.modes
        ]
    return faults


def compare_alternatives(
    model: TwinModel,
    profile: MachineProfile,
    now: Synchronised,
    past: Observed,
    alternatives: Sequence[Alternative] | None = None,
    *,
    prices: Prices,
    as_of: datetime,
    horizon_h: float,
    seed: int,
    calibration: TwinCalibration | None = None,
    progress: Progress = untold,
) -> WhatIf:
    """Run each alternative (default: ``usual_alternatives``) on the samples of ``now`` with the same load and noise.

    Differences are taken sample by sample, so that chance, which all share, drops out (common random numbers). A failure
    is counted once: what is repaired after it is new and no longer the question. Output is taken to follow the load.

    Raises:
        InvalidDocument: everything that is wrong with the question at once.
    """
    chosen = usual_alternatives(model, now) if alternatives is None else tuple(alternatives)
    faults = [*question_faults(horizon_h, now.state.shape[0]), *alternative_faults(model, chosen)]
    if not prices.energy_per_kWh >= 0:
        faults.append(f"the price of energy is {prices.energy_per_kWh:g}; give 0 or more")
    if faults:
        raise InvalidDocument(f"What the twin of {profile.machine_id} was asked", faults)
    seen = modes_seen(model, past)
    reasons = lacking_evidence(profile, now, seen)
    said = WhatIf(
        machine_id=profile.machine_id,
        as_of=as_of,
        horizon_h=horizon_h,
        samples=now.state.shape[0],
        seed=seed,
        evidence=Evidence(enough=not reasons, reasons=reasons),
        calibration_id="" if calibration is None else calibration.calibration_id,
    )
    if reasons:
        return said
    results: list[AlternativeResult] = []
    reference: Future | None = None
    for number, one in enumerate(chosen):
        progress(number / len(chosen), one.title)
        future = simulate_future(model, profile, now, past, horizon_h=horizon_h, seed=seed, alternative=one)
        reference = reference or future
        made = _result(model, one, future, reference, prices, horizon_h)
        results.append(made.model_copy(update={"saved": results[0].total_cost - made.total_cost}) if results else made)
    notes = [*caveats(seen, calibration), "what a lower load costs is reckoned as output that follows the load"]
    return said.model_copy(update={"results": tuple(results), "notes": tuple(notes)})


def _result(
    model: TwinModel, one: Alternative, future: Future, reference: Future, prices: Prices, horizon_h: float
) -> AlternativeResult:
    gained = future.life_h - reference.life_h
    modes = {mode: future.share(mode) for mode in model.composition.modes}
    power = None if future.power_kW is None else float(future.power_kW.mean())
    energy_cost = None if power is None else round(power * horizon_h * prices.energy_per_kWh)
    failure_cost = round(sum(share * prices.failure.get(mode, 0) for mode, share in modes.items()))
    repair_cost = sum(prices.planned.get(mode, 0) for mode in one.repair)
    less = max(1.0 - one.signals.get("load", 1.0), 0.0)
    lost = round(less * horizon_h * prices.output_per_h)
    return AlternativeResult(
        alternative=one,
        remaining_useful_life_h=life_interval(future, horizon_h),
        failure_probability=1.0 - future.share(""),
        modes=modes,
        gained_life_h=float(gained.mean()),
        gained_life_90=tuple(np.quantile(gained, _BAND).tolist()),
        power_kW=power,
        energy_kWh=None if power is None else power * horizon_h,
        energy_cost=energy_cost,
        failure_cost=failure_cost,
        repair_cost=repair_cost,
        lost_output_cost=lost,
        total_cost=(energy_cost or 0) + failure_cost + repair_cost + lost,
        saved=0,
    )


def _reads(model: TwinModel, signal: str) -> bool:
    return any(source == signal for part in model.parts for _, source, _ in part.wires)
