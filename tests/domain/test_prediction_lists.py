"""Predictions of several machines as a table."""

from __future__ import annotations

from datetime import UTC, datetime

from workbench.domain.equipment import LifeUnit, MachineStatus
from workbench.domain.prediction_lists import Predictions
from workbench.domain.predictions import (
    Anomaly,
    Diagnosis,
    Evidence,
    HealthState,
    HorizonProbability,
    Horizons,
    Interval,
    ModeProbability,
    Prediction,
    RemainingUsefulLife,
)

AT = datetime(2026, 1, 1, tzinfo=UTC)
LIFE = RemainingUsefulLife(life_unit=LifeUnit.OPERATING_H, evidence=Evidence(enough=True), basis="none")


def prediction(machine_id, **changes):
    bare = Prediction(
        prediction_id="p",
        machine_id=machine_id,
        as_of=AT,
        data_until=AT,
        status=MachineStatus.ONLINE,
        readings=100,
        horizons=Horizons(critical=24, warning=168, degrading=720),
        health_evidence=Evidence(enough=False),
        anomaly_evidence=Evidence(enough=False),
        remaining_useful_life=LIFE,
        diagnosis=Diagnosis(modes=(ModeProbability(mode="unknown", probability=1.0),), method="unknown"),
        reasons=(),
    )
    return bare.model_copy(update=changes)


def test_a_row_says_what_matters_and_leaves_out_what_is_not_known():
    open_life = Interval(median=300, lower=100, upper=720, upper_open=True)
    known = prediction(
        "pump_01",
        health_state=HealthState.WARNING,
        health_score=55.0,
        failure_probability=(HorizonProbability(hours=24, probability=0.25),),
        remaining_useful_life=LIFE.model_copy(update={"life": open_life}),
        anomaly=Anomaly(score=0.9, threshold=0.5, is_anomaly=True),
    )
    quiet = prediction("pump_02", anomaly=Anomaly(score=0.1, threshold=0.5, is_anomaly=False))
    table = Predictions([known, quiet]).frame()
    assert table.loc["pump_01", ["health_state", "p_24h", "life_left", "anomaly"]].tolist() == [
        "WARNING",
        0.25,
        300,
        0.9,
    ]
    assert table.isna().loc["pump_01", "life_upper"], "longer than can be told"
    assert table.loc["pump_02", ["health_state", "p_24h", "life_left", "anomaly"]].isna().all()


def test_a_notebook_shows_a_table_and_everything_else_a_list():
    many = Predictions(prediction(f"pump_{k:03d}") for k in range(100))
    assert many == list(many)
    assert many[7].machine_id == "pump_007"
    assert len(many._repr_html_()) < 40_000 < len(repr(many))
    assert "pump_099" in many._repr_html_()
    assert Predictions().frame().empty
    assert "<table" in Predictions()._repr_html_()
