"""The Azure sample fleet, from the Parquet copies and in the publisher's own form."""

from __future__ import annotations

import pandas as pd
import pytest
from tests.telemetry.conftest import Plant, change

from workbench.domain.observations import EventKind
from workbench.errors import NotFound, RefusedFile
from workbench.store.records import Events, Machines
from workbench.telemetry.readers.azure import read_azure


@pytest.fixture(scope="module")
def publisher(datasets, tmp_path_factory):
    """The part of the set that is here, written as the publisher distributes it."""
    folder = tmp_path_factory.mktemp("azure")
    for name in ("telemetry", "errors", "maint", "failures", "machines"):
        frame = pd.read_parquet(datasets / f"azure_pdm_{name}.parquet")
        if name == "telemetry":
            frame["datetime"] = frame.datetime.dt.strftime("%-m/%-d/%Y %-I:%M:%S %p")
        frame.to_csv(folder / f"PdM_{name}.csv", index=False)
    return folder


def test_the_fleet_has_100_machines_with_their_age_and_model(datasets):
    fleet = read_azure(datasets)
    assert len(fleet.profiles) == 100
    first = fleet.profiles[0]
    assert first.machine_id == "azure_pdm_001"
    assert first.machine_type == "azure_pdm_machine"
    assert first.attributes == {"age": 18.0, "model": "model3"}
    assert [sensor.name for sensor in first.sensors] == ["volt", "rotate", "pressure", "vibration"]
    assert [mode.name for mode in first.failure_modes] == ["comp1", "comp2", "comp3", "comp4"]
    assert all("not published" in mode.source for mode in first.failure_modes)
    assert first.running_rule is None
    assert fleet.truth is None
    assert fleet.as_of.isoformat() == "2015-04-01T05:00:00+00:00"


def test_events_are_failures_replacements_and_errors(datasets):
    fleet = read_azure(datasets)
    kinds = pd.Series([event.kind for event in fleet.events]).value_counts()
    assert kinds[EventKind.FAILURE] == len(pd.read_parquet(datasets / "azure_pdm_failures.parquet"))
    assert kinds[EventKind.REPLACEMENT] == len(pd.read_parquet(datasets / "azure_pdm_maint.parquet"))
    assert kinds[EventKind.ERROR] == len(pd.read_parquet(datasets / "azure_pdm_errors.parquet"))
    failed = {(e.machine_id, e.time, e.cause) for e in fleet.events if e.kind is EventKind.FAILURE}
    repairs = [e for e in fleet.events if "repair" in e.source]
    assert repairs
    assert all((e.machine_id, e.time, e.cause) in failed for e in repairs)


def test_both_forms_say_the_same(datasets, publisher):
    ours, theirs = read_azure(datasets), read_azure(publisher)
    assert ours.events == theirs.events
    assert ours.profiles == theirs.profiles
    assert ours.as_of == theirs.as_of


def test_the_fleet_is_stored_whole(publisher, datasets, tmp_path):
    plant = Plant(tmp_path / "data")
    fleet = read_azure(publisher)
    for profile in fleet.profiles:
        Machines(plant.database).add(profile, change())
    profiles = {profile.machine_id: profile for profile in fleet.profiles}
    for table in fleet.tables():
        report = plant.archive.store(table, profiles, source=fleet.source, change=change(), events=fleet.events)
    assert (report.rows_stored, report.rows_quarantined) == (32_400, 0)
    frame = pd.read_parquet(datasets / "azure_pdm_telemetry.parquet").query("machineID == 7")
    back = plant.archive.read("azure_pdm_007")
    assert back.volt.tolist() == pytest.approx(frame.volt.tolist())
    assert plant.archive.span()[1] == fleet.as_of
    assert len(Events(plant.database).frame()) == len(set(fleet.events))


def test_missing_or_damaged_files_are_named(publisher, tmp_path):
    with pytest.raises(NotFound, match="does not exist"):
        read_azure(tmp_path / "nowhere")
    with pytest.raises(NotFound, match=r"PdM_telemetry\.csv or azure_pdm_telemetry\.parquet"):
        read_azure(tmp_path)
    for name in ("telemetry", "machines"):
        (tmp_path / f"PdM_{name}.csv").write_bytes((publisher / f"PdM_{name}.csv").read_bytes())
    assert any("no failures" in note for note in read_azure(tmp_path).notes)
    (tmp_path / "PdM_machines.csv").write_text("machineID,model\n1,model3\n")
    with pytest.raises(RefusedFile, match="'age' is missing"):
        read_azure(tmp_path)
