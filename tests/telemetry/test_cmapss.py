"""The C-MAPSS turbofans, from the Parquet copies and in the publisher's own form."""

from __future__ import annotations

import pandas as pd
import pytest
from tests.telemetry.conftest import Plant, change

from workbench.domain.equipment import LifeUnit, SensorRole
from workbench.errors import InputError, NotFound, RefusedFile
from workbench.store.records import Machines
from workbench.telemetry.readers.cmapss import AS_OF, read_cmapss


@pytest.fixture(scope="module")
def publisher(datasets, tmp_path_factory):
    """FD001 written as the publisher distributes it: no header, two trailing blanks."""
    folder = tmp_path_factory.mktemp("cmapss")
    for part in ("train", "test"):
        frame = pd.read_parquet(datasets / f"cmapss_{part}_FD001.parquet").astype(float).round(4)
        frame = frame.astype({"unit": int, "cycle": int})
        lines = [" ".join(str(value) for value in row) + "  " for row in frame.itertuples(index=False)]
        (folder / f"{part}_FD001.txt").write_text("\n".join(lines) + "\n")
    rul = pd.read_parquet(datasets / "cmapss_RUL_FD001.parquet").rul
    (folder / "RUL_FD001.txt").write_text("\n".join(f"{value} " for value in rul) + "\n")
    return folder


def test_engines_end_at_one_instant_and_training_engines_fail_there(datasets):
    fleet = read_cmapss(datasets, "FD001")
    assert len(fleet.profiles) == 200
    assert fleet.as_of == AS_OF
    assert len(fleet.events) == 100
    assert {(e.kind, e.cause, e.time) for e in fleet.events} == {("failure", "engine_failure", AS_OF)}
    assert all("_train_" in e.machine_id for e in fleet.events)
    profile = fleet.profiles[0]
    assert profile.machine_type == "turbofan_cmapss_fd001"
    assert profile.life_unit is LifeUnit.CYCLE
    assert [s.name for s in profile.sensors if s.role is SensorRole.OPERATING] == [
        "setting_1",
        "setting_2",
        "setting_3",
    ]
    assert len(profile.sensors) == 24
    for table in fleet.tables():
        frame = table.to_pandas()
        last = frame.sort_values("life").groupby("machine_id", observed=True).last()
        assert (last.time == pd.Timestamp(AS_OF)).all()


def test_the_truth_of_the_test_engines_is_kept_apart(datasets):
    fleet = read_cmapss(datasets, "FD001")
    rul = pd.read_parquet(datasets / "cmapss_RUL_FD001.parquet").rul
    assert fleet.truth.rul.tolist() == rul.tolist()
    assert fleet.truth.machine_id[2] == "cmapss_fd001_test_003"
    assert all("rul" not in name.lower() for table in fleet.tables() for name in table.column_names)


def test_both_forms_say_the_same(datasets, publisher):
    ours, theirs = read_cmapss(datasets), read_cmapss(publisher)
    assert [p.machine_id for p in ours.profiles] == [p.machine_id for p in theirs.profiles]
    assert ours.events == theirs.events
    assert ours.truth.equals(theirs.truth)
    for a, b in zip(ours.tables(), theirs.tables(), strict=True):
        left, right = a.to_pandas(), b.to_pandas()
        assert left.time.equals(right.time)
        pd.testing.assert_frame_equal(left.iloc[:, 2:], right.iloc[:, 2:], atol=1e-3)


def test_engines_are_stored_and_read_back(datasets, tmp_path):
    plant = Plant(tmp_path / "data")
    fleet = read_cmapss(datasets)
    chosen = fleet.profiles[:3]
    for profile in chosen:
        Machines(plant.database).add(profile, change())
    table = fleet.readings[0]
    names = {profile.machine_id for profile in chosen}
    kept = table.filter([name in names for name in table.column("machine_id").to_pylist()])
    report = plant.archive.store(kept, {p.machine_id: p for p in chosen}, source=fleet.source, change=change())
    assert report.rows_quarantined == 0
    frame = pd.read_parquet(datasets / "cmapss_train_FD001.parquet").query("unit == 2")
    back = plant.archive.read("cmapss_fd001_train_002")
    assert back.life.tolist() == frame.cycle.tolist()
    assert back.s11.tolist() == frame.s11.tolist()
    assert list(back.columns[:5]) == ["time", "setting_1", "setting_2", "setting_3", "s1"]


def test_symptoms_come_from_the_training_engines(datasets):
    mode = read_cmapss(datasets).profiles[0].failure_modes[0]
    moves = {symptom.sensor: symptom.direction for symptom in mode.symptoms}
    assert moves["s4"] == "rises"
    assert moves["s12"] == "falls"
    assert "computed from the training engines" in mode.source


def test_faults_are_named(publisher, datasets, tmp_path):
    with pytest.raises(InputError, match="no subset 'FD009'"):
        read_cmapss(datasets, "FD009")
    with pytest.raises(NotFound, match=r"train_FD001\.txt"):
        read_cmapss(tmp_path)
    whole = (publisher / "train_FD001.txt").read_text()
    (tmp_path / "train_FD001.txt").write_text(whole[: len(whole) // 2])
    assert len(read_cmapss(tmp_path).profiles) < 100
    (tmp_path / "train_FD001.txt").write_text(whole[:5000].replace("1 2 ", "1 two ", 1))
    with pytest.raises(RefusedFile, match="no number"):
        read_cmapss(tmp_path)
    (tmp_path / "train_FD001.txt").write_text("1 2 3\n4 5 6\n")
    with pytest.raises(RefusedFile, match="3 columns, not 26"):
        read_cmapss(tmp_path)
    (tmp_path / "train_FD001.txt").unlink()
    (tmp_path / "test_FD001.txt").write_bytes((publisher / "test_FD001.txt").read_bytes())
    (tmp_path / "RUL_FD001.txt").write_text("1\n2\n")
    with pytest.raises(RefusedFile, match="2 figures for 100 test engines"):
        read_cmapss(tmp_path)
