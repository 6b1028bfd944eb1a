"""Machines keep every version of their profile, and every change is in the event log."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from workbench.domain.base import Change
from workbench.domain.equipment import MachineProfile, MachineStatus
from workbench.errors import InputError, NotFound
from workbench.store.database import Database
from workbench.store.records import EventLog, Machines

Make = Callable[..., MachineProfile]


def test_a_profile_comes_back_as_it_was_given(database: Database, profile: Make, change: Change) -> None:
    Machines(database).add(profile(title="Förderpumpe"), change)
    assert Machines(database).get("pump_01") == profile(title="Förderpumpe")
    assert Machines(database).status("pump_01") is MachineStatus.ONLINE


def test_the_same_machine_again_changes_nothing_and_another_is_refused(
    database: Database, profile: Make, change: Change
) -> None:
    machines = Machines(database)
    machines.add(profile(), change)
    machines.add(profile(), change)
    assert len(EventLog(database).entries("machine", "pump_01")) == 1
    with pytest.raises(InputError, match="another profile"):
        machines.add(profile(title="Another pump"), change)


def test_an_update_is_a_new_version_and_the_old_one_is_kept(database: Database, profile: Make, change: Change) -> None:
    machines = Machines(database)
    machines.add(profile(), change)
    assert machines.update(profile(title="Rebuilt pump", machine_type="pump"), change) == 2
    assert machines.update(profile(title="Rebuilt pump", machine_type="pump"), change) == 2
    assert machines.get("pump_01").title == "Rebuilt pump"
    assert [(number, kept.title) for number, _, kept in machines.versions("pump_01")] == [
        (1, "Feed pump"),
        (2, "Rebuilt pump"),
    ]
    assert [found.title for found in machines.all()] == ["Rebuilt pump"]
    assert machines.types() == {"pump_01": "pump"}


def test_the_log_tells_who_changed_what_and_why_with_before_and_after(
    database: Database, profile: Make, change: Change
) -> None:
    machines = Machines(database)
    machines.add(profile(), change)
    machines.update(profile(title="Rebuilt pump"), change)
    machines.set_status("pump_01", MachineStatus.MAINTENANCE, change)
    machines.set_status("pump_01", MachineStatus.MAINTENANCE, change)
    status, changed, added = EventLog(database).entries("machine", "pump_01")
    assert (added.actor, added.role, added.reason, added.at) == ("ada", "operator", "a test", change.at)
    assert (added.action, added.before) == ("added", None)
    assert (json.loads(changed.before or "")["title"], json.loads(changed.after or "")["title"]) == (
        "Feed pump",
        "Rebuilt pump",
    )
    assert (status.before, status.after) == ('{"status": "ONLINE"}', '{"status": "MAINTENANCE"}')
    assert machines.statuses() == {"pump_01": MachineStatus.MAINTENANCE}


def test_a_misspelt_machine_is_answered_with_the_right_name(fleet: Database, change: Change) -> None:
    machines = Machines(fleet)
    for ask in (machines.get, machines.status, machines.versions):
        with pytest.raises(NotFound, match="Did you mean 'pump_01'"):
            ask("pump_1")
    with pytest.raises(NotFound, match="Known: fan_02, pump_01"):
        machines.set_status("conveyor", MachineStatus.OFFLINE, change)
