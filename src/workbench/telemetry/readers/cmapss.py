"""Reads NASA's C-MAPSS turbofan sets: simulated engines run to failure, counted in cycles."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa

from workbench.domain.equipment import (
    Economics,
    FailureMode,
    LifeUnit,
    MachineProfile,
    Repair,
    Sensor,
    SensorRole,
    Site,
    Symptom,
)
from workbench.domain.observations import AssetEvent, EventKind
from workbench.domain.units import quantity_of
from workbench.errors import InputError, NotFound, RefusedFile
from workbench.telemetry.blocks import TIME_TYPE
from workbench.telemetry.readers.fleets import FleetSource, find
from workbench.telemetry.segments import micros

if TYPE_CHECKING:
    from collections.abc import Iterator

SUBSETS = ("FD001", "FD002", "FD003", "FD004")
AS_OF = datetime(2020, 1, 1, tzinfo=UTC)
FAILURE = "engine_failure"
DAY_US = 86_400_000_000
SETTINGS = ("setting_1", "setting_2", "setting_3")
COLUMNS = ("unit", "cycle", *SETTINGS, *(f"s{i}" for i in range(1, 22)))
# s1..s21: what it is, unit. Flows and ratios without a unit of ours stay plain numbers.
_MEASURED = (
    ("Total temperature at fan inlet", "degR"),
    ("Total temperature at LPC outlet", "degR"),
    ("Total temperature at HPC outlet", "degR"),
    ("Total temperature at LPT outlet", "degR"),
    ("Pressure at fan inlet", "psi"),
    ("Total pressure in bypass duct", "psi"),
    ("Total pressure at HPC outlet", "psi"),
    ("Physical fan speed", "rpm"),
    ("Physical core speed", "rpm"),
    ("Engine pressure ratio", "1"),
    ("Static pressure at HPC outlet", "psi"),
    ("Ratio of fuel flow to Ps30", "1"),
    ("Corrected fan speed", "rpm"),
    ("Corrected core speed", "rpm"),
    ("Bypass ratio", "1"),
    ("Burner fuel-air ratio", "1"),
    ("Bleed enthalpy", "1"),
    ("Demanded fan speed", "rpm"),
    ("Demanded corrected fan speed", "rpm"),
    ("HPT coolant bleed (lbm/s)", "1"),
    ("LPT coolant bleed (lbm/s)", "1"),
)


def machine_id(subset: str, part: str, unit: int) -> str:
    """Return our id of an engine.

    >>> machine_id("FD001", "train", 3)
    'cmapss_fd001_train_003'
    """
    return f"cmapss_{subset.lower()}_{part}_{unit:03d}"


def read_cmapss(folder: Path, subset: str = "FD001") -> FleetSource:
    """Read ``train_FD00N.txt``, ``test_FD00N.txt``, ``RUL_FD00N.txt`` or ``cmapss_*_FD00N.parquet`` in ``folder``.

    A cycle becomes a day of synthetic time, every engine's last cycle falls on 2020-01-01T00:00Z; the ``life``
    column is the cycle. Training engines get a failure at their last cycle. The published RUL of the test engines
    is in ``truth`` (``machine_id``, ``rul``) only. Either part may be absent. Raises ``NotFound``, ``RefusedFile``.
    """
    subset = subset.upper()
    if subset not in SUBSETS:
        raise InputError(f"C-MAPSS has no subset {subset!r}.", f"Use one of: {', '.join(SUBSETS)}.")
    paths = {
        part: find(folder, f"{part}_{subset}.txt", f"cmapss_{part}_{subset}.parquet")
        for part in ("train", "test", "RUL")
    }
    if paths["train"] is None and paths["test"] is None:
        raise NotFound(
            f"{folder} holds neither train_{subset}.txt nor cmapss_train_{subset}.parquet nor the test part.",
            "Give the folder of the C-MAPSS files.",
        )
    frames = {part: _read(path) for part, path in paths.items() if path is not None and part != "RUL"}
    learned = frames.get("train", frames.get("test"))
    assert learned is not None  # noqa: S101 - one of the two was found
    sensors = tuple(_sensors(learned))
    modes = (_failure_mode(frames["train"], subset),) if "train" in frames else ()
    rated = float(frames["train"].groupby("unit")["cycle"].max().median()) if "train" in frames else 200.0
    profiles: list[MachineProfile] = []
    events: list[AssetEvent] = []
    for part, frame in frames.items():
        for unit in frame["unit"].unique().tolist():
            profiles.append(_profile(subset, part, unit, sensors, modes, rated))
            if part == "train":
                events.append(
                    AssetEvent(
                        machine_id=machine_id(subset, part, unit),
                        time=AS_OF,
                        kind=EventKind.FAILURE,
                        cause=FAILURE,
                        source=f"C-MAPSS {subset}: the training engines run to failure",
                    )
                )
    truth, notes = _truth(paths["RUL"], frames.get("test"), subset)
    return FleetSource(
        source=f"C-MAPSS {subset}",
        site=Site(site_id="cmapss", title="C-MAPSS simulated turbofans", time_zone="UTC", latitude=0.0, longitude=0.0),
        profiles=tuple(profiles),
        readings=tuple(_readings(frame, subset, part) for part, frame in frames.items()),
        events=tuple(events),
        as_of=AS_OF,
        truth=truth,
        notes=(f"{subset}: one cycle is one day of synthetic time; simulated engines", *notes),
        files=tuple(path for path in paths.values() if path is not None),
    )


def _read(path: Path) -> pd.DataFrame:
    try:
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
        else:
            frame = pd.read_csv(path, sep=r"\s+", header=None)
            if frame.shape[1] != len(COLUMNS):
                raise RefusedFile(f"{path} has {frame.shape[1]} columns, not {len(COLUMNS)}.", "Download it again.")
            frame.columns = pd.Index(COLUMNS)
    except (ValueError, OSError) as error:
        raise RefusedFile(
            f"{path} cannot be read ({str(error).splitlines()[0][:200]}).", "It may be half written: download it again."
        ) from error
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing:
        raise RefusedFile(f"{path}: column {', '.join(missing)} is missing.", "Download it again.")
    if not all(pd.api.types.is_numeric_dtype(frame[name]) for name in COLUMNS) or frame[["unit", "cycle"]].isna().any(
        axis=None
    ):
        raise RefusedFile(f"{path} holds something that is no number.", "It may be half written: download it again.")
    return frame[list(COLUMNS)].astype({"unit": int, "cycle": int}).sort_values(["unit", "cycle"], ignore_index=True)


def _readings(frame: pd.DataFrame, subset: str, part: str) -> pa.Table:
    last = frame.groupby("unit")["cycle"].transform("max")
    times = micros(AS_OF) - (last - frame["cycle"]).to_numpy(np.int64) * DAY_US
    units, codes = np.unique(frame["unit"].to_numpy(), return_inverse=True)
    ids = pa.DictionaryArray.from_arrays(
        codes.astype(np.int32), [machine_id(subset, part, int(unit)) for unit in units]
    )
    values = {name: pa.array(frame[name].to_numpy(np.float64), from_pandas=True) for name in COLUMNS[2:]}
    life = pa.array(frame["cycle"].to_numpy(np.float64))
    return pa.table({"machine_id": ids, "time": pa.array(times).cast(TIME_TYPE), **values, "life": life})


def _sensors(frame: pd.DataFrame) -> Iterator[Sensor]:
    """Yield the sensors with the range of the first 30 % of each engine's cycles as the normal one."""
    early = frame[frame["cycle"] <= 0.3 * frame.groupby("unit")["cycle"].transform("max")]
    low, high = early.min(), early.max()
    titles = [(name, f"Operational setting {i}", "1") for i, name in enumerate(SETTINGS, 1)]
    titles += [(f"s{i}", title, unit) for i, (title, unit) in enumerate(_MEASURED, 1)]
    for name, title, unit in titles:
        yield Sensor(
            name=name,
            title=title,
            quantity=quantity_of(unit),
            unit=unit,
            role=SensorRole.OPERATING if name in SETTINGS else SensorRole.INDICATOR,
            normal_low=float(low[name]),
            normal_high=float(high[name]),
            physical_low=-100_000.0,
            physical_high=100_000.0,
        )


