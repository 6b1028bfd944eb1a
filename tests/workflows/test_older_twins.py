"""A workspace of an older release gets this release's twin sections where nobody edited them, and is told where somebody did."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.catalog import load_catalogue
from workbench.domain.equipment import MachineProfile
from workbench.workflows.admission import enter_machine
from workbench.workflows.doctor import examine
from workbench.workflows.onboard import add_catalogue
from workbench.workflows.twin.shipped import CATALOGUE
from workbench.workflows.upgrade import upgrade_workspace
from workbench.workspace import Workspace

KEPT, EDITED, OWN = "motor_siemens_1la7_001", "pump_grundfos_cr3_004", "fan_greenheck_bisw_015"
SHIPPED = {machine.machine_id: machine for machine in load_catalogue().machines}


def with_load(profile: MachineProfile, share: float) -> MachineProfile:
    """Return the profile with another usual load in its twin section."""
    return profile.model_copy(update={"twin": profile.twin.model_copy(update={"load_mean": share})})


@pytest.fixture(name="old")
def _old(tmp_path):
    """Two machines as an older release shipped them, one of which somebody edited since, and one that somebody made."""
    path = tmp_path / "W"
    with Workspace.init(path) as ws:
        add_catalogue(ws, only=())
        with ws.transaction() as tx:
            for machine_id in (KEPT, EDITED):
                enter_machine(tx, with_load(SHIPPED[machine_id], 0.41), tx.change(CATALOGUE))
            enter_machine(tx, with_load(SHIPPED[OWN], 0.41), tx.change("own profile"))
        kept = ws.machines.get(KEPT)
        ws.machines.update(kept.model_copy(update={"title": "Our first motor"}), ws.change("its name"))
        ws.machines.update(with_load(ws.machines.get(EDITED), 0.66), ws.change("our load"))
    return path


def told(path):
    return next(one for one in examine(path) if one.check == "twin sections")


def test_only_sections_that_nobody_edited_are_refreshed(old):
    assert told(old).state == "absent"
    assert "workbench upgrade" in told(old).remedy
    said = upgrade_workspace(old)
    assert "1 machine has the twin section of this release now" in said
    assert f"edited stay as they are: {EDITED}." in said
    with Workspace.open(old) as ws:
        assert ws.machines.get(KEPT) == SHIPPED[KEPT].model_copy(update={"title": "Our first motor"})
        assert ws.machines.get(EDITED).twin.load_mean == 0.66
        assert ws.machines.get(OWN).twin.load_mean == 0.41
        assert [number for number, _, _ in ws.machines.versions(KEPT)] == [1, 2, 3]
    assert told(old).state == "ok"
    assert EDITED in told(old).found
    assert "1 machine has" not in upgrade_workspace(old)


def without(value: Any, sensor: str) -> Any:
    """Return plain values without the keys and items of a sensor; where one must be named, another is."""
    if isinstance(value, dict):
        return {key: without(one, sensor) for key, one in value.items() if key != sensor}
    if isinstance(value, list | tuple):
        named = [isinstance(one, dict) and sensor in (one.get("name"), one.get("sensor")) for one in value]
        return [without(one, sensor) for one, gone in zip(value, named, strict=True) if not gone and one != sensor]
    return "vibration_rms_mm_s" if value == sensor else value


def test_a_section_for_sensors_that_the_machine_lacks_is_not_forced_on_it(tmp_path):
    lacking = MachineProfile.model_validate(without(SHIPPED[KEPT].model_dump(), "acceleration_rms_g"))
    with Workspace.init(tmp_path / "W") as ws:
        add_catalogue(ws, only=())
        with ws.transaction() as tx:
            enter_machine(tx, lacking, tx.change(CATALOGUE))
    assert f"stay as they are: {KEPT}" in upgrade_workspace(tmp_path / "W")
    with Workspace.open(tmp_path / "W") as ws:
        assert ws.machines.get(KEPT) == lacking


def test_a_workspace_of_this_release_is_told_nothing_of_twins(tmp_path):
    with Workspace.init(tmp_path / "W") as ws:
        add_catalogue(ws, only=(KEPT,))
    assert "twin" not in upgrade_workspace(tmp_path / "W")
    assert told(tmp_path / "W").state == "ok"
