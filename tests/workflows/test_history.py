"""Work of the past as people use it: imported, searched, listed, compared with an expected failure; it grows with every close-out."""

from __future__ import annotations

import io
import json
import shutil
import sys
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.conftest import made_once

import workbench
from workbench.domain.base import Change
from workbench.domain.closeout import Findings
from workbench.domain.history import OWN_SOURCE
from workbench.domain.predictions import Anomaly, Contribution
from workbench.errors import InputError, InvalidDocument, NotFound
from workbench.workflows.history import cases_like
from workbench.workflows.onboard import add_catalogue, create_workspace
from workbench.workflows.orders import close_order, correct_close_out, raise_ticket, start_order
from workbench.workspace import Workspace

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
PUMP, SISTER = "pump_grundfos_cr3_004", "pump_ksb_etanorm_005"
ORDERS = """WONUM,DESCRIPTION,ASSETNUM,FAILURECODE,ACTSTART,ACTFINISH,DOWNTIME,ACTLABHRS,ACTTOTALCOST,WORKTYPE,REMEDY
1,Pump noisy at drive end,{pump},bearing_wear,2025-03-01,2025-03-02,9.5,6,900.00,CM,Bearing kit replaced
2,Bearing hot,{sister},bearing_wear,2025-05-01,2025-05-02,7,5,850.00,CM,Bearing regreased
3,Lubrication round,{pump},,2025-06-01,2025-06-01,,1,,PM,
4,Gland dripping,{pump},seal_leak,2025-07-01,2025-07-01,2,2,120.00,CM,Seal replaced
"""


def _make(path: Path) -> None:
    with create_workspace(path, settings={"name": "Pumps", "as_of": NOW.isoformat()}) as ws:
        add_catalogue(ws, only=(PUMP, SISTER))


@pytest.fixture(scope="session")
def pumps_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_once(tmp_path_factory, "pumps_with_history", _make)


@pytest.fixture
def ws(pumps_path, tmp_path):
    shutil.copytree(pumps_path, tmp_path / "ws")
    with Workspace.open(tmp_path / "ws") as opened:
        yield opened


@pytest.fixture
def export(tmp_path) -> Path:
    path = tmp_path / "export.csv"
    path.write_text(ORDERS.format(pump=PUMP.upper(), sister=SISTER))
    return path


def closed(ws: Workspace, title: str = "Bearing noise", **fields) -> str:
    """Raise, do and close an order on the pump; return its number."""
    order = raise_ticket(ws, PUMP, title)
    start_order(ws, order.number, at=NOW)
    known = {"found": "bearing_wear", "done": "replaced", "as_found": "degraded", "hours_worked": 10}
    close_order(ws, order.number, Findings.model_validate({**known, **fields}), at=NOW)
    return order.number


