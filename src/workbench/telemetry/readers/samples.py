"""Public sets that are tables of labelled samples rather than fleets: AI4I, the hydraulic rig, the FEMTO bearings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from workbench.errors import RefusedFile
from workbench.telemetry.faults import FaultLog
from workbench.telemetry.readers.fleets import find, need, read_whole
from workbench.telemetry.readers.numbers import read_numbers
from workbench.telemetry.readers.sources import as_text

AI4I_INPUTS = (
    "Air temperature [K]",
    "Process temperature [K]",
    "Rotational speed [rpm]",
    "Torque [Nm]",
    "Tool wear [min]",
)
AI4I_LABELS = ("Machine failure", "TWF", "HDF", "PWF", "OSF", "RNF")
AI4I_GRADES = {"L": 0.0, "M": 1.0, "H": 2.0}
HYDRAULIC_INPUTS = (
    *(f"PS{i}" for i in range(1, 7)),
    *("FS1", "FS2", "TS1", "TS2", "TS3", "TS4", "EPS1", "VS1", "CE", "CP", "SE"),
)
HYDRAULIC_LABELS = ("cooler", "valve", "pump_leak", "accumulator")
_FEATURES = ("mean", "std", "rms", "peak", "p2p", "skew", "kurt", "crest", "shape", "impulse", "margin", "centroid")
FEMTO_INPUTS = tuple(f"{axis}_{name}" for axis in "hv" for name in (*_FEATURES, *(f"band{i}" for i in range(8))))


@dataclass(frozen=True)
class SampleTable:
    """Samples with labels. ``inputs`` may be learned from, ``labels`` are the answers, row by row.

    ``unit`` names the machine of each sample and ``order`` its place in the experiment (product, cycle, snapshot);
    both serve to split and are no inputs. ``extra`` holds what the publisher says beside.
    """

    source: str
    inputs: pd.DataFrame
    labels: pd.DataFrame
    unit: pd.Series
    order: pd.Series
    extra: pd.DataFrame
    file: Path


def read_ai4i(folder: Path) -> SampleTable:
    """Read ``ai4i2020.csv`` or ``ai4i2020.parquet``: one product of a milling machine a row.

    The inputs are the five readings and ``Type`` as quality 0 (L), 1 (M), 2 (H); the labels are the failure and its
    five published modes, which never are inputs. Raises ``NotFound`` or ``RefusedFile``.
    """
    return _ai4i(need(folder, "AI4I set", "ai4i2020.csv", "ai4i2020.parquet"))


def read_ai4i_holdout(folder: Path) -> SampleTable | None:
    """Read the part of AI4I that is kept apart; None where there is none."""
    path = find(folder, "ai4i2020_holdout.csv", "ai4i2020_holdout.parquet")
    return None if path is None else _ai4i(path)


def _ai4i(path: Path) -> SampleTable:
    table = read_whole(path, "UDI", "Type", *AI4I_INPUTS, *AI4I_LABELS)
    inputs = _numbers(path, table, AI4I_INPUTS)
    grades = as_text(table.column("Type")).to_pylist()
    strange = sorted({str(grade) for grade in grades} - set(AI4I_GRADES))
    if strange:
        raise RefusedFile(f"{path}: Type is {strange[0]!r}, not one of L, M, H.", "Download the file again.")
    inputs.insert(0, "Type", [AI4I_GRADES[grade] for grade in grades])
    return SampleTable(
        source="AI4I 2020",
        inputs=inputs,
        labels=_whole(path, table, AI4I_LABELS, allowed=(0, 1)),
        unit=pd.Series(["milling_machine"] * len(inputs), dtype=object),
        order=_whole(path, table, ("UDI",))["UDI"],
        extra=pd.DataFrame(index=inputs.index),
        file=path,
    )


def read_hydraulic(folder: Path) -> SampleTable:
    """Read ``hydraulic_cycle_means.parquet``: the sensors' means over a 60 s load cycle of a rig a row.

    The labels are the graded states of cooler, valve, pump and accumulator. Raises ``NotFound`` or ``RefusedFile``.
    """
    return _hydraulic(need(folder, "hydraulic set", "hydraulic_cycle_means.parquet"))


def read_hydraulic_holdout(folder: Path) -> SampleTable | None:
    """Read the cycles that are kept apart; None where there are none."""
    path = find(folder, "hydraulic_cycle_means_holdout.parquet")
    return None if path is None else _hydraulic(path)


def _hydraulic(path: Path) -> SampleTable:
    table = read_whole(path, *HYDRAULIC_INPUTS, *HYDRAULIC_LABELS, "cycle")
    inputs = _numbers(path, table, HYDRAULIC_INPUTS)
    flagged = tuple(name for name in ("stable_flag",) if name in table.column_names)
    return SampleTable(
        source="ZeMA hydraulic rig",
        inputs=inputs,
        labels=_whole(path, table, HYDRAULIC_LABELS),
        unit=pd.Series(["hydraulic_rig"] * len(inputs), dtype=object),
        order=_whole(path, table, ("cycle",))["cycle"],
        extra=_whole(path, table, flagged).set_axis(inputs.index),
        file=path,
    )


def read_femto(folder: Path) -> SampleTable:
    """Read ``femto_features.parquet``: a 0.1 s vibration snapshot of a bearing a row, one every 10 s, until it fails.

    The label is ``rul_s``; ``extra`` holds ``condition`` (of load and speed) and ``in_test_set`` (shown by the
    challenge). Rows are ordered by bearing and snapshot. Raises ``NotFound`` or ``RefusedFile``.
    """
    return _femto(need(folder, "FEMTO bearings", "femto_features.parquet"))


def read_femto_holdout(folder: Path) -> SampleTable | None:
    """Read the bearings that are kept apart; None where there are none."""
    path = find(folder, "femto_features_holdout.parquet")
    return None if path is None else _femto(path)


def _femto(path: Path) -> SampleTable:
    table = read_whole(path, "bearing", "snapshot", "condition", "in_test_set", "rul_s", *FEMTO_INPUTS)
    bearing = pd.Series(as_text(table.column("bearing")).to_pylist(), dtype=object)
    order = _whole(path, table, ("snapshot",))["snapshot"]
    extra = _whole(path, table, ("condition", "in_test_set"))
    extra["in_test_set"] = extra["in_test_set"] == 1
    sort = np.lexsort((order.to_numpy(), bearing.to_numpy().astype(str)))

    def ordered(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.iloc[sort].reset_index(drop=True)

    return SampleTable(
        source="FEMTO bearings (PRONOSTIA)",
        inputs=ordered(_numbers(path, table, FEMTO_INPUTS)),
        labels=ordered(_whole(path, table, ("rul_s",))),
        unit=bearing.iloc[sort].reset_index(drop=True),
        order=order.iloc[sort].reset_index(drop=True),
        extra=ordered(extra),
        file=path,
    )


def _numbers(path: Path, table: pa.Table, columns: tuple[str, ...]) -> pd.DataFrame:
    faults = FaultLog()
    rows = np.arange(1, table.num_rows + 1)
    values = {name: read_numbers(table.column(name), rows, faults, name, ".").to_numpy() for name in columns}
    if faults.found:
        fault = faults.found[0]
        raise RefusedFile(
            f"{path}: row {fault.rows[0]}, column {fault.column}: {fault.reason}.", "Download the file again."
        )
    return pd.DataFrame(values)


def _whole(path: Path, table: pa.Table, columns: tuple[str, ...], *, allowed: tuple[int, ...] = ()) -> pd.DataFrame:
    frame = _numbers(path, table, columns)
    for name in columns:
        wrong = frame[name].isna() | (frame[name] % 1 != 0)
        if allowed:
            wrong |= ~frame[name].isin(allowed)
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            told = f"one of {', '.join(map(str, allowed))}" if allowed else "a whole number"
            raise RefusedFile(
                f"{path}: row {row + 1}, column {name}: {frame[name].iloc[row]} is not {told}.",
                "Download the file again.",
            )
    return frame.astype(np.int64)
