"""The commands on a work order, from a ticket to what it was worth."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import text
from tests.test_cli import Shell

from workbench import close_order, raise_ticket
from workbench.workspace import Workspace

from .conftest import PUMP


@pytest.fixture
def shell(works, tmp_path):
    works.close()
    shell = Shell(tmp_path)
    return lambda *words, **more: shell("-w", "works", *words, **more)


def test_an_order_from_ticket_to_close_out_and_correction(shell):
    said = shell("orders", "raise", PUMP, "Howls", "--mode", "bearing_wear", "--symptom", "howls at full load")
    number = said.split()[0]
    assert "is already open for this" in shell("orders", "raise", PUMP, "Again", "--mode", "bearing_wear")
    when = "2026-01-06T07:00Z"
    assert "scheduled for Tue 6 Jan 2026 08:00 CET: tech_anna_bruns, tech_ole_petersen" in shell(
        "orders", "assign", number, "tech_anna_bruns", "--at", when, "--with", "tech_ole_petersen"
    )
    refused = shell(
        "orders",
        "done",
        number,
        *["--found", "x", "--did", "cleaned", "--as-found", "degraded", "--hours", "1"],
        code=2,
    )
    assert "is scheduled and cannot become done" in refused
    assert "in progress since Mon 5 Jan 2026 09:00 CET" in shell("orders", "start", number)
    words = "--found bearing_wear --did replaced --as-found failed --failed-at 2026-01-05T03:00Z --hours 12"
    closed = shell("orders", "done", number, *words.split(), "--part", "pump_bearing_set=1", "--note", "cage broken")
    assert "label: failure (bearing_wear) at 2026-01-05 03:00 UTC" in closed
    assert "label: replacement (bearing_wear) at 2026-01-05 08:00 UTC" in closed
    # 12 h x mean of the two who did it + bearing set + tools.
    assert "cost 1,133.00 EUR" in closed
    shown = shell("orders", "show", number)
    for words in ("Noticed: howls at full load", "found bearing_wear, failed as found", "cage broken", "missed: 0.00 EUR",
                 "reported again by hand by", "closed by"):  # fmt: skip
        assert words in shown
    assert "revision 2" in shell("orders", "correct", number, "--reason", "it still ran", "--as-found", "degraded")
    assert "No work order is open." in shell("orders", "list")
    assert number in shell("orders", "list", "--state", "done")


def test_a_time_without_a_zone_is_by_the_clock_of_the_site(shell):
    number = shell("orders", "raise", PUMP, "Howls", "--mode", "bearing_wear").split()[0]
    said = shell("orders", "assign", number, "tech_anna_bruns", "--at", "2026-01-06T08:00")
    assert "Tue 6 Jan 2026 08:00 CET" in said
    assert "Mon 5 Jan 2026 09:10 CET" in shell("orders", "start", number, "--at", "2026-01-05T09:10")
    found = "--found bearing_wear --did replaced --as-found failed --hours 2 --failed-at 2026-01-05T04:00"
    closed = shell("orders", "done", number, *found.split(), "--at", "2026-01-05T11:00")
    assert "failed at 2026-01-05 03:00 UTC" in closed
    assert "label: replacement (bearing_wear) at 2026-01-05 10:00 UTC" in closed


def test_refusals_name_what_people_know_and_what_can_follow(shell):
    number = shell("orders", "raise", PUMP, "Howls", "--mode", "bearing_wear").split()[0]
    words = "--found bearing_wear --did replaced --as-found degraded --hours 2"
    refused = shell("orders", "done", number, *words.split(), code=2)
    assert "From open it can only become scheduled, in progress or cancelled." in refused
    shell("orders", "start", number)
    refused = shell("orders", "done", number, *words.split(), "--part", "pump_bearing_set=99", code=2)
    assert "99 x pump_bearing_set cannot have been used: only 4 are in stock for this order." in refused
    early = shell("orders", "done", number, *words.split(), "--at", "2026-01-05T08:00", code=2)
    assert "lies before that. Give the time at which it happened (on the command line: --at)" in early


def test_faults_come_all_at_once_and_nothing_is_written(shell):
    number = shell("orders", "raise", PUMP, "Howls").split()[0]
    shell("orders", "start", number)
    words = "--found nff --did repaired --as-found failed --hours -1 --part seal=x"
    assert "no part with a quantity" in shell("orders", "done", number, *words.split(), code=2)
    said = shell("orders", "done", number, *words.removesuffix(" --part seal=x").split(), code=2)
    assert "hours_worked: Input should be greater than or equal to 0" in said
    words = ["--found", "nff", "--did", "repaired", "--as-found", "failed", "--hours", "1", "--cost", "-5"]
    shell("orders", "done", number, *words, code=2)
    shell("orders", "cancel", number, code=2)
    assert "cancelled" in shell("orders", "cancel", number, "--reason", "doubled")
    shell("orders", "list", "--state", "lost", code=2)


def test_the_value_of_predictions_in_words_and_json(works, predicted, findings, tmp_path):
    close_order(works, predicted(works).number, findings(parts_used={"pump_bearing_set": 1}))
    nothing = {"found": "nff", "done": "nothing", "as_found": "none", "hours_worked": 2}
    close_order(works, predicted(works, probability=0.3).number, findings(**nothing))
    works.close()
    shell = Shell(tmp_path)
    said = shell("-w", "works", "value")
    for words in (
        "Confirmed: 1 order",
        "False alarms: 1 order, 120.00 EUR",
        "not enough evidence: 2 of 5",
        "0 failures missed",
    ):
        assert words in said
    told = shell.json("-w", "works", "value", "--from", "2026-01-05", "--to", "2026-01-06")
    assert (told["confirmed"], told["false_alarms"], len(told["entries"])) == (1, 1, 2)
    assert shell.json("-w", "works", "value", "--to", "2026-01-05")["entries"] == []
    shell("-w", "works", "value", "--from", "2026-01-05", "--to", "2026-01-04", code=2)
    with Workspace.open(tmp_path / "works") as ws:
        assert told["net"] == sum(entry.amount for entry in ws.value_entries.all())


COPIES = """
WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
INSERT INTO work_orders SELECT
  'copy ' || i, printf('WO-2026-%04d', i), machine_id, 'reported ' || i, priority, state, created_at, due_at,
  technician_id, json_set(body, '$.order_id', 'copy ' || i, '$.number', printf('WO-2026-%04d', i))
FROM work_orders, n
"""


def test_ten_thousand_open_orders_are_listed_in_time(works, tmp_path):
    raise_ticket(works, PUMP, "Leaks")
    with works.database.writing() as session:
        session.execute(text(COPIES))
    works.close()
    shell = Shell(tmp_path)
    begun = time.process_time()
    listed = shell("-w", "works", "orders", "list")
    assert time.process_time() - begun < 5
    assert "1 to 100 of 10,000 orders" in listed
    assert "10,000 to 10,000 of 10,000" in shell("-w", "works", "orders", "list", "--offset", "9999")
