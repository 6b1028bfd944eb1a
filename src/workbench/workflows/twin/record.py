"""A machine's record as its twin takes it: even steps, hours of running, and which of them were sound."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from workbench.domain.equipment import MachineProfile
from workbench.domain.observations import EventKind, MachineData
from workbench.twin.model import TwinModel
from workbench.twin.observed import Observed, observe
from workbench.twin.state_model import USUAL_AMBIENT_C, twin_of, usual_load
from workbench.twin.streams import Flags, Floats

from .current import renews_machine

if TYPE_CHECKING:
    import pandas as pd

    from workbench.workspace import Workspace

LEARNED_DAYS = 365
# After a failure or a replacement the machine settles.
SETTLING_H = 24.0
LONGEST_GAP_H = 3.0


@dataclass(frozen=True)
class TwinRecord:
    """A machine's record as its twin takes it, and which steps are known to be of a sound machine."""

    profile: MachineProfile
    model: TwinModel
    observed: Observed
    sound: Flags
    renewed: tuple[str, ...]
    last_renewal: int
    as_of: datetime
    data_hash: str


def read_record(ws: Workspace, machine_id: str, as_of: datetime | None) -> TwinRecord:
    """Return the record of a machine as its twin takes it; raises ``NotFound``."""
    at = as_of or ws.as_of()
    data = ws.machine_data(machine_id, at)
    model = twin_of(data.profile)
    frame, running = _even(data)
    usual = {"load": usual_load(data.profile), "ambient_C": USUAL_AMBIENT_C}
    observed = observe(model, data.profile, frame, running, usual=usual)
    ended = _ended(data)
    hours = _hours(observed, ended["time"])
    modes = set(model.composition.modes)
    renewed: set[str] = set()
    for whole, cause, hour in zip(renews_machine(ended), ended["cause"], hours, strict=False):
        if hour >= 0:
            renewed |= modes if whole else {cause} & modes
    last = max((round(hour / observed.step_h) + 1 for hour in hours if hour >= 0), default=0)
    digest = hashlib.sha256(
        frame.drop(columns="time").to_numpy(dtype=float).tobytes() + str(frame["time"].min()).encode()
    )
    return TwinRecord(
        data.profile,
        model,
        observed,
        _sound(data, observed, ended),
        tuple(sorted(renewed)),
        last,
        at,
        digest.hexdigest()[:16],
    )


def _even(data: MachineData) -> tuple[pd.DataFrame, Floats]:
    """Return the last year's readings in even steps of an hour or the record's own, and the share of each in which it ran.

    A step's readings are the means of those taken in it, up to its end. Steps without any: the machine is taken to go on as
    it did for three hours (or steps), and then to stand.
    """
    import pandas as pd

    from workbench.ml.running import running_rows

    frame = data.telemetry
    recent = (
        frame["time"] > frame["time"].max() - pd.Timedelta(days=LEARNED_DAYS) if len(frame) else frame["time"].notna()
    )
    sensors = [sensor.name for sensor in data.profile.sensors if sensor.name in frame.columns]
    kept = frame.loc[recent, ["time", *sensors]].assign(ran=running_rows(data)[recent.to_numpy()].astype(float))
    if len(kept) < 2:
        empty = pd.DataFrame({"time": pd.DatetimeIndex([], tz="UTC"), **{name: [] for name in sensors}})
        return empty, np.zeros(0)
    cadence_h = max(round(pd.Timedelta(kept["time"].diff().median()).total_seconds() / 3600.0), 1)
    step = pd.Timedelta(hours=cadence_h)
    even = kept.set_index("time").resample(step, closed="right", label="right").mean()
    ran = even.pop("ran").ffill(limit=max(round(LONGEST_GAP_H / cadence_h), 1)).fillna(0.0).to_numpy(dtype=float)
    return even.reset_index(), ran


def _ended(data: MachineData) -> pd.DataFrame:
    kinds = [EventKind.FAILURE.value, EventKind.REPLACEMENT.value]
    return data.events[data.events["kind"].isin(kinds)]


def _hours(observed: Observed, times: pd.Series[pd.Timestamp]) -> list[float]:
    """Return hours from the record's start to each time."""
    if not len(observed.time):
        return []
    return [float((time - observed.time[0]).total_seconds()) / 3600.0 for time in times]


def _sound(data: MachineData, observed: Observed, ended: pd.DataFrame) -> Flags:
    """Return the steps of a machine known to be sound: nothing failed or was replaced within its P-F interval after."""
    steps = len(observed.time)
    sound = np.ones(steps, dtype=bool)
    at = np.arange(steps) * observed.step_h
    longest = max((mode.pf_interval_h[1] for mode in data.profile.failure_modes), default=0.0)
    # What the newest readings show nobody knows yet; half of the record is used all the same.
    sound[at > at[-1:].sum() - min(longest, at[-1:].sum() / 2)] = False
    for hour, cause in zip(_hours(observed, ended["time"]), ended["cause"], strict=False):
        mode = data.profile.failure_mode(str(cause))
        before = longest if mode is None else float(np.mean(mode.pf_interval_h))
        sound[(at > hour - before) & (at < hour + SETTLING_H)] = False
    return sound
