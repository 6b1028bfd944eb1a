"""Small machines with real physics of wear, so that the engine's behaviour can be asserted quickly."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from workbench.domain.equipment import MachineProfile
from workbench.domain.observations import MachineData

START = datetime(2025, 1, 1, tzinfo=UTC)


def repair(skill="mechanical"):
    return {"skill": skill, "labour_h": 4, "repair_h": 4, "steps": ["repair it"]}


def mode(name, sensor, direction="rises"):
    return {
        "name": name,
        "title": name,
        "iso14224_code": "VIB",
        "mechanism": "wear",
        "indicator": sensor,
        "pf_interval_h": (100, 400),
        "symptoms": [{"sensor": sensor, "direction": direction, "weight": 2}],
        "repair": repair(),
    }


def profile(machine_id="pump_test_001", machine_type="pump", **changes):
    sensors = [
        {"name": "load_pct", "quantity": "other", "unit": "%", "role": "operating", "normal_low": 0, "normal_high": 100}
        | {"physical_low": -10, "physical_high": 200},
        {"name": "vibration_mm_s", "quantity": "vibration_velocity", "unit": "mm/s", "normal_low": 1, "normal_high": 3}
        | {"physical_low": 0, "physical_high": 100}
        | {"limits": {"warning_high": 4.5, "critical_high": 7.1}},
        {"name": "bearing_temp_C", "quantity": "temperature", "unit": "degC", "normal_low": 30, "normal_high": 70}
        | {"physical_low": -40, "physical_high": 200},
    ]
    document = {
        "machine_id": machine_id,
        "machine_type": machine_type,
        "title": "pump",
        "manufacturer": "maker",
        "model": "model",
        "site_id": "plant",
        "sensors": sensors,
        "running_rule": {"sensor": "load_pct", "above": 5},
        "failure_modes": [mode("imbalance", "vibration_mm_s"), mode("bearing_wear", "bearing_temp_C")],
    }
    return MachineProfile.model_validate(document | changes)


def no_events():
    return pd.DataFrame(
        {
            "time": pd.to_datetime([], utc=True),
            "kind": pd.Series([], dtype=object),
            "cause": pd.Series([], dtype=object),
        }
    )


def event_frame(rows):
    if not rows:
        return no_events()
    frame = pd.DataFrame(rows, columns=["time", "kind", "cause"])
    frame["time"] = pd.to_datetime(frame["time"], utc=True)
    return frame.sort_values("time").reset_index(drop=True)


def worn_machine(machine_id, seed, *, hours=2000, lives=(), machine_type="pump", **changes):
    """An hourly record; ``lives`` are (failure hour, mode): the mode's sensor rises over the 300 h before."""
    rng = np.random.default_rng(seed)
    t = np.arange(hours)
    load = np.where((t % 24) < 20, 60 + 15 * np.sin(t / 9) + rng.normal(0, 3, hours), 0.0)
    vibration = 1.2 + 0.01 * load + rng.normal(0, 0.1, hours)
    temperature = 30 + 0.3 * load + rng.normal(0, 1.0, hours)
    events = []
    for failed, name in lives:
        wear = np.clip(1 - (failed - t) / 300, 0, 1) ** 2 * (t <= failed)
        if name == "imbalance":
            vibration = vibration + 3 * wear
        else:
            temperature = temperature + 25 * wear
        moment = pd.Timestamp(START) + pd.Timedelta(hours=failed)
        events += [(moment, "failure", name), (moment + pd.Timedelta(hours=3), "replacement", name)]
    frame = pd.DataFrame(
        {
            "time": pd.date_range(START, periods=hours, freq="h"),
            "load_pct": load,
            "vibration_mm_s": vibration,
            "bearing_temp_C": temperature,
        }
    )
    return MachineData(profile(machine_id, machine_type, **changes), frame, event_frame(events))


def end_of(machine):
    return machine.telemetry["time"].iloc[-1].to_pydatetime()


@pytest.fixture(scope="session")
def small_fleet():
    """Eight machines, two failures each, two modes; the last one is 60 h before a third failure."""
    fleet = []
    for k in range(8):
        modes = ("imbalance", "bearing_wear") if k % 2 else ("bearing_wear", "imbalance")
        lives = [(650 + 25 * k, modes[0]), (1400 + 20 * k, modes[1])]
        if k == 7:
            lives.append((2060, "imbalance"))
        machine = worn_machine(f"pump_test_{k:03d}", k, lives=lives)
        until = machine.events["time"] <= machine.telemetry["time"].iloc[-1]
        fleet.append(MachineData(machine.profile, machine.telemetry, machine.events[until].reset_index(drop=True)))
    return fleet


@pytest.fixture(scope="session")
def trained(small_fleet):
    """What training gave on the small fleet, once for all tests."""
    from workbench.ml import train_fleet

    return train_fleet(small_fleet, as_of=end_of(small_fleet[0]), seed=3)


@pytest.fixture(scope="session")
def registered(trained, small_fleet):
    """The trained models as the registry would hand them over."""
    from workbench.domain.predictions import ModelVersion

    at = end_of(small_fleet[0])
    items = []
    for model in trained:
        version = ModelVersion(
            version_id=f"{model.task}-{model.scope}",
            task=model.task,
            scope=model.scope,
            created_at=at,
            as_of=at,
            data_hash="x",
            seed=3,
            split=model.split,
            units=model.units,
            failures=model.failures,
            metrics=model.metrics,
        )
        if model.payload and not model.refused:
            items.append((version, model.payload))
    return items


@pytest.fixture(scope="session")
def models(registered):
    from workbench.ml import load_models

    return load_models(registered)


@pytest.fixture(scope="session")
def build_machine():
    """Factories that tests use: worn_machine, event_frame, profile, end_of."""
    from types import SimpleNamespace

    return SimpleNamespace(worn=worn_machine, events=event_frame, profile=profile, end=end_of, start=START)
