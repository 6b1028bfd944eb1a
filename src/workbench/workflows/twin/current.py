"""Where hours and load have brought a machine's twin: from new parts at the record's start and at each replacement.

The replacement of a part begins the life of that part anew, that of the whole machine its operating hours too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.domain.composition import OUTSIDE
from workbench.domain.equipment import MachineProfile
from workbench.domain.observations import WHOLE_MACHINE, EventKind, MachineData
from workbench.domain.predictions import UNKNOWN_MODE
from workbench.domain.twin import TwinHealth
from workbench.twin.health import twin_health as read_twin_health
from workbench.twin.injection import renew, renew_all
from workbench.twin.model import TwinModel
from workbench.twin.run import LIMITS, run_twin
from workbench.twin.state_model import USUAL_AMBIENT_C, twin_of, usual_load
from workbench.twin.streams import Floats

if TYPE_CHECKING:
    import pandas as pd

    from workbench.twin.model import Samples
    from workbench.workspace import Workspace

HOURS_PER_YEAR = 8766.0
MOST_STEPS, LONGEST_STEP_H = 360, 24
# How much a machine ran before its record is taken from the record's first weeks, so that the answer does not change later.
FIRST_H = 336.0
LOAD, AMBIENT = "load_pct", "ambient_temp_C"


@dataclass(frozen=True)
class CurrentTwin:
    """A machine's twin at an instant: its states of shape (1, states), damage of each mode, and hours run in its life."""

    profile: MachineProfile
    model: TwinModel
    parameters: Samples
    state: Floats
    damage: dict[str, float]
    running_h: float
    as_of: datetime
    basis: str

    def health(self, horizon_h: float) -> TwinHealth:
        """Return its health, with the probability to fail within ``horizon_h`` operating hours."""
        return read_twin_health(
            self.model,
            self.profile,
            self.damage,
            running_h=self.running_h,
            horizon_h=horizon_h,
            as_of=self.as_of,
            basis=self.basis,
        )

    def as_new(self) -> CurrentTwin:
        """Return the twin of the same machine with every part new."""
        return _new(self.profile, self.model, self.parameters, self.as_of, running_h=0.0, basis="every part new")


@dataclass(frozen=True)
class _Duty:
    """How a machine was worked, by steps of ``step_h``: load while it ran, share of time it ran, air around it."""

    step_h: float
    load: Floats
    running: Floats
    ambient: Floats
    start: datetime

    def running_h(self, since: datetime) -> float:
        """Return the hours run since an instant; before the record it is taken to have run as in the record's first weeks."""
        run = np.concatenate([[0.0], np.cumsum(self.running) * self.step_h])
        hours = (since - self.start) / timedelta(hours=1)
        usual = float(self.running[: math.ceil(FIRST_H / self.step_h)].mean())
        return float(run[-1] - np.interp(hours / self.step_h, np.arange(len(run)), run)) + usual * max(-hours, 0.0)


def lived_twin(ws: Workspace, machine_id: str, *, as_of: datetime | None = None) -> CurrentTwin:
    """Return the machine's twin after the hours, load and ambient on record; raises as ``twin_health`` does."""
    at = as_of or ws.as_of()
    data = ws.machine_data(machine_id, at)
    profile = data.profile
    model = twin_of(profile)
    parameters = model.parameters()
    duty = _duty(data)
    new_at = _machine_new_at(data)
    if duty is None:
        years = _age_years(profile)
        if new_at is not None:
            years = min(years, (at - new_at) / timedelta(hours=HOURS_PER_YEAR))
        running = f", continuous running for {years:.3g} years" if years else ""
        basis = f"no reading on record: parts taken as new{running}"
        return _new(profile, model, parameters, at, running_h=years * HOURS_PER_YEAR, basis=basis)
    renewals = _renewals(data, model, duty)

    def replace_parts(step: int, state: Floats, own: Samples) -> None:
        for mode in renewals.get(step, ()):
            if mode in WHOLE_MACHINE:
                renew_all(model, state, own)
            else:
                renew(model, mode, state, own)

    ran = run_twin(
        model,
        {"load": duty.load, "running": duty.running, "ambient_C": duty.ambient},
        steps=len(duty.load),
        step_s=3600.0 * duty.step_h,
        parameters=parameters,
        protection=False,
        stop_at_failure=False,
        intervene=replace_parts,
    )
    damage = {mode: float(values[-1, 0]) for mode, values in ran.damage.items()}
    begun = duty.start - timedelta(hours=_age_years(profile) * HOURS_PER_YEAR) if new_at is None else new_at
    worked_h, counted = duty.running_h(begun), _counted_hours(data, new_at)
    on_record_h = duty.running_h(duty.start)
    renewed = len({mode for modes in renewals.values() for mode in modes} - set(WHOLE_MACHINE))
    told = LOAD in data.telemetry.columns and bool(data.telemetry[LOAD].notna().any())
    taken = "" if told else f" at the usual load of {100 * usual_load(profile):.0f} %"
    running_h = worked_h if counted is None else counted
    basis = (
        f"{'hours' if taken else 'load'} on record since {duty.start:%Y-%m-%d}, {on_record_h:,.0f} h running{taken}, "
        "parts taken as new then"
        + (f", those of {renewed} failure mode{'' if renewed == 1 else 's'} renewed since" if renewed else "")
        + (f"; the whole machine renewed on {new_at:%Y-%m-%d}, {running_h:,.0f} h run since" if new_at else "")
        + (
            f"; {worked_h - on_record_h:,.0f} h run before"
            if new_at is None and counted is None and begun < duty.start
            else ""
        )
    )
    return CurrentTwin(profile, model, parameters, ran.state, damage, running_h, at, basis)


