"""Texts of notices that a workspace brings along."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from workbench.cli import commands  # noqa: F401 - registers the commands
from workbench.cli.main import app
from workbench.domain.work import Priority
from workbench.errors import InvalidDocument
from workbench.workflows.doctor import examine
from workbench.workflows.notices import notice_texts

from .conftest import open_order, site_of


def write(ws, name, text):
    folder = ws.path / "data" / "templates" / "notices"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())


def told(ws, role, channel):
    return next(n for n in ws.notices.all() if n.recipient.startswith(role) and n.channel == channel)


def test_a_workspace_may_have_its_own_texts(plant):
    write(plant, "work_order.subject.txt", "[$priority] $number for $site\n")
    write(plant, "work_order.chat.txt", "*$subject*\n$when ($machine_id)")
    open_order(plant, priority=Priority.HIGH, simulated=True)
    technician = told(plant, "technician", "in_app")
    assert technician.subject == f"SIMULATED: [high] WO-2026-0001 for {site_of(plant).title}"
    assert technician.body.startswith("You are assigned to ")
    chat = told(plant, "technician", "webhook").body
    assert chat.startswith("SIMULATED: *")
    assert chat.endswith("Due Mon 5 Jan 2026 17:00 CET. (pump_grundfos_cr3_004)")
    assert told(plant, "manager", "in_app").subject == "SIMULATED: WO-2026-0001 (high): Feed pump: bearing wear"


def test_texts_hold_places_and_no_code(plant):
    write(plant, "work_order.subject.txt", "{order.title} $title %s ${number} $$5")
    open_order(plant, title="Pump $number {0} %(x)s")
    assert told(plant, "technician", "in_app").subject == "{order.title} Pump $number {0} %(x)s %s WO-2026-0001 $5"


FAULTY = {
    "work_order.body.txt": "fine\n$colour and $size",
    "work_order.sms.txt": "costs 5 $",
    "letter.body.txt": "no such kind",
    "case.fax.txt": "no such form",
    "case.body.txt": b"\xff\xfe",
    "case.subject.txt": " \n",
    "part_arrived.body.txt": "x" * 20_001,
}


def test_every_fault_of_every_text_is_named(plant):
    for name, text in FAULTY.items():
        write(plant, name, text)
    with pytest.raises(InvalidDocument) as caught:
        notice_texts(plant)
    faults = "\n".join(caught.value.faults)
    assert "work_order.body.txt: line 2: $colour is unknown" in faults
    assert "work_order.body.txt: line 2: $size is unknown" in faults
    assert all(name in faults for name in FAULTY)
    assert len(caught.value.faults) == len(FAULTY) + 1
    found = {finding.check: finding for finding in examine(plant.path)}
    assert found["texts of notices"].state == "broken"


def test_faulty_texts_hold_up_no_notice_and_operations_are_told_once(plant):
    write(plant, "work_order.body.txt", "$colour")
    open_order(plant)
    open_order(plant, number=2)
    assert told(plant, "technician", "in_app").body.startswith("You are assigned to ")
    warned = [n for n in plant.notices.all() if n.recipient == "operations:workspace"]
    assert [(n.channel, "$colour is unknown" in n.body) for n in warned] == [("in_app", True)]


def test_the_command_line_shows_texts_and_places(plant):
    write(plant, "case.subject.txt", "Look at $machine_id")
    shown = CliRunner().invoke(app, ["-w", str(plant.path), "notices", "texts"]).stdout
    assert "case: may name $subject" in shown
    assert "subject: Look at $machine_id" in shown
    assert "$labour_h" in shown
