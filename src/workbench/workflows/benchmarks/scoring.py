"""How long a prediction takes: one machine, the whole embedded fleet, its log, and a batch of ten thousand machines."""

from __future__ import annotations

import importlib.util
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from workbench.catalog import Catalogue, load_catalogue
from workbench.domain.observations import MachineData
from workbench.domain.predictions import Prediction
from workbench.errors import InputError
from workbench.ml import Bundle, Models, predict_machine, train_fleet
from workbench.twin import simulate_fleet
from workbench.workflows.alerts import present_alerts
from workbench.workspace import Workspace

from .bare_estimators import bare_calls
from .frame import Metrics, Progress, with_intervals

PROTOCOL = (
    "embedded fleet, simulated hourly; from each machine's telemetry in memory to a Prediction (features, state, life, "
    "anomaly, diagnosis, and the limit crossings and sensor faults that the rules of its profile find on); no SHAP, no forecast; SHAP apart: every task of every machine by features and sensors, from "
    "telemetry and predictions in memory, shap imported; log: writing predictions to the records of a scratch workspace, one "
    "transaction each; batch: our estimators' predict over the bare scikit-learn estimators' predict on the same "
    "feature matrix of 10,000 machines (throughput ratio, 1 = no overhead)"
)
CHOSEN_BY = "the models that train_fleet trains on this fleet with its defaults; nothing is tuned here"
END = datetime(2026, 1, 1, tzinfo=UTC)
WINDOW_DAYS = 30.0


@dataclass(frozen=True)
class Size:
    """How much is simulated and how often things are repeated."""

    machines: int | None
    days: int
    repeats: int
    batch: int
    draws: int


FULL = Size(machines=None, days=180, repeats=10, batch=10_000, draws=1000)
QUICK = Size(machines=8, days=40, repeats=2, batch=500, draws=100)


def run(*, data: Path | None, seeds: Sequence[int], quick: bool, only: Sequence[str], progress: Progress) -> Metrics:  # noqa: ARG001 - the benchmark makes its own data
    """Run the protocol; see ``frame.run_benchmark``. Figures are of the first seed's fleet when several are given."""
    if only:
        raise InputError(f"Benchmark 'scoring' has no subset {', '.join(only)}.", "Leave --only out.")
    size = QUICK if quick else FULL
    catalogue = load_catalogue()
    tables = []
    seconds: dict[str, float] = {}
    for number, seed in enumerate(seeds):

        def within(fraction: float, message: str, number: int = number) -> None:
            progress((number + fraction) / len(seeds), message)

        within(0.0, "simulating the fleet")
        fleet = simulated(catalogue, seed, size)
        began = time.perf_counter()
        models = trained(fleet, seed, partial(_later, within))
        seconds[f"training_seed_{seed}"] = round(time.perf_counter() - began, 3)
        within(0.8, "scoring")
        tables.append(_timings(fleet, models, catalogue, size, seed))
    metrics = {key: np.mean([table[key] for table in tables], axis=0).tolist() for key in tables[0]}
    metrics["machines"] = len(fleet)
    return {
        "metrics": metrics,
        "peers": {},
        "seconds": seconds,
        "protocol": PROTOCOL,
        "chosen_by": CHOSEN_BY,
        "simulated": True,
    }


def _later(progress: Progress, fraction: float, message: str) -> None:
    """Tell the training's progress as the middle part of the whole."""
    progress(0.05 + 0.75 * fraction, message)


def _predict(estimator: Any, table: pd.DataFrame) -> Any:
    return estimator.predict(table)


def simulated(catalogue: Catalogue, seed: int, size: Size) -> list[MachineData]:
    """Return the embedded fleet with its simulated telemetry and events."""
    profiles = catalogue.machines[: size.machines]
    made = simulate_fleet(profiles, start=END - timedelta(days=size.days), end=END, seed=seed)
    fleet = []
    for profile in profiles:
        events = made.events[made.events["machine_id"] == profile.machine_id].drop(columns="machine_id")
        fleet.append(MachineData(profile, made.telemetry[profile.machine_id], events.reset_index(drop=True)))
    return fleet


def trained(fleet: Sequence[MachineData], seed: int, progress: Progress) -> Models:
    """Return the models that the product trains on ``fleet``, parsed from their stored bytes as a workspace would."""
    made = train_fleet(fleet, as_of=END, seed=seed, progress=progress)
    bundles = tuple(
        Bundle.from_bytes(model.payload, version_id=f"benchmark-{model.task}-{model.scope}")
        for model in made
        if model.payload
    )
    return Models(bundles)


