"""New machines wait for an approval unless an admin adds them; until then they are not scored and get no orders."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.catalog import load_catalogue
from workbench.domain.approvals import ApprovalKind, ApprovalState
from workbench.domain.base import Actor, Role
from workbench.domain.equipment import MachineStatus
from workbench.errors import InputError, NotPermitted
from workbench.workflows.approvals import approve, pending_approvals, reject
from workbench.workflows.cycle import run_cycle
from workbench.workflows.onboard import add_catalogue, add_machine, chosen_machines, create_workspace, save_profile
from workbench.workflows.orders import raise_ticket
from workbench.workflows.score import predict

OLGA = Actor(id="olga", role=Role.OPERATOR)
SAM = Actor(id="sam", role=Role.SUPERVISOR)
PUMP, FAN = "pump_grundfos_cr3_004", "fan_nicotra_gebhardt_rdh_014"


@pytest.fixture
def ws(tmp_path: Path):
    with create_workspace(tmp_path / "W", settings={"as_of": "2026-01-01T00:00:00+00:00"}) as workspace:
        add_catalogue(workspace, only=(PUMP,))
        yield workspace


@pytest.fixture
def fan():
    return next(profile for profile in load_catalogue().machines if profile.machine_id == FAN)


def test_what_an_admin_adds_is_approved_at_once_and_says_so(ws):
    assert ws.machines.status(PUMP) is MachineStatus.ONLINE
    approval = ws.approvals.latest(ApprovalKind.MACHINE, PUMP)
    assert (approval.state, approval.decided_by) == (ApprovalState.APPROVED, ws.actor.id)
    assert approval.comment == "approved at once: an admin added it"
    add_catalogue(ws, only=(PUMP,))
    assert len(ws.approvals.all()) == 1


def test_an_operators_machine_is_not_scored_until_it_is_approved(ws, fan):
    save_profile(ws, fan, actor=OLGA)
    assert ws.machines.status(FAN) is MachineStatus.PENDING
    assert [one.subject for one in pending_approvals(ws)] == [FAN]
    assert [prediction.machine_id for prediction in predict(ws)] == [PUMP]
    with pytest.raises(InputError, match="is not approved: it waits for an approval, asked for by olga"):
        predict(ws, [FAN])
    with pytest.raises(InputError, match=f"workbench approvals approve machine {FAN}"):
        raise_ticket(ws, FAN, "noisy", actor=OLGA)
    with pytest.raises(NotPermitted):
        approve(ws, "machine", FAN, actor=OLGA)
    approve(ws, "machine", FAN, comment="seen", actor=SAM)
    assert ws.machines.status(FAN) is MachineStatus.ONLINE
    assert chosen_machines(ws, None) == [FAN, PUMP]


def test_the_cycle_leaves_out_what_is_not_approved_and_says_why(ws, fan):
    save_profile(ws, fan, actor=OLGA)
    run = run_cycle(ws)
    assert [result["machine_id"] for result in run.results] == [PUMP]
    ((machine_id, why),) = run.skipped
    assert machine_id == FAN
    assert why.startswith("it waits for an approval")
    assert run.exit_code == 0
    assert run_cycle(ws, [PUMP]).skipped == ()


def test_a_rejected_machine_is_asked_about_again_when_its_profile_is_corrected(ws, fan):
    save_profile(ws, fan, actor=OLGA)
    reject(ws, "machine", FAN, comment="it has no limits", actor=SAM)
    assert ws.machines.status(FAN) is MachineStatus.PENDING
    with pytest.raises(InputError, match="its approval was rejected by sam: it has no limits"):
        chosen_machines(ws, [FAN])
    assert pending_approvals(ws) == []
    assert save_profile(ws, fan.model_copy(update={"title": "Fan with limits"}), actor=OLGA) == 2
    assert [one.title for one in pending_approvals(ws)] == [f"new machine: Fan with limits at {fan.site_id}"]
    approve(ws, "machine", FAN, actor=SAM)
    assert save_profile(ws, fan, actor=OLGA) == 3
    assert pending_approvals(ws) == []


def test_a_workspace_of_machines_that_all_wait_says_so(tmp_path, fan):
    with create_workspace(tmp_path / "V") as ws:
        ws.sites.put(load_catalogue().sites[0].model_copy(update={"site_id": fan.site_id}), ws.change("a test"))
        save_profile(ws, fan, actor=OLGA)
        with pytest.raises(InputError, match="is not approved"):
            predict(ws)


def test_a_viewer_adds_nothing(ws, fan, tmp_path):
    from workbench.catalog import dump_profile

    file = tmp_path / "fan.yaml"
    file.write_text(dump_profile(fan))
    with pytest.raises(NotPermitted, match=r"vera \(viewer\) may not add machines"):
        add_machine(ws, file, actor=Actor(id="vera", role=Role.VIEWER))
    assert ws.machines.ids() == [PUMP]