def shell(ws: Workspace, *arguments: object, code: int = 0) -> str:
    from workbench.cli import main

    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(io.StringIO()) as out,
        redirect_stderr(io.StringIO()) as errors,
    ):
        patch.setattr(sys, "argv", ["workbench", "-w", str(ws.path), "history", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
    assert (ended.value.code or 0) == code, errors.getvalue()
    return errors.getvalue() if code else out.getvalue()


def test_past_orders_are_found_by_their_words_and_listed_newest_first(ws, export):
    report = workbench.import_history(ws, export)
    assert (report.rows_stored, report.machines) == (4, (PUMP, SISTER))
    found = workbench.search_history(ws, "noise bearings drive", limit=2)
    assert [order.number for order, _ in found] == ["1", "2"]
    assert found[0][1] > found[1][1] > 0
    assert [order.number for order in workbench.list_history(ws, PUMP).orders] == ["4", "3", "1"]
    assert workbench.list_history(ws).total == 4
    with pytest.raises(InputError, match="no word"):
        workbench.search_history(ws, '"-"')
    with pytest.raises(NotFound):
        workbench.list_history(ws, "pump_x")


def test_history_grows_with_every_close_out_and_follows_corrections(ws):
    assert workbench.search_history(ws, "bearing") == []
    number = closed(ws, note="Coupling was loose, tightened")
    ((order, _),) = workbench.search_history(ws, "coupling loose")
    assert (order.source, order.number, order.machine_id, order.failure_mode) == (
        OWN_SOURCE,
        number,
        PUMP,
        "bearing_wear",
    )
    assert (order.labour_h, order.currency, order.preventive) == (10, "EUR", False)
    findings = {
        "found": "no fault found",
        "done": "nothing",
        "as_found": "none",
        "hours_worked": 1,
        "note": "Filter dirty",
    }
    correct_close_out(ws, number, findings, "looked again")
    assert workbench.search_history(ws, "coupling loose") == []
    ((order, _),) = workbench.search_history(ws, "filter")
    assert order.failure_mode is None


def test_similar_cases_say_why_what_fixed_them_how_long_and_at_what_cost(ws, export):
    workbench.import_history(ws, export)
    closed(ws, done="replaced", downtime_start=NOW - timedelta(hours=8), downtime_end=NOW, actual_cost=95_000)
    found = workbench.similar_history(ws, PUMP, "bearing_wear")
    # The order that was closed now has also become a label: it is told once.
    assert [(case.source, case.number or case.cause) for case in found.cases] == [
        (OWN_SOURCE, "WO-2026-0001"),
        ("maximo", "1"),
        ("maximo", "2"),
    ]
    first = found.cases[1]
    assert (first.remedy, first.downtime_h, first.labour_h, first.cost) == ("Bearing kit replaced", 9.5, 6, 90_000)
    assert first.why == ("same failure mode", "same machine")
    assert (found.summary.cases, found.summary.of_machine, found.summary.of_type) == (3, 2, 1)
    assert found.summary.cost.values == (85_000, 90_000, 95_000)
    with pytest.raises(InputError, match="Its modes: "):
        workbench.similar_history(ws, PUMP, "rust")


def test_nothing_later_than_the_prediction_is_told(ws, export):
    workbench.import_history(ws, export)
    until = datetime(2025, 4, 1, tzinfo=UTC)
    found = cases_like(ws, ws.machines.get(PUMP), "bearing_wear", until=until)
    assert [case.number for case in found.cases] == ["1"]


def test_the_pattern_before_a_closed_order_makes_it_similar(ws):
    from tests.workflows.orders.conftest import prediction

    known = prediction(NOW - timedelta(days=1))
    contributions = (
        Contribution(sensor="vibration_rms_mm_s", deviation=6.0),
        Contribution(sensor="flow_m3_h", deviation=-2.0),
    )
    anomaly = Anomaly(score=0.9, threshold=0.5, is_anomaly=True, contributions=contributions)
    number = closed(ws, "Strange noise", found="foreign body", done="cleaned")
    order = ws.orders.by_number(number)
    with ws.transaction() as tx:
        tx.predictions.add(known.model_copy(update={"anomaly": anomaly}), tx.change("test"))
        tx.orders.update(order.model_copy(update={"prediction_id": known.prediction_id}), tx.change("test"))
    profile = ws.machines.get(PUMP)
    alike = cases_like(ws, profile, "seal_leak", until=NOW, anomaly=anomaly)
    assert [case.number for case in alike.cases] == [number]
    assert any("sensors deviated alike" in why for why in alike.cases[0].why)
    assert cases_like(ws, profile, "seal_leak", until=NOW).cases == ()


def test_a_package_shows_similar_work_and_its_summary(ws, export):
    from tests.workflows.orders.conftest import prediction

    from workbench.workflows.impact import assess_machine

    workbench.import_history(ws, export)
    package = assess_machine(ws, prediction(NOW))
    assert [case.number for case in package.history] == ["1", "2"]
    assert package.history_summary.cost.count == 2
    assert type(package).model_validate_json(package.model_dump_json()) == package


def test_a_damaged_or_lost_index_is_made_anew(ws, export):
    workbench.import_history(ws, export)
    index = ws.path / "data" / "text_index.db"
    assert len(workbench.search_history(ws, "bearing")) == 2
    whole = index.read_bytes()
    index.write_bytes(whole[: len(whole) // 2])
    assert len(workbench.search_history(ws, "bearing")) == 2
    index.unlink()
    assert len(workbench.search_history(ws, "bearing")) == 2


def test_an_import_that_fails_late_leaves_no_order_behind(ws, export, monkeypatch):
    from workbench.store.records import Segments

    def fail(*_: object) -> None:
        raise RuntimeError("disk gone")

    monkeypatch.setattr(Segments, "commit_batch", fail)
    with pytest.raises(RuntimeError):
        workbench.import_history(ws, export)
    assert ws.history.count() == 0
    monkeypatch.undo()
    assert workbench.import_history(ws, export).rows_stored == 4


def test_a_mapping_file_is_checked_and_own_orders_cannot_be_forged(ws, export, tmp_path):
    (tmp_path / "mapping.yaml").write_text("source: old\ntext: DESCRIPTION\nnumbr: WONUM\ncurrency: euro\n")
    with pytest.raises(InvalidDocument) as error:
        workbench.import_history(ws, export, mapping=tmp_path / "mapping.yaml")
    assert len(error.value.faults) == 2
    (tmp_path / "mapping.yaml").write_text("source: old\ntext: DESCRIPTION\nnumber: WONUM\n")
    report = workbench.import_history(ws, export, mapping=tmp_path / "mapping.yaml")
    assert report.rows_stored == 4
    assert {order.source for order in ws.history.all()} == {"old"}
    with pytest.raises(InputError, match="own orders"):
        workbench.import_history(ws, export, system=OWN_SOURCE)


def test_who_imported_stands_in_the_log(ws, export):
    workbench.import_history(ws, export)
    entry = next(entry for entry in ws.log.entries() if entry.entity == "past_work")
    assert json.loads(entry.after) == {"orders": 4, "sources": ["maximo"]}
    assert isinstance(ws.change("x"), Change)


def test_the_commands_say_what_a_planner_wants_to_know(ws, export):
    said = shell(ws, "search", "bearing")
    assert f"No work orders of the past are recorded. Import some: workbench -w {ws.path} history import FILE" in said
    said = shell(ws, "import", export)
    assert "export.csv: 4 orders recorded (4 read, 0 known already, 0 quarantined)" in said
    assert "note: recorded as orders of the system 'maximo'" in said
    assert "already imported, nothing changed" in shell(ws, "import", export)
    said = shell(ws, "search", "noisy")
    assert "Bearing kit replaced" in said
    assert "900.00 EUR" in said
    assert "No past order holds a word of 'giraffe'." in shell(ws, "search", "giraffe")
    said = shell(ws, "similar", PUMP, "--mode", "bearing_wear")
    assert "done: Bearing kit replaced; downtime 9.5 h, labour 6.0 h, cost 900.00 EUR" in said
    assert "2 similar cases on record" in said
    found = json.loads(shell(ws, "list", "--machine", PUMP, "--json"))
    assert (found["in_all"], found["orders"][0]["number"], found["next"]) == (3, "4", "")
    first = json.loads(shell(ws, "list", "--limit", 2, "--json"))
    told = f"2 orders of 4; the next ones: workbench -w {ws.path} history list --limit 2 --after {first['next']}"
    assert told in shell(ws, "list", "--limit", 2)
    rest = json.loads(shell(ws, "list", "--limit", 2, "--after", first["next"], "--json"))
    assert (len(rest["orders"]), rest["next"]) == (2, "")
    assert "no past work 'x'" in shell(ws, "list", "--after", "x", code=2)
    assert "does not exist" in shell(ws, "import", "nothing.csv", code=2)