def _new(
    profile: MachineProfile, model: TwinModel, parameters: Samples, at: datetime, *, running_h: float, basis: str
) -> CurrentTwin:
    usual = {**OUTSIDE, "load": usual_load(profile)}
    state = model.initial(parameters, usual)
    signals = model.step(state.copy(order="F"), usual, parameters, step_s=1.0)
    damage = {mode: float(np.ravel(value)[0]) for mode, value in model.damage(signals).items()}
    return CurrentTwin(profile, model, parameters, state, damage, running_h, at, basis)


def _age_years(profile: MachineProfile) -> float:
    age = profile.attributes.get("age_years", 0.0)
    return max(float(age), 0.0) if isinstance(age, int | float) else 0.0


def renews_machine(events: pd.DataFrame) -> list[bool]:
    """Say of each event whether it renews the whole machine.

    A replacement of nobody knows what, within a day of a failure, is taken for the repair of that failure alone.
    """
    from workbench.ml.life import CORRECTIVE_H

    failed = list(events.loc[events["kind"].eq(EventKind.FAILURE.value), "time"])
    soon = timedelta(hours=CORRECTIVE_H)

    def whole(time: datetime, kind: str, cause: str) -> bool:
        repair = cause == UNKNOWN_MODE and any(timedelta(0) <= time - failure <= soon for failure in failed)
        return kind == EventKind.REPLACEMENT.value and cause in WHOLE_MACHINE and not repair

    return [whole(*event) for event in zip(events["time"], events["kind"], events["cause"], strict=True)]


def _machine_new_at(data: MachineData) -> datetime | None:
    """Return when the whole machine was last renewed; None where nobody recorded that."""
    found = [time.to_pydatetime() for time in data.events.loc[renews_machine(data.events), "time"]]
    return max(found, default=None)


def _counted_hours(data: MachineData, new_at: datetime | None) -> float | None:
    """Return the hours that the machine's own counter told, since ``new_at`` where that is known; None without a counter.

    A counter that was changed goes on where the one before it stood.
    """
    from workbench.ml.running import meter

    if "running_h" not in data.telemetry.columns:
        return None
    known = data.telemetry[["time", "running_h"]].dropna()
    if known.empty:
        return None
    told = meter(known["running_h"].to_numpy(dtype=float), np.full(len(known), np.inf))
    before = 0 if new_at is None else int((known["time"] <= new_at).sum())
    return float(told[-1] - told[before - 1]) if before else float(told[-1])


def _duty(data: MachineData) -> _Duty | None:
    """Return how the machine was worked, in steps of an hour to a day: about 360, more where the record is over a year."""
    from workbench.ml.arrays import nanoseconds
    from workbench.ml.running import running_hours, running_rows

    frame = data.telemetry
    if len(frame) < 2:
        return None
    time, runs = nanoseconds(frame["time"]), running_rows(data)
    hours = (time - time[0]) / 3.6e12
    step_h = float(min(max(math.ceil(hours[-1] / MOST_STEPS), 1), LONGEST_STEP_H))
    steps = max(math.ceil(hours[-1] / step_h), 1)
    step = np.minimum((hours / step_h).astype(int), steps - 1)
    running = np.bincount(step, weights=running_hours(time, runs), minlength=steps) / step_h
    load = _means(frame, LOAD, step, steps, where=runs, otherwise=100.0 * usual_load(data.profile)) / 100.0
    ambient = _means(frame, AMBIENT, step, steps, where=np.ones_like(runs), otherwise=USUAL_AMBIENT_C)
    return _Duty(
        step_h, np.clip(load, *LIMITS["load"]), np.clip(running, 0.0, 1.0), np.clip(ambient, *LIMITS["ambient_C"]),
        frame["time"].iloc[0].to_pydatetime(),
    )  # fmt: skip


def _means(frame: Any, column: str, step: Any, steps: int, *, where: Any, otherwise: float) -> Floats:
    """Return the mean of a column in each step over the rows ``where``; a step without any has the step before's."""
    import pandas as pd

    if column not in frame.columns:
        return np.full(steps, otherwise)
    values = frame[column].to_numpy(dtype=float)
    use = where & np.isfinite(values)
    count = np.bincount(step[use], minlength=steps)
    total = np.bincount(step[use], weights=values[use], minlength=steps)
    means = np.divide(total, count, out=np.full(steps, np.nan), where=count > 0)
    return pd.Series(means).ffill().fillna(otherwise).to_numpy(dtype=float)


def _renewals(data: MachineData, model: TwinModel, duty: _Duty) -> dict[int, list[str]]:
    """Return what was renewed before each step: modes that failed or whose parts were replaced, and the whole machine."""
    found: dict[int, list[str]] = {}
    events = data.events
    whole = renews_machine(events)
    for row, (time, kind, cause) in enumerate(zip(events["time"], events["kind"], events["cause"], strict=True)):
        ended = kind in (EventKind.FAILURE.value, EventKind.REPLACEMENT.value) and cause in model.composition.modes
        step = int((time - duty.start).total_seconds() / 3600.0 / duty.step_h) + 1
        if step > 0 and (ended or whole[row]):
            # What came in the last step, or after the last reading, is new at its beginning.
            found.setdefault(min(step, len(duty.load) - 1), []).append(cause)
    return found
