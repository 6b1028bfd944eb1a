"""Remaining life of real run-to-failure records: NASA's turbofans, subset FD001."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from workbench.domain.equipment import MachineProfile
from workbench.domain.observations import MachineData
from workbench.ml import BoostedRul, build
from workbench.ml.metrics import rmse
from workbench.ml.spec import default_horizons
from workbench.ml.training_data import gather


def sensor(name, role):
    wide = {"normal_low": -1e6, "normal_high": 1e6, "physical_low": -1e9, "physical_high": 1e9}
    return {"name": name, "quantity": "other", "unit": "1", "role": role, **wide}


def engines(folder, part, build_machine):
    rows = pd.read_parquet(folder / f"cmapss_{part}_FD001.parquet")
    settings = [f"setting_{k}" for k in (1, 2, 3)]
    names = [f"s{k}" for k in range(1, 22)]
    sensors = [sensor(n, "operating") for n in settings] + [sensor(n, "indicator") for n in names]
    fleet = []
    for unit, record in rows.groupby("unit"):
        document = build_machine.profile(f"engine_{unit:03d}", "turbofan").model_dump(mode="json")
        document |= {"life_unit": "cycle", "sensors": sensors, "running_rule": None, "failure_modes": []}
        frame = record[settings + names].astype(float).reset_index(drop=True)
        frame.insert(0, "time", pd.date_range(build_machine.start, periods=len(frame), freq="h"))
        frame["life"] = record["cycle"].to_numpy(float)
        failure = [(frame["time"].iloc[-1], "failure", "unknown")] if part == "train" else []
        fleet.append(MachineData(MachineProfile.model_validate(document), frame, build_machine.events(failure)))
    return fleet


@pytest.mark.datasets
def test_life_of_unseen_engines(datasets, build_machine):
    train, test = (engines(datasets, part, build_machine) for part in ("train", "test"))
    data = gather("type:turbofan", train, default_horizons(train[0].profile.life_unit))
    rows, y = data.life_rows(125.0)
    model = BoostedRul(cap=125.0, n_splits=3)
    model.fit(data.samples.X.iloc[rows], y, groups=data.samples.groups[rows], refeature=data.refeature(rows))
    answer = model.predict(pd.concat([build(engine, data.spec, last=1) for engine in test]))
    truth = pd.read_parquet(datasets / "cmapss_RUL_FD001.parquet")["rul"].to_numpy(float)
    assert rmse(np.minimum(truth, 125), answer[:, 0]) <= 13.0
    covered = (truth >= answer[:, 1]) & ((truth <= answer[:, 2]) | (answer[:, 2] >= 125))
    assert covered.mean() >= 0.8
