"""A small fleet of domain objects for the report tests: labelled or not, calm or urgent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from workbench.domain.analysis import ActionDecision, AnalyticsPackage, CostItem, Impact, Recommendation, Resources
from workbench.domain.base import stable_id
from workbench.domain.cases import Case
from workbench.domain.equipment import (
    Economics,
    FailureMode,
    LifeUnit,
    Limits,
    MachineProfile,
    MachineStatus,
    PartNeed,
    Repair,
    Sensor,
    SensorRole,
    Site,
    Symptom,
)
from workbench.domain.predictions import (
    Anomaly,
    Contribution,
    Diagnosis,
    Evidence,
    HealthState,
    HorizonProbability,
    Horizons,
    Interval,
    LimitCrossing,
    ModelVersion,
    ModeProbability,
    Prediction,
    RemainingUsefulLife,
    Severity,
    Task,
    Trend,
)
from workbench.domain.work import PartLine, Priority, WorkOrder
from workbench.reports.content import FleetSnapshot, MachineView
from workbench.workspace import Workspace

AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
NO_FAILURES = Evidence(enough=False, reasons=("0 of 5 failures needed",))
ENOUGH = Evidence(enough=True)
TITLES = ("Cooling pump", "Feed pump", "Exhaust fan", "Air compressor", "Gearbox", "Conveyor drive", "Spindle")


def profile(number: int = 1, title: str | None = None, **changes: object) -> MachineProfile:
    limits = Limits(warning_high=75, critical_high=85)
    vibration = Limits(warning_high=2.8, critical_high=4.5, standard="ISO 10816-7")
    kind = TITLES[(number - 1) % len(TITLES)]
    values: dict[str, object] = {
        "machine_id": f"machine_{number:03d}",
        "machine_type": "pump",
        "title": title or f"{kind} {number}",
        "manufacturer": "Acme",
        "model": "CP-200",
        "site_id": "north_plant",
        "location": "Hall 2",
        "criticality": "A",
        "sensors": (
            Sensor(
                name="bearing_temperature",
                quantity="temperature",
                unit="degC",
                title="Bearing temperature",
                normal_low=40,
                normal_high=70,
                physical_low=-40,
                physical_high=200,
                limits=limits,
            ),
            Sensor(
                name="vibration",
                quantity="vibration_velocity",
                unit="mm/s",
                title="Vibration, drive end",
                normal_low=0.5,
                normal_high=2.3,
                physical_low=0,
                physical_high=100,
                limits=vibration,
            ),
            Sensor(
                name="motor_current",
                quantity="current",
                unit="A",
                title="Motor current",
                role=SensorRole.OPERATING,
                normal_low=10,
                normal_high=30,
                physical_low=0,
                physical_high=500,
            ),
        ),
        "failure_modes": (
            FailureMode(
                name="bearing_wear",
                title="Bearing wear",
                iso14224_code="VIB",
                mechanism="Fatigue of the raceway",
                indicator="vibration",
                pf_interval_h=(200, 2000),
                symptoms=(Symptom(sensor="vibration", direction="rises", weight=3),),
                repair=Repair(
                    skill="mechanical",
                    labour_h=16,
                    repair_h=10,
                    parts=(PartNeed(part_id="bearing_6310", quantity=2),),
                    steps=("Replace bearing",),
                ),
            ),
        ),
        "economics": Economics(production_loss_per_h=62_500),
    }
    return MachineProfile(**{**values, **changes})


def prediction(
    of: MachineProfile,
    *,
    state: HealthState | None = HealthState.HEALTHY,
    probability: float = 0.02,
    life: Interval | None = None,
    anomaly: float = 0.2,
    crossing: bool = False,
    trend: bool = False,
    status: MachineStatus = MachineStatus.ONLINE,
) -> Prediction:
    labelled = state is not None
    contributions = (
        Contribution(sensor="vibration", deviation=6.2, value=4.9, baseline=1.6, unit="mm/s"),
        Contribution(sensor="bearing_temperature", deviation=3.4, value=74.0, baseline=55.0, unit="degC"),
    )
    shares = {
        0: (0.9, 0.07, 0.02, 0.01),
        1: (0.2, 0.6, 0.15, 0.05),
        2: (0.05, 0.2, 0.6, 0.15),
        3: (0.0, 0.05, 0.2, 0.75),
    }
    middle = AS_OF + timedelta(days=9)
    return Prediction(
        prediction_id=stable_id("prediction", of.machine_id),
        machine_id=of.machine_id,
        as_of=AS_OF,
        data_until=AS_OF,
        status=status,
        readings=3000,
        horizons=Horizons(critical=72, warning=168, degrading=720),
        health_evidence=ENOUGH if labelled else NO_FAILURES,
        health_state=state,
        health_probabilities=shares[int(state)] if labelled else None,
        health_score={0: 95.0, 1: 66.0, 2: 38.0, 3: 11.0}[int(state)] if labelled else None,
        remaining_useful_life=RemainingUsefulLife(
            life_unit=LifeUnit.OPERATING_H,
            evidence=ENOUGH if life else NO_FAILURES,
            basis="model" if life else "none",
            life=life,
            expected_failure_at=(middle - timedelta(days=4), middle, middle + timedelta(days=6)) if life else None,
        ),
        failure_probability=(
            (
                HorizonProbability(hours=24, probability=probability / 5),
                HorizonProbability(hours=168, probability=probability),
                HorizonProbability(hours=720, probability=min(1.0, probability * 2)),
            )
            if labelled
            else ()
        ),
        anomaly_evidence=ENOUGH,
        anomaly=Anomaly(score=anomaly, threshold=0.6, is_anomaly=anomaly > 0.6, contributions=contributions),
        diagnosis=Diagnosis(
            modes=(
                ModeProbability(mode="bearing_wear", probability=0.8),
                ModeProbability(mode="unknown", probability=0.2),
            )
            if state
            else (ModeProbability(mode="unknown", probability=1.0),),
            method="symptom_table" if state else "unknown",
        ),
        limit_crossings=(
            (
                LimitCrossing(
                    sensor="vibration",
                    severity=Severity.CRITICAL,
                    value=4.9,
                    limit=4.5,
                    direction="above",
                    unit="mm/s",
                    standard="ISO 10816-7",
                    since=AS_OF - timedelta(hours=20),
                    readings=14,
                ),
            )
            if crossing
            else ()
        ),
        trends=(Trend(sensor="vibration", per_day=0.11, p_value=0.0004, unit="mm/s"),) if trend else (),
        reasons=("vibration 4.9 mm/s is 6.2 sd above its own baseline", "bearing temperature rises by 0.8 degC a day")
        if state or anomaly > 0.6
        else ("no sensor stands out",),
        model_versions={"health": "3f2a91c0-aaaa"} if labelled else {},
        data_hash="d" * 64,
    )


def package(of: Prediction, *, act: bool = True, probability: float = 0.42) -> AnalyticsPackage:
    items = (
        CostItem(name="Repair", amount=350_000, inputs="parts 2,300 + 16 h x 60 + tools 240"),
        CostItem(name="Production loss", amount=900_000, inputs="14.4 h x 625"),
        CostItem(name="Secondary damage", amount=31_000, inputs="from the profile"),
    )
    failure = Impact(
        repair_cost=350_000,
        downtime_h=14.4,
        production_loss=900_000,
        secondary_damage=31_000,
        total=1_281_000,
        items=items,
    )
    planned = Impact(
        repair_cost=350_000,
        downtime_h=10.5,
        production_loss=197_000,
        secondary_damage=0,
        total=547_000,
        items=(items[0], CostItem(name="Production loss", amount=197_000, inputs="10.5 h x 625 x 30 %")),
    )
    expected = round(1_281_000 * probability)
    return AnalyticsPackage(
        package_id=stable_id("package", of.prediction_id),
        prediction_id=of.prediction_id,
        machine_id=of.machine_id,
        as_of=AS_OF,
        failure_mode="bearing_wear",
        failure_impact=failure,
        planned_impact=planned,
        decision=ActionDecision(
            act=act,
            rule="expected_cost" if act else "none",
            reason=(
                f"{'Act' if act else 'Do not act: no critical limit is crossed. The sum'}: {100 * probability:.1f} % x "
                f"12,810.00 EUR = {expected / 100:,.2f} EUR against 5,470.00 EUR for planned work."
            ),
            horizon_h=168,
            failure_probability=probability,
            expected_failure_cost=expected,
            planned_cost=547_000,
        ),
        recommendations=(
            Recommendation(
                rank=1,
                action="Replace the drive-end bearing at the next stop",
                reason="Bearing wear is likely",
                expected_saving=734_000,
                act_before=AS_OF + timedelta(days=5),
            ),
            Recommendation(rank=2, action="Check alignment", reason="It is the usual cause", expected_saving=0),
        ),
        resources=Resources(skill="mechanical", technicians=2, labour_h=16, repair_h=10),
    )


def order(of: Prediction, number: int = 1) -> WorkOrder:
    return WorkOrder(
        order_id=stable_id("order", of.machine_id),
        number=f"WO-2026-{number:04d}",
        machine_id=of.machine_id,
        failure_mode="bearing_wear",
        title="Replace drive-end bearing",
        priority=Priority(min(4, number)),
        created_at=AS_OF,
        due_at=AS_OF + timedelta(days=3 * number),
        technician_id="tech_ana",
        technician_reason="Level 4 mechanical, 12 km away, on shift",
        steps=("Isolate and lock out", "Pull the coupling", "Replace the bearing", "Align and test run"),
        tools=("bearing puller", "induction heater"),
        safety=("Lock out electrical 400 V", "Wear gloves"),
        parts=(
            PartLine(
                part_id="bearing_6310",
                title="Bearing 6310",
                needed=2,
                available=1,
                reserve=1,
                to_order=1,
                unit_cost=115_000,
                lead_time_days=6,
                supplier_id="northern_bearings",
            ),
        ),
        labour_h=16,
        estimated_cost=350_000,
        prediction_id=of.prediction_id,
    )


def case(of: Prediction) -> Case:
    return Case(
        case_id=stable_id("case", of.machine_id),
        machine_id=of.machine_id,
        cause="limit:vibration",
        severity=Severity.CRITICAL,
        opened_at=AS_OF - timedelta(days=1),
        last_seen_at=AS_OF,
        summary="vibration above the critical limit",
        evidence=of.limit_crossings,
        occurrences=3,
    )


def model() -> ModelVersion:
    return ModelVersion(
        version_id="3f2a91c0-aaaa",
        task=Task.HEALTH,
        scope="fleet",
        created_at=AS_OF,
        as_of=AS_OF,
        data_hash="e" * 64,
        seed=0,
        split="units",
        units=26,
        failures=61,
        active=True,
        metrics={"macro_f1": 0.831, "balanced_accuracy": 0.84, "brier": None},
    )


def snapshot(*views: MachineView, **changes: object) -> FleetSnapshot:
    values: dict[str, object] = {
        "workspace": "North plant",
        "as_of": AS_OF,
        "currency": "EUR",
        "machines": views,
        "models": (model(),),
        "data_range": (AS_OF - timedelta(days=180), AS_OF),
        "readings": 112_320,
        "data_hash": "ab" * 32,
        "code_version": "0.1.0",
        "technicians": {"tech_ana": "Ana Ortiz"},
        "suppliers": {"northern_bearings": "Northern Bearings"},
    }
    return FleetSnapshot(**{**values, **changes})


def readings(seed: int = 0, rising: bool = True, step: str = "h") -> pd.DataFrame:
    times = pd.date_range(AS_OF - timedelta(days=30), AS_OF, freq=step, tz="UTC")
    rng, grow = np.random.default_rng(seed), np.linspace(0, 1, len(times)) ** 4 * rising
    frame = pd.DataFrame(
        {
            "time": times,
            "bearing_temperature": 55
            + 3 * np.sin(np.arange(len(times)) / 24 * 6.28)
            + 20 * grow
            + rng.normal(0, 0.8, len(times)),
            "vibration": 1.6 + 3.3 * grow + rng.normal(0, 0.12, len(times)),
            "motor_current": 21 + rng.normal(0, 1, len(times)),
        }
    )
    frame.loc[200:230, "vibration"] = np.nan
    return frame


def labelled_fleet(machines: int = 26) -> FleetSnapshot:
    """Three urgent machines, some on the way, most calm, one offline, one without a prediction."""
    views = []
    for number in range(1, machines + 1):
        of = profile(number)
        if number <= 3:
            said = prediction(
                of,
                state=HealthState(4 - number) if number < 3 else HealthState.WARNING,
                probability=0.65 - 0.12 * number,
                life=Interval(median=90.0 * number, lower=40.0 * number, upper=190.0 * number),
                anomaly=0.9 - 0.05 * number,
                crossing=number == 1,
                trend=True,
            )
            views.append(
                MachineView(
                    of,
                    prediction=said,
                    package=package(said, probability=0.65 - 0.12 * number),
                    orders=(order(said, number),),
                    cases=(case(said),) if number == 1 else (),
                )
            )
        elif number == machines - 1:
            views.append(MachineView(of, status=MachineStatus.OFFLINE))
        elif number == machines:
            views.append(MachineView(of))
        else:
            state = HealthState.DEGRADING if number % 5 == 0 else HealthState.HEALTHY
            said = prediction(
                of,
                state=state,
                probability=0.003 * number,
                trend=number % 5 == 0,
                life=Interval(
                    median=400.0 + 60 * number,
                    lower=200.0 + 30 * number,
                    upper=900.0 + 100 * number,
                    upper_open=number % 7 == 0,
                ),
                anomaly=0.1 + 0.004 * number,
            )
            views.append(MachineView(of, prediction=said, package=package(said, act=False, probability=0.003 * number)))
    return snapshot(*views)


def unlabelled_fleet() -> FleetSnapshot:
    """Two machines whose records hold no failure: only the sensors speak."""
    first, second = profile(1, title="Air production unit"), profile(2, title="Rolling mill")
    return snapshot(
        MachineView(first, prediction=prediction(first, state=None, anomaly=0.82, crossing=True, trend=True)),
        MachineView(second, prediction=prediction(second, state=None, anomaly=0.31)),
        models=(),
    )


def fill(ws: Workspace, fleet: FleetSnapshot) -> None:
    """Put a snapshot's machines, readings and records into a workspace, through its own doors."""
    change = ws.change("report tests")
    profiles = {view.machine_id: view.profile for view in fleet.machines}
    ws.sites.put(
        Site(site_id="north_plant", title="North plant", time_zone="Europe/Berlin", latitude=52, longitude=13), change
    )
    for number, view in enumerate(fleet.machines):
        ws.machines.add(view.profile, change, view.status)
        if view.prediction:
            table = pa.Table.from_pandas(readings(number).assign(machine_id=view.machine_id), preserve_index=False)
            ws.telemetry.store(table, profiles, source=f"readings {number}", change=change)
            ws.predictions.add(view.prediction, change)
        if view.package:
            ws.packages.add(view.package, change)
        for item in view.orders:
            ws.orders.open_or_support(item, change)
        for item in view.cases:
            ws.cases.observe(item, change)
    for version in fleet.models:
        kept = ws.models.register(version.model_copy(update={"active": False}), b"a trained model", change)
        ws.models.activate(kept.version_id, change)