def _symptoms(train: pd.DataFrame) -> list[Symptom]:
    """Return the sensors that differ most between late and early life, per operating condition."""
    names = [f"s{i}" for i in range(1, 22)]
    condition = train["setting_1"].round(0).astype(str) + "/" + train["setting_2"].round(1).astype(str)
    share = train["cycle"] / train.groupby("unit")["cycle"].transform("max")
    early, late = train[share <= 0.3], train[share > 0.9]
    by = condition[early.index]
    mean, deviation = early.groupby(by)[names].mean(), early.groupby(by)[names].std()
    where = condition[late.index]
    change = (late[names] - mean.reindex(where).to_numpy()) / deviation.where(deviation > 1e-6).reindex(
        where
    ).to_numpy()
    effect = change.mean().dropna()
    strongest = effect.reindex(effect.abs().sort_values(ascending=False).index).head(6)
    return [
        Symptom(sensor=name, direction="rises" if value > 0 else "falls", weight=1.0)
        for name, value in strongest.items()
    ]


def _failure_mode(train: pd.DataFrame, subset: str) -> FailureMode:
    symptoms = _symptoms(train)
    return FailureMode(
        name=FAILURE,
        title="Engine performance falls below the limit",
        iso14224_code="LOO",
        mechanism="loss of efficiency and flow, as simulated by the publisher",
        indicator=symptoms[0].sensor,
        pf_interval_h=(15 * 24.0, 125 * 24.0),
        symptoms=tuple(symptoms),
        repair=Repair(
            skill="turbine",
            labour_h=120.0,
            repair_h=72.0,
            technicians=2,
            steps=("Remove the engine.", "Inspect compressor, fan and turbine.", "Overhaul the engine.", "Test it."),
        ),
        source=f"symptoms computed from the training engines of {subset}; the rest generic, not from the publisher",
    )


