"""Forecasts of sensors (ML4): the best model by backtest for each, with 95 % intervals, kept in the records."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from workbench.domain.base import stable_id
from workbench.domain.equipment import Sensor, SensorRole
from workbench.domain.forecasts import Forecast, ModelScore, on_ratio_scale
from workbench.domain.predictions import Evidence
from workbench.domain.units import Quantity
from workbench.errors import InputError, NotFound
from workbench.workflows.onboard import chosen_machines
from workbench.workflows.score import DISTRIBUTION

if TYPE_CHECKING:
    import pandas as pd

    from workbench.workspace import Workspace

FINEST_H, STALE_H = 1.0, 24.0
LONGEST_H = 24.0 * 31
LEARNED_DAYS, READ_DAYS = 365, 367


@dataclass(frozen=True)
class _Question:
    """All that a forecast rests on, so that another process can answer it."""

    empty: Forecast
    readings: pd.DataFrame
    zone: str
    models: tuple[str, ...] | None
    days_off: tuple[date, ...]
    seed: int


def forecast(
    ws: Workspace,
    machine_id: str,
    sensor: str | None = None,
    *,
    horizon_h: float = 168.0,
    as_of: datetime | None = None,
    models: Sequence[str] | None = None,
    days_off: Sequence[date] = (),
) -> Forecast:
    """Return what ``sensor`` (default: the first temperature that shows the machine's health) will read, hourly.

    The last year of readings is averaged to hours (coarser ones stay as they are); every model is backtested on it and
    the best used, or the naive forecast where none is better. The same question on the same readings is answered from the
    records, also later. ``models``: some of ``boosting``, ``linear``, ``theta``, ``prophet`` (default: those installed).
    ``days_off``: local dates on which less is done.

    Raises:
        InputError: the horizon is not above 0 or beyond 31 days, a model or the sensor is not known.
        NotFound: there is no such machine.
        EnvironmentFailure: a model that was named needs a package that is not installed.
    """
    question = _question(ws, machine_id, sensor, horizon_h, as_of or ws.as_of(), models, days_off)
    known = ws.forecasts.find(question.empty.forecast_id)
    if known is not None:
        return known
    made = _answer(question)
    ws.forecasts.add(made, ws.change(f"forecast of {made.sensor}"))
    return made


def forecast_fleet(
    ws: Workspace,
    machines: Sequence[str] | None = None,
    *,
    horizon_h: float = 168.0,
    as_of: datetime | None = None,
    models: Sequence[str] | None = None,
    progress: Callable[[float, str], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> list[Forecast]:
    """Return the forecast of each machine's default sensor, machines side by side on all cores, ordered as asked for.

    What is in the records already is taken from there. When ``should_stop`` says so, none is begun any more
    and those that are done are returned.
    Raises as ``forecast`` does.
    """
    from joblib import Parallel, delayed

    at = as_of or ws.as_of()
    asked = [_question(ws, one, None, horizon_h, at, models, ()) for one in chosen_machines(ws, machines)]
    found = {q.empty.forecast_id: ws.forecasts.find(q.empty.forecast_id) for q in asked}
    new = [question for question in asked if found[question.empty.forecast_id] is None]
    stopped = threading.Event()
    tasks = (delayed(_answer)(question) for question in takewhile(lambda _: not stopped.is_set(), new))
    jobs = max(min(os.cpu_count() or 1, len(new)), 1)
    answers = Parallel(n_jobs=jobs, return_as="generator", batch_size=1, pre_dispatch=jobs)(tasks)
    for number, made in enumerate(answers):
        found[made.forecast_id] = made
        ws.forecasts.add(made, ws.change(f"forecast of {made.sensor}"))
        if progress:
            progress((number + 1) / len(new), made.machine_id)
        if should_stop is not None and should_stop():
            stopped.set()
    return [made for question in asked if (made := found[question.empty.forecast_id]) is not None]


def _question(
    ws: Workspace,
    machine_id: str,
    sensor: str | None,
    horizon_h: float,
    at: datetime,
    models: Sequence[str] | None,
    days_off: Sequence[date],
) -> _Question:
    import pandas as pd

    if not 0 < horizon_h <= LONGEST_H:
        raise InputError(f"horizon_h is {horizon_h:g}.", f"Give hours above 0, at most {LONGEST_H:g}.")
    profile = ws.machines.get(machine_id)
    chosen = _sensor(profile.sensors, sensor, machine_id)
    site = ws.sites.find(profile.site_id)
    zone = site.time_zone if site else "UTC"
    readings = ws.telemetry.read(machine_id, start=at - pd.Timedelta(days=READ_DAYS), end=at, columns=[chosen.name])
    readings = _newest_year(readings.dropna())
    data_hash = _digest(readings)
    named = None if models is None else tuple(sorted(set(models)))
    parts = (
        machine_id,
        chosen.name,
        # The same readings have the same answer at any time, until they are too old for one.
        at.isoformat() if _too_old(readings, at) else "",
        data_hash,
        float(horizon_h),
        named,
        sorted(days_off),
        zone,
        ws.settings.seed,
    )
    empty = Forecast(
        forecast_id=stable_id("forecast", *parts, importlib.metadata.version(DISTRIBUTION)),
        machine_id=machine_id,
        sensor=chosen.name,
        unit=chosen.unit,
        as_of=at,
        origin=None,
        step_h=FINEST_H,
        horizon_h=horizon_h,
        data_hash=data_hash,
        evidence=Evidence(enough=False, reasons=("no reading",)),
    )
    return _Question(empty, readings, zone, named, tuple(days_off), ws.settings.seed)


def _newest_year(readings: pd.DataFrame) -> pd.DataFrame:
    """Return the year before the last reading, which is the same whenever it is asked for."""
    import pandas as pd

    newest: pd.DataFrame = readings[readings["time"] > readings["time"].max() - pd.Timedelta(days=LEARNED_DAYS)]
    return newest.reset_index(drop=True)


def _digest(readings: pd.DataFrame) -> str:
    """Return a sha256 of times and values."""
    import numpy as np

    from workbench.ml.arrays import nanoseconds

    digest = hashlib.sha256(nanoseconds(readings["time"]).tobytes())
    digest.update(readings.drop(columns="time").to_numpy(dtype=np.float64).tobytes())
    return digest.hexdigest()


def _step(times: pd.Series[Any]) -> pd.Timedelta:
    """Return the step of the forecast: an hour, or the usual distance of two readings where that is longer."""
    import pandas as pd

    return max(pd.Timedelta(hours=FINEST_H), pd.Timedelta(times.diff().median()).round("min"))


def _too_old(readings: pd.DataFrame, at: datetime) -> tuple[str, ...]:
    """Say that the last reading is too old to forecast from, where it is."""
    import pandas as pd

    times = readings["time"]
    if len(times) < 2:
        return ()
    age_h = (at - times.iloc[-1]) / pd.Timedelta(hours=1)
    oldest = max(STALE_H, 2 * _step(times) / pd.Timedelta(hours=1))
    return (f"the last reading is {age_h:,.0f} h old",) if age_h > oldest else ()


def _sensor(sensors: Sequence[Sensor], name: str | None, machine_id: str) -> Sensor:
    if name is None:
        shown = [one for one in sensors if one.role is SensorRole.INDICATOR] or list(sensors)
        return next((one for one in shown if one.quantity is Quantity.TEMPERATURE), shown[0])
    found = next((one for one in sensors if one.name == name), None)
    if found is None:
        known = ", ".join(one.name for one in sensors)
        raise NotFound(f"Machine {machine_id!r} has no sensor {name!r}.", f"Its sensors: {known}.")
    return found


def _answer(question: _Question) -> Forecast:
    """Make the forecast, or say what is missing for one."""
    import numpy as np
    import pandas as pd

    from workbench.errors import NotEnoughData
    from workbench.ml.forecast import choose, lacking_evidence, regular

    empty = question.empty
    times, values = question.readings["time"], question.readings[empty.sensor].to_numpy(dtype=np.float64)
    if len(times) < 2:
        return empty.model_copy(update={"evidence": Evidence(enough=False, reasons=(f"{len(times)} readings",))})
    step = _step(times)
    series = regular(times, values, zone=question.zone, step=step, days_off=question.days_off)
    step_h = step / pd.Timedelta(hours=1)
    horizon = max(int(np.ceil(empty.horizon_h / step_h - 1e-9)), 1)
    end = series.times(len(series) - 1, len(series))[0]
    reasons = [*lacking_evidence(series, horizon), *_too_old(question.readings, empty.as_of)]
    said = empty.model_copy(update={"origin": end.to_pydatetime(), "step_h": step_h})
    if not reasons:
        try:
            choice = choose(
                series, horizon, models=question.models, ratio_scale=on_ratio_scale(said.unit), seed=question.seed
            )
        except NotEnoughData as lack:
            reasons.append(lack.what)
    if reasons:
        return said.model_copy(update={"evidence": Evidence(enough=False, reasons=tuple(reasons))})
    path = choice.forecaster.predict(horizon)
    scores = tuple(
        ModelScore(
            model=one.name,
            mae=one.mae,
            mase=one.mase if np.isfinite(one.mase) else None,
            mape=one.mape,
            coverage_95=one.coverage_95 if np.isfinite(one.coverage_95) else None,
            fit_s=one.fit_s,
        )
        for one in choice.scores
    )
    return said.model_copy(
        update={
            "evidence": Evidence(enough=True),
            "model": choice.forecaster.name,
            "reason": choice.reason,
            "median": tuple(path.median.tolist()),
            "lower": tuple(path.lower.tolist()),
            "upper": tuple(path.upper.tolist()),
            "scores": scores,
            "left_out": choice.left_out,
        }
    )