def predicted(machine: MachineData, models: Models) -> Prediction:
    """Return what the product says of a machine: its alerts and sensor faults that are on, and what models answer."""
    found = present_alerts(machine, (), WINDOW_DAYS)
    return predict_machine(
        machine,
        models,
        as_of=END,
        tracking_window_days=WINDOW_DAYS,
        limit_crossings=found.crossings,
        sensor_faults=found.faults,
        simulated=True,
    )


def _timings(fleet: Sequence[MachineData], models: Models, catalogue: Catalogue, size: Size, seed: int) -> Metrics:
    def whole() -> list[Prediction]:
        return [predicted(machine, models) for machine in fleet]

    predictions = whole()
    single = [[_ms(partial(predicted, m, models)) for _ in range(size.repeats)] for m in fleet]
    unit = np.repeat([m.profile.machine_id for m in fleet], size.repeats)
    taken = np.concatenate(single)
    table = with_intervals(
        lambda rows: {
            "single_p50_ms": float(np.percentile(taken[rows], 50)),
            "single_p95_ms": float(np.percentile(taken[rows], 95)),
        },
        unit,
        draws=size.draws,
    )
    fleets = np.array([_ms(whole) for _ in range(max(size.repeats // 2, 2))])
    table |= _medians("fleet_ms", fleets, size.draws)
    if importlib.util.find_spec("shap"):
        table |= _medians("shap_fleet_s", _explaining_s(fleet, models, predictions, size.repeats), size.draws)
    table |= _medians("log_ms", _logging_ms(catalogue, fleet, predictions), size.draws)
    return table | _medians("batch_throughput_ratio", _throughput(fleet, models, size, seed), size.draws)


def _explaining_s(
    fleet: Sequence[MachineData], models: Models, predictions: Sequence[Prediction], repeats: int
) -> npt.NDArray[np.float64]:
    """Return the seconds that explaining every task of every machine takes, features included, shap warm."""
    from workbench.ml.explain import explain_machine

    def explain() -> None:
        for machine, prediction in zip(fleet, predictions, strict=True):
            explain_machine(machine, models, prediction)

    explain()
    return np.array([_ms(explain) / 1000.0 for _ in range(max(repeats // 2, 2))])


def _medians(key: str, values: npt.NDArray[np.float64], draws: int) -> Metrics:
    """Return the median of repeated timings and its bootstrap interval over the repeats."""
    return with_intervals(lambda rows: {key: float(np.median(values[rows]))}, np.arange(len(values)), draws=draws)


def _ms(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000.0


def _logging_ms(
    catalogue: Catalogue, fleet: Sequence[MachineData], predictions: Sequence[Prediction]
) -> npt.NDArray[np.float64]:
    """Return the milliseconds that writing each prediction to the records of a scratch workspace takes."""
    with tempfile.TemporaryDirectory(prefix="workbench-scoring-") as folder:
        ws = Workspace.init(Path(folder) / "scratch")
        try:
            change = ws.change("benchmark of scoring")
            for site in catalogue.sites:
                ws.sites.put(site, change)
            for machine in fleet:
                ws.machines.add(machine.profile, change)
            return np.array([_ms(partial(ws.predictions.add, p, change)) for p in predictions])
        finally:
            ws.close()


def _throughput(fleet: Sequence[MachineData], models: Models, size: Size, seed: int) -> npt.NDArray[np.float64]:
    """Return bare time over our time, once per repeat, both sides in turn on the same rows."""
    from workbench.ml.features import samples

    rng = np.random.default_rng(seed)
    pairs: list[tuple[Callable[[], Any], list[Callable[[], Any]]]] = []
    for bundle in models.bundles:
        columns = list(bundle.estimator.feature_names_)
        known = samples(fleet, bundle.spec, every=7).X[columns]
        table: pd.DataFrame = known.iloc[rng.integers(0, len(known), size.batch)].reset_index(drop=True)
        pairs.append((partial(_predict, bundle.estimator, table), bare_calls(bundle.estimator, table, seed)))
    ratios = []
    for _ in range(max(size.repeats, 2)):
        ours = sum(_ms(mine) for mine, _ in pairs)
        bare = sum(_ms(call) for _, calls in pairs for call in calls)
        ratios.append(bare / ours)
    return np.array(ratios)