def _profile(
    subset: str, part: str, unit: int, sensors: tuple[Sensor, ...], modes: tuple[FailureMode, ...], rated: float
) -> MachineProfile:
    return MachineProfile(
        machine_id=machine_id(subset, part, unit),
        machine_type=f"turbofan_cmapss_{subset.lower()}",
        title=f"C-MAPSS {subset} {part} engine {unit}",
        manufacturer="NASA (simulated)",
        model=f"C-MAPSS {subset}",
        site_id="cmapss",
        life_unit=LifeUnit.CYCLE,
        rated_life=rated,
        sensors=sensors,
        failure_modes=modes,
        economics=Economics(production_loss_per_h=50_000, source="generic, not from the publisher"),
    )


def _truth(path: Path | None, test: pd.DataFrame | None, subset: str) -> tuple[pd.DataFrame | None, tuple[str, ...]]:
    if path is None or test is None:
        return None, (f"{subset}: the published RUL is not there",) if test is not None else ()
    try:
        frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path, sep=r"\s+", header=None)
    except (ValueError, OSError) as error:
        raise RefusedFile(f"{path} cannot be read ({error}).", "Download it again.") from error
    rul = frame["rul" if "rul" in frame.columns else frame.columns[0]].to_numpy(np.float64)
    units = sorted(test["unit"].unique().tolist())
    if len(rul) != len(units):
        raise RefusedFile(f"{path} holds {len(rul)} figures for {len(units)} test engines.", "Use matching files.")
    ids = [machine_id(subset, "test", unit) for unit in units]
    return pd.DataFrame({"machine_id": ids, "rul": rul}), ()