@dataclass(frozen=True)
class Build:
    """The builders, for tests that need their own mixture."""

    profile = staticmethod(profile)
    prediction = staticmethod(prediction)
    package = staticmethod(package)
    order = staticmethod(order)
    case = staticmethod(case)
    snapshot = staticmethod(snapshot)
    readings = staticmethod(readings)
    labelled_fleet = staticmethod(labelled_fleet)
    unlabelled_fleet = staticmethod(unlabelled_fleet)
    fill = staticmethod(fill)


@pytest.fixture(scope="session")
def build() -> Build:
    return Build()


@pytest.fixture
def own_report(tmp_path, monkeypatch):
    """Return a function that makes a report notebook of some cells; the first one holds the parameters."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    monkeypatch.setattr("workbench.reports.parameters._SOURCE_NOTEBOOKS", folder)

    def make(name: str, parameters: str, *cells: str) -> Path:
        v4 = nbformat.v4
        first = v4.new_code_cell(f'workspace = "."  # folder\n{parameters}', metadata={"tags": ["parameters"]})
        book = v4.new_notebook(cells=[first, *map(v4.new_code_cell, cells)])
        book.metadata.kernelspec = {"name": "python3", "language": "python", "display_name": "Python 3"}
        nbformat.write(book, folder / f"{name}.ipynb")
        return folder

    return make
