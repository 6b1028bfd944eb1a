"""A storekeeper and a supervisor at the command line: shortage, quotes, proposal, approval, order, delivery, audit."""

from __future__ import annotations

import json

import pytest
from tests.test_cli import Shell

from workbench.catalog import dump_profile, load_catalogue
from workbench.workspace import Workspace

from .conftest import PART, open_order


@pytest.fixture
def people(ws: Workspace, tmp_path):
    """The commands as olga, an operator, and sam, a supervisor, in a plant where an order lacks two bearing sets."""
    open_order(ws, "waits", 6, due_days=9)
    ws.close()
    shell = Shell(tmp_path)

    def acting(who: str):
        return lambda *words, **more: shell("-w", "W", "--as", who, *words, **more)

    return acting("olga:operator"), acting("sam:supervisor")


def test_a_price_that_is_none_is_refused_in_words(people):
    olga, _ = people
    for price in ("nan", "inf"):
        assert "is no amount of money" in olga("purchases", "quote", PART, "nordlager", price, "6", code=2)


def test_from_the_shelf_to_the_delivery(people):
    olga, sam = people
    assert "pump_bearing_set" in olga("parts", "list")
    short = json.loads(olga("parts", "reorder", "--json"))["proposals"][0]
    assert (short["part_id"], short["quantity"], short["urgent"]) == (PART, 5, 2)
    assert "Propose to buy them all" in olga("parts", "reorder")
    offers = olga("purchases", "quotes", PART)
    assert offers.index("nordlager") < offers.index("allspares"), "the better deal first"
    assert "185.00 EUR   166.50 EUR" in offers
    assert "160.00 EUR a piece in 6 days, recorded." in olga("purchases", "quote", PART, "nordlager", "160", "6")
    proposed = olga("purchases", "propose", PART)
    assert proposed.startswith("PO-2026-0001  5 x pump_bearing_set from nordlager, 800.00 EUR: Nordlager")
    assert "olga (operator) may not approve" in olga("purchases", "approve", "PO-2026-0001", code=1)
    assert "PO-2026-0001" in sam("approvals", "list")
    assert "approved by sam" in sam("purchases", "approve", "po-2026-0001", "--comment", "fine")
    assert "Nothing waits" in sam("approvals", "list")
    assert "fine" in sam("approvals", "list", "--all")
    assert "750.00 EUR, 50.00 EUR saved; expected 2026-01-07" in olga(
        "purchases", "place", "PO-2026-0001", "--price", "150"
    )
    shown = olga("purchases", "show", "PO-2026-0001")
    for text in ("quoted 160.00 EUR, to negotiate for 148.80 EUR", "Saved      50.00 EUR", "Waiting    WO-2026-0001",
                 "approved by sam: fine; asked for by olga", "0 of 5 received"):  # fmt: skip
        assert text in shown
    part = olga("parts", "show", PART)
    assert "4 in stock, 0 free" in part
    assert "4 set aside for WO-2026-0001" in part
    assert "5 to come with PO-2026-0001 (ordered, expected 2026-01-07)" in part
    assert "no part 'bearing'" in olga("parts", "show", "bearing", code=2)
    assert "No delivery is late" in olga("purchases", "list", "--late")
    assert "2 of 5 x pump_bearing_set received, 3 still to come" in olga(
        "purchases", "deliver", "PO-2026-0001", "--quantity", "2"
    )
    assert "5 of 5" in olga("purchases", "deliver", "PO-2026-0001")
    assert "is delivered already" in olga("purchases", "deliver", "PO-2026-0001", code=2)
    (told,) = json.loads(olga("notices", "list", "--json"))["notices"]
    assert "All parts of WO-2026-0001 (Bearings) are there" in olga("notices", "show", told["notice_id"])
    log = json.loads(sam("audit", "--key", "PO-2026-0001", "--json"))["entries"]
    assert [entry["action"] for entry in log] == ["delivered", "ordered", "ordered", "approved", "added"]
    assert "received 0 → 2" in log[1]["change"]
    assert "stock 4 → 6" in sam("audit", "--entity", "part", "--actor", "olga", "--since", "2026-01-01")


def test_rejecting_and_cancelling_by_number(people):
    olga, sam = people
    olga("purchases", "propose", PART, "--quantity", "1")
    olga("purchases", "propose", PART, "--quantity", "1", "--needed-by", "2026-01-03")
    assert "rejected by sam: too dear" in sam("purchases", "reject", "PO-2026-0002", "--comment", "too dear")
    assert "PO-2026-0001 cancelled: no need" in olga("purchases", "cancel", "PO-2026-0001", "--reason", "no need")
    assert "There are no purchases." in olga("purchases", "list")
    assert "allspares" in olga("purchases", "list", "--all")


def test_a_new_machine_waits_for_the_supervisor(people, tmp_path):
    olga, sam = people
    fan = next(one for one in load_catalogue().machines if one.machine_id == "fan_nicotra_gebhardt_rdh_014")
    (tmp_path / "fan.yaml").write_text(dump_profile(fan))
    added = olga("machines", "add", "fan.yaml")
    assert "It is not scored and gets no orders yet: it waits for an approval" in added
    assert "PENDING" in olga("machines", "list")
    assert "rejected by sam: no limits" in sam(
        "approvals", "reject", "machine", fan.machine_id, "--comment", "no limits"
    )
    assert "rejected by sam: no limits" in sam("predict", "-m", fan.machine_id, code=2)


def test_who_acts_is_named_with_a_role(people):
    olga, _ = people
    assert "'anna' names nobody with a role. Write NAME:ROLE" in olga("--as", "anna", "parts", "list", code=2)
    assert "roles: admin, supervisor, operator, viewer" in olga("--as", "cron:system", "parts", "list", code=2)
    assert "'31.1.' is no time" in olga("audit", "--since", "31.1.", code=2)
    assert "'soon' is no urgency" in olga("purchases", "quotes", PART, "--urgency", "soon", code=2)
