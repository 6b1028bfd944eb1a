"""SKAB, NAB and MetroPT-3 as their publishers distribute them, and in the Parquet form."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from workbench.errors import NotFound, RefusedFile
from workbench.telemetry.readers.metropt3 import read_metropt3
from workbench.telemetry.readers.nab import read_nab
from workbench.telemetry.readers.skab import SENSORS, read_skab

SERIES = "machine_temperature_system_failure"


@pytest.fixture(scope="module")
def skab_folder(datasets, tmp_path_factory):
    """Three files of SKAB as the publisher's semicolon CSV."""
    folder = tmp_path_factory.mktemp("skab")
    frame = pd.read_parquet(datasets / "skab.parquet")
    for group, name in (("anomaly-free", "anomaly-free"), ("valve1", "2"), ("valve1", "10")):
        (folder / group).mkdir(exist_ok=True)
        mine = frame[(frame["group"] == group) & (frame["file"] == name)].drop(columns=["group", "file"])
        if group == "anomaly-free":
            mine = mine.drop(columns=["anomaly", "changepoint"])
        mine.to_csv(folder / group / f"{name}.csv", sep=";", index=False)
    return folder


@pytest.fixture(scope="module")
def nab_folder(datasets, tmp_path_factory):
    """The machine's series and the windows, laid out as in the publisher's repository."""
    folder = tmp_path_factory.mktemp("nab")
    (folder / "data" / "realKnownCause").mkdir(parents=True)
    (folder / "labels").mkdir()
    frame = pd.read_parquet(datasets / "nab_machine_temperature.parquet")
    frame[["timestamp", "value"]].to_csv(folder / "data" / "realKnownCause" / f"{SERIES}.csv", index=False)
    windows = json.loads((datasets / "nab_windows.json").read_text())
    windows["realKnownCause/other.csv"] = []
    (folder / "labels" / "combined_windows.json").write_text(json.dumps(windows))
    return folder


def test_skab_reads_the_same_in_both_forms(skab_folder, datasets):
    published = {(one.group, one.name): one for one in read_skab(skab_folder)}
    assert list(published) == [("anomaly-free", "anomaly-free"), ("valve1", "2"), ("valve1", "10")]
    parquet = {(one.group, one.name): one for one in read_skab(datasets)}
    for key, record in published.items():
        pd.testing.assert_frame_equal(record.readings, parquet[key].readings, check_dtype=False)
        if record.anomalous is None:
            assert key[0] == "anomaly-free"
        else:
            np.testing.assert_array_equal(record.anomalous, parquet[key].anomalous)


def test_skab_holds_the_labels_apart_from_the_readings(datasets):
    records = [one for one in read_skab(datasets) if one.group == "valve1"]
    assert [one.name for one in records] == [str(k) for k in range(16)]
    for record in records:
        assert list(record.readings.columns) == ["time", *SENSORS]
        assert record.readings["time"].is_monotonic_increasing
        assert 0.2 < record.anomalous.mean() < 0.5


def test_nab_reads_the_same_in_both_forms(nab_folder, datasets):
    (published,), (parquet,) = read_nab(nab_folder), read_nab(datasets)
    assert (published.name, parquet.name) == (SERIES, "machine_temperature")
    pd.testing.assert_frame_equal(published.readings, parquet.readings, check_dtype=False)
    assert published.windows == parquet.windows


def test_nab_windows_are_rows_and_a_clock_set_back_goes_on(datasets):
    frame = pd.read_parquet(datasets / "nab_machine_temperature.parquet")
    (series,) = read_nab(datasets)
    inside = np.zeros(len(frame), dtype=bool)
    for first, last in series.windows:
        inside[first : last + 1] = True
    np.testing.assert_array_equal(inside, frame["in_window"].to_numpy())
    assert (frame["timestamp"].diff().dt.total_seconds() < 0).sum() == 1
    assert (series.readings["time"].diff().dropna() == pd.Timedelta(minutes=5)).all()


def test_metropt3_has_fifteen_sensors_by_the_hour(datasets):
    readings, path = read_metropt3(datasets)
    assert path.name == "metropt3_hourly.parquet"
    assert readings.shape == (5116, 16)
    assert str(readings["time"].dt.tz) == "UTC"


def test_what_is_not_there_is_named(tmp_path):
    for read in (read_skab, read_nab, read_metropt3):
        with pytest.raises(NotFound, match=str(tmp_path)):
            read(tmp_path)


def test_damaged_files_are_refused(tmp_path):
    (tmp_path / "valve1").mkdir()
    head = ";".join(("datetime", *SENSORS, "anomaly", "changepoint"))
    path = tmp_path / "valve1" / "0.csv"
    for body, told in (
        (head.replace("Pressure;", ""), "column Pressure is missing"),
        (head, "holds no row"),
        (f"{head}\n2020-01-01 00:00:00;{';'.join(['1'] * 7)};abc;0;0", "no number"),
        (f"{head}\nyesterday;{';'.join(['1'] * 8)};0;0", "a time cannot be read"),
    ):
        path.write_text(body)
        with pytest.raises(RefusedFile, match=told):
            read_skab(tmp_path)


def test_nab_windows_must_lie_in_their_series(nab_folder, tmp_path):
    import shutil

    shutil.copytree(nab_folder, tmp_path / "nab")
    labels = tmp_path / "nab" / "labels" / "combined_windows.json"
    labels.write_text(json.dumps({f"realKnownCause/{SERIES}.csv": [["2001-01-01", "2001-01-02"]]}))
    with pytest.raises(RefusedFile, match="does not lie in"):
        read_nab(tmp_path)
    labels.write_text("[]")
    with pytest.raises(RefusedFile, match="holds no windows"):
        read_nab(tmp_path)
