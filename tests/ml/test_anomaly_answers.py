"""Anomalies of a machine that has no model, by what was typical of its own first readings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.catalog import propose_profile
from workbench.domain.observations import MachineData
from workbench.ml import past_anomalies
from workbench.ml.models import Models
from workbench.telemetry.readers.metropt3 import FAILURES, read_metropt3


def history(machine):
    first, last = (machine.telemetry["time"].iloc[k].to_pydatetime() for k in (0, -1))
    return past_anomalies(machine, Models(), as_of=last, start=first, end=last)


def announces(episode, first, last):
    return episode.start <= last and episode.end >= first - pd.Timedelta(hours=24)


def test_a_fault_in_the_first_weeks_is_not_learned_as_normal(build_machine):
    machine = build_machine.worn("pump_own_001", 1, hours=2000)
    hot = [(400, 480), (1500, 1580)]
    warmth = sum(np.where((np.arange(2000) >= a) & (np.arange(2000) < b), 25.0, 0.0) for a, b in hot)
    frame = machine.telemetry.assign(bearing_temp_C=machine.telemetry["bearing_temp_C"] + warmth)
    found = history(MachineData(machine.profile, frame, machine.events))
    times = frame["time"]
    mine = [[one for one in found.episodes if announces(one, times[a], times[b])] for a, b in hot]
    assert all(mine)
    assert {max(one, key=lambda e: e.peak_score).sensors[0].sensor for one in mine} == {"bearing_temp_C"}
    assert len(found.episodes) <= 4


def test_a_healthy_machine_keeps_its_alarm_budget(build_machine):
    machines = [build_machine.worn(f"pump_own_{seed:03d}", seed, hours=2000) for seed in range(4)]
    assert sum(len(history(machine).episodes) for machine in machines) <= 4 * 2000 / 730.5


@pytest.mark.parametrize("told", ["nothing", "failures", "repairs"])
def test_each_air_leak_of_a_real_compressor_is_found(datasets, build_machine, told):
    readings, _ = read_metropt3(datasets)
    rows = [] if told == "nothing" else [(first, "failure", "air_leak") for first, _ in FAILURES]
    rows += [(last, "maintenance", "air_leak") for _, last in FAILURES] if told == "repairs" else []
    profile = propose_profile(readings, machine_id="metro_compressor", machine_type="compressor").profile
    found = history(MachineData(profile, readings, build_machine.events(rows)))
    seen = [[one for one in found.episodes if announces(one, *failure)] for failure in FAILURES]
    assert all(seen)
    # Within a day before the leak, and no later than four hours after it began: it is found by it, not by chance.
    assert all(
        min(one.start for one in mine) <= first + pd.Timedelta(hours=4)
        for mine, (first, _) in zip(seen, FAILURES, strict=True)
    )
