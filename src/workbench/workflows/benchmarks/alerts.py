"""What delay, deadband and operating state do to alerts, and whether failures stay announced: MetroPT-3 and the fleet."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.alerts import Plan, Readings, baseline_rules, binomial_share, plan_for, poisson_rate, watch
from workbench.alerts.baseline import fit_baselines
from workbench.domain.alerts import AlertEpisode, AlertRule
from workbench.domain.equipment import MachineProfile, RunningRule, Sensor
from workbench.domain.observations import EventKind, MachineData
from workbench.domain.predictions import SensorFaultKind
from workbench.domain.units import Quantity
from workbench.errors import InputError
from workbench.telemetry.readers.metropt3 import FAILURES, read_metropt3
from workbench.workflows.alerts import readings_of

from .frame import Metrics, Progress, pick_subsets, under, with_intervals

PROTOCOL = (
    "cumulative ablation: raw (each run of running or standing readings at or beyond a limit) > delay (warning 3 of 5, critical 2 "
    "in a row, ended by the first reading inside) > deadband (cleared 5 % inside for 10 readings) > state (only readings while it "
    "runs and has settled, repairs and sensor faults end alerts: the product). fleet: embedded fleet, simulated hourly over "
    "180 days, the machines' own rules; failures_alerted = share of recorded failures with an alert on in the longest P-F "
    "interval of their mode before them; intervals by bootstrap over machines. metropt3: hourly means, warning at the mean + 3 sd "
    "of each analogue sensor to 2020-03-15, judged after, runs above 0.5 A of motor current; episodes that lie outside "
    "the four failures and the 24 h before each, per week of that time, exact Poisson intervals (alerts come in bursts: "
    "they are too narrow); failures_alerted = an alert on in the 24 h before or during. stuck: one sensor of each machine "
    "held at its last value before its 40th day for 48 h, or at 1.1 of its critical limit: alerts of that sensor that begin "
    "while it is stuck, and machines whose stuck sensor was found"
)
CHOSEN_BY = (
    "the limits of the shipped profiles and the defaults of the alert rules; nothing was chosen on these records"
)
END = datetime(2026, 1, 1, tzinfo=UTC)
DAYS, QUICK_DAYS, QUICK_MACHINES = 180, 60, 6
TRAINED_UNTIL = pd.Timestamp("2020-03-15", tz="UTC")
ANNOUNCES = pd.Timedelta(hours=24)
STUCK_DAY, STUCK_ROWS, BEYOND = 40, 48, 1.1
ANALOGUE = {
    "Compressor_Pressure_bar": "bar",
    "Pneumatic_Panel_Pressure_bar": "bar",
    "Cyclone_Filter_Drop_Pressure_bar": "bar",
    "Tower_Discharge_Pressure_Drop_bar": "bar",
    "Reservoir_Pressure_bar": "bar",
    "Oil_Temperature_C": "degC",
    "Motor_Current_A": "A",
}
_NONE = np.empty(0, dtype=np.int64)
Variant = Callable[[MachineProfile, Readings, Plan], list[AlertEpisode]]


def run(*, data: Path | None, seeds: Sequence[int], quick: bool, only: Sequence[str], progress: Progress) -> Metrics:
    """Run the protocol; see ``frame.run_benchmark``. MetroPT-3 is left out where its file is not there."""
    known = {"fleet": fleet_figures, "metropt3": metropt3_figures}
    there = [name for name in known if name != "metropt3" or data is not None]
    metrics: Metrics = {}
    seconds: dict[str, float] = {}
    files: list[str] = []
    subsets = pick_subsets(there, only, benchmark="alerts")
    for place, name in enumerate(subsets):
        progress(place / len(subsets), name)
        began = time.perf_counter()
        table, used = known[name](data, seeds, quick)
        metrics |= under(name, table)
        files += used
        seconds[name] = round(time.perf_counter() - began, 3)
    return {
        "metrics": metrics,
        "seconds": seconds,
        "data": files,
        "protocol": PROTOCOL,
        "chosen_by": CHOSEN_BY,
        # The fleet's figures are of simulated machines, those of MetroPT-3 of a real one.
        "simulated": "fleet" in subsets,
    }


def _raw(rules: Sequence[AlertRule]) -> tuple[AlertRule, ...]:
    return tuple(_bare(rule, needed=1, of=1) for rule in rules)


def _delayed(rules: Sequence[AlertRule]) -> tuple[AlertRule, ...]:
    return tuple(_bare(rule, needed=rule.needed, of=rule.of) for rule in rules)


def _stateless(rules: Sequence[AlertRule]) -> tuple[AlertRule, ...]:
    return tuple(rule.model_copy(update={"settle_min": 0.0}) for rule in rules)


def _bare(rule: AlertRule, *, needed: int, of: int) -> AlertRule:
    changes = {"needed": needed, "of": of, "clears_at": rule.limit, "clear_after": 1, "settle_min": 0.0}
    return rule.model_copy(update=changes)


def variants(profile: MachineProfile, readings: Readings, plan: Plan) -> dict[str, list[AlertEpisode]]:
    """Return the episodes of each step of the ablation, by its name, the product last."""
    blind = Readings(readings.time, readings.values, np.ones(len(readings.time), dtype=bool), _NONE)
    # Without baselines no sensor is ever found stuck; wide open ranges leave the other faults unseen too.
    open_sensors = tuple(
        sensor.model_copy(
            update={"physical_low": -np.inf, "physical_high": np.inf, "normal_low": -np.inf, "normal_high": np.inf}
        )
        for sensor in profile.sensors
    )
    open_profile = profile.model_copy(update={"sensors": open_sensors})
    nothing = Readings(_NONE, np.empty((0, len(open_sensors))), np.empty(0, dtype=bool), _NONE)
    made = {"raw": _raw, "delay": _delayed, "deadband": _stateless}
    found = {
        name: list(watch(blind, plan_for(open_profile, blind, rules=make(plan.rules), learn=lambda: nothing)).episodes)
        for name, make in made.items()
    }
    return found | {"state": list(watch(readings, plan).episodes)}


@dataclass(frozen=True)
class _Failure:
    """When a machine failed, and since when that could be seen."""

    detectable: datetime
    at: datetime

    def announced(self, episodes: Sequence[AlertEpisode]) -> bool:
        return any(one.start <= self.at and one.end >= self.detectable for one in episodes)


def fleet_figures(data: Path | None, seeds: Sequence[int], quick: bool) -> tuple[Metrics, list[str]]:
    """Return the figures of the embedded fleet, one machine and seed a unit; it makes its own data."""
    del data
    units: list[str] = []
    rows: list[dict[str, float]] = []
    days = QUICK_DAYS if quick else DAYS
    for seed in seeds:
        for machine in _fleet(seed, days, QUICK_MACHINES if quick else None):
            units.append(machine.profile.machine_id)
            rows.append(_of_machine(machine, days))
    table = pd.DataFrame(rows)

    def figures(chosen: npt.NDArray[np.intp]) -> dict[str, float]:
        total = table.iloc[chosen].sum()
        found: dict[str, float] = {}
        for name in ("raw", "delay", "deadband", "state"):
            found[f"episodes_per_machine_week.{name}"] = total[f"episodes.{name}"] / total["weeks"]
            found[f"failures_alerted.{name}"] = _share(total[f"announced.{name}"], total["failures"])
            found[f"episodes_before_a_failure.{name}"] = _share(total[f"precede.{name}"], total[f"episodes.{name}"])
        found["stuck_sensors_found"] = _share(total["stuck.found"], total["stuck.machines"])
        found["sensor_faults_per_machine_week"] = total["faults"] / total["weeks"]
        return found

    metrics = with_intervals(figures, units, draws=100 if quick else 1000)
    total = table.sum()
    metrics |= {"failures": int(total["failures"]), "machines": len(set(units)), "machine_weeks": float(total["weeks"])}
    metrics |= {
        "stuck_sensors": int(total["stuck.machines"]),
        "machine_alerts_by_stuck_sensors": int(total["stuck.alerts"]),
    }
    metrics["machine_alerts_by_stuck_sensors_without_checks"] = int(total["stuck.alerts_unchecked"])
    return metrics, []


def _share(count: float, of: float) -> float:
    return float(count / of) if of else float("nan")


def _fleet(seed: int, days: int, most: int | None) -> list[MachineData]:
    from workbench.catalog import load_catalogue
    from workbench.twin import simulate_fleet

    catalogue = load_catalogue()
    profiles = catalogue.machines[:most]
    made = simulate_fleet(profiles, start=END - timedelta(days=days), end=END, seed=seed, sites=catalogue.sites)
    return [
        MachineData(
            profile,
            made.telemetry[profile.machine_id],
            made.events[made.events["machine_id"] == profile.machine_id]
            .drop(columns="machine_id")
            .reset_index(drop=True),
        )
        for profile in profiles
    ]


def _of_machine(machine: MachineData, days: int) -> dict[str, float]:
    profile, readings = machine.profile, readings_of(machine)
    plan = plan_for(profile, readings)
    failures = _failures(machine)
    row = {"weeks": days / 7, "failures": float(len(failures)), "faults": float(len(watch(readings, plan).faults))}
    for name, episodes in variants(profile, readings, plan).items():
        row[f"episodes.{name}"] = len(episodes)
        row[f"announced.{name}"] = sum(failure.announced(episodes) for failure in failures)
        row[f"precede.{name}"] = sum(any(f.detectable <= one.start <= f.at for f in failures) for one in episodes)
    return row | _stuck(profile, readings)


def _failures(machine: MachineData) -> list[_Failure]:
    events = machine.events[machine.events["kind"] == str(EventKind.FAILURE)]
    found = []
    for at, cause in zip(events["time"], events["cause"], strict=True):
        mode = machine.profile.failure_mode(str(cause))
        if mode is not None:
            moment = at.to_pydatetime(warn=False)
            found.append(_Failure(moment - timedelta(hours=mode.pf_interval_h[1]), moment))
    return found


def _stuck(profile: MachineProfile, readings: Readings) -> dict[str, float]:
    """Hold one sensor with an upper critical limit still, as it was and beyond its limit; count what that alarms."""
    told = {"stuck.machines": 0.0, "stuck.found": 0.0, "stuck.alerts": 0.0, "stuck.alerts_unchecked": 0.0}
    limits = [(k, s.limits.critical_high) for k, s in enumerate(profile.sensors) if s.limits and s.limits.critical_high]
    running = np.flatnonzero(readings.running)
    running = running[running >= STUCK_DAY * 24][:STUCK_ROWS]
    if not limits or len(running) < STUCK_ROWS:
        return told
    column, critical = limits[0]
    before = readings.values[: running[0], column]
    held = (float(before[~np.isnan(before)][-1]), BEYOND * float(critical or 0.0))
    for value in held:
        values = readings.values.copy()
        values[running[0] : running[-1] + 1, column] = value
        still = Readings(readings.time, values, readings.running, readings.renewed)
        plan = plan_for(profile, still)
        span = int(readings.time[running[0]]), int(readings.time[running[-1]])
        name = profile.sensors[column].name
        found = watch(still, plan)
        unchecked = variants(profile, still, plan)["deadband"]
        told["stuck.machines"] += 1
        told["stuck.found"] += any(
            one.sensor == name and one.kind is SensorFaultKind.STUCK and _within(one.since, span, slack=2)
            for one in found.faults
        )
        told["stuck.alerts"] += sum(one.rule.sensor == name and _within(one.start, span) for one in found.episodes)
        told["stuck.alerts_unchecked"] += sum(one.rule.sensor == name and _within(one.start, span) for one in unchecked)
    return told


def _within(at: datetime, span: tuple[int, int], *, slack: int = 0) -> bool:
    hour = 3_600_000_000_000
    return span[0] - slack * hour <= pd.Timestamp(at).value <= span[1]


def metropt3_figures(data: Path | None, seeds: Sequence[int], quick: bool) -> tuple[Metrics, list[str]]:
    """Return the figures of MetroPT-3; they depend on no seed and take no longer than a quick run."""
    del seeds, quick
    if data is None:
        raise InputError("MetroPT-3 needs a data folder.", "Give --data FOLDER.")
    frame, path = read_metropt3(data)
    profile = _compressor(frame)
    none = pd.DataFrame({"time": pd.to_datetime([], utc=True), "kind": [], "cause": []})
    readings = readings_of(MachineData(profile, frame[["time", *ANALOGUE]], none))
    trained = np.asarray(frame["time"] < TRAINED_UNTIL)
    usual = fit_baselines(readings.values[trained & readings.running])
    rules = [r for s, one in zip(profile.sensors, usual, strict=True) for r in baseline_rules(s, one)]
    plan = plan_for(profile, readings, rules=rules)
    times = frame["time"][(frame["time"] >= TRAINED_UNTIL) & frame[list(ANALOGUE)].notna().any(axis=1)]
    failing = np.zeros(len(times), dtype=bool)
    for first, last in FAILURES:
        failing |= ((times >= first - ANNOUNCES) & (times <= last)).to_numpy()
    weeks = float((~failing).sum() / 168)
    table: Metrics = {"weeks": weeks, "failures": len(FAILURES), "rules": len(rules)}
    for name, found in variants(profile, readings, plan).items():
        judged = [one for one in found if one.end >= TRAINED_UNTIL]
        outside = [one for one in judged if not any(_announces(one, *failure) for failure in FAILURES)]
        rate = poisson_rate(len(outside), weeks)
        seen = binomial_share(sum(any(_announces(one, *f) for one in judged) for f in FAILURES), len(FAILURES))
        table[f"episodes_per_machine_week.{name}"] = rate.value
        table[f"episodes_per_machine_week.{name}_interval"] = [rate.lower, rate.upper]
        table[f"failures_alerted.{name}"] = seen.value
        table[f"failures_alerted.{name}_interval"] = [seen.lower, seen.upper]
    return table, [str(path)]


def _announces(episode: AlertEpisode, first: pd.Timestamp, last: pd.Timestamp) -> bool:
    return bool(episode.start <= last and episode.end >= first - ANNOUNCES)


def _compressor(frame: pd.DataFrame) -> MachineProfile:
    """Return a profile with ranges wide enough to say nothing: all that is known are the readings."""
    lowest, highest = frame[list(ANALOGUE)].min(), frame[list(ANALOGUE)].max()
    sensors = tuple(
        Sensor(
            name=name,
            quantity=Quantity.OTHER,
            unit=unit,
            normal_low=float(lowest[name]),
            normal_high=float(highest[name]),
            physical_low=float(lowest[name]) - 1.0,
            physical_high=float(highest[name]) + 1.0,
        )
        for name, unit in ANALOGUE.items()
    )
    return MachineProfile(
        machine_id="metropt3",
        machine_type="compressor",
        title="Air production unit of a metro train",
        manufacturer="unknown",
        model="unknown",
        site_id="porto",
        sensors=sensors,
        running_rule=RunningRule(sensor="Motor_Current_A", above=0.5),
    )
