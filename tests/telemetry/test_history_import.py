"""Work orders of the past from a plant's own system and from published sets: what is taken, what is refused, what is no fact."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest
from tests.telemetry.conftest import change

from workbench.domain.history import HistoryMapping
from workbench.errors import RefusedFile
from workbench.store.records import EventLog, History

SAP = """AUFNR;EQUNR;KTEXT;FECOD;GSTRI;GETRI;AUSZT;ISMNW;Total act.costs;AUART;Priority
4711;MOTOR-A;Lager läuft heiß;VIB;03.02.2025;04.02.2025;6:30;3,5;1.234,56;PM01;1
4712;Pumpe 9;"Dichtung ""undicht""; getauscht";;05.02.2025;05.02.2025;;1,0;80,00;PM01;2
4713;MOTOR-B;Schmierung;;06.02.2025;06.02.2025;;0,5;;PM02;3
"""
MAXIMO = """WONUM,DESCRIPTION,ASSETNUM,FAILURECODE,REPORTDATE,ACTSTART,ACTFINISH,ACTLABHRS,ACTTOTALCOST,WORKTYPE,REMEDY,CURRENCY
1001,Pump vibrating,motor_a,bearing_wear,2025-01-02T08:00:00Z,2025-01-03T08:00:00Z,2025-01-03T12:00:00Z,4.5,"1,250.00",CM,Bearing changed,USD
1002,Inspection,motor_b,,2025-01-05T08:00:00Z,,,,,PM,,
"""


@pytest.fixture
def importing(plant, tmp_path):
    def run(text, name="orders.csv", **options):
        path = tmp_path / (name if isinstance(text, str) else "set.parquet")
        if isinstance(text, str):
            path.write_text(text, encoding="utf-8")
        else:
            text.to_parquet(path)
        return plant.archive.store_history(path, plant.profiles, change=change(), currency="EUR", **options)

    return run


def counts(report):
    return report.rows_read, report.rows_stored, report.rows_identical, report.rows_quarantined


def entries(plant):
    return EventLog(plant.database).entries()


def orders(plant):
    return {order.number or order.text: order for order in History(plant.database).all()}


def test_an_export_of_sap_is_read_as_it_is(plant, importing):
    report = importing(SAP)
    assert counts(report) == (3, 3, 0, 0)
    assert report.machines == ("motor_a", "motor_b")
    found = orders(plant)
    one = found["4711"]
    assert (one.source, one.machine_id, one.machine_type, one.text) == (
        "sap_pm",
        "motor_a",
        "motor",
        "Lager läuft heiß",
    )
    assert (one.failure_code, one.downtime_h, one.labour_h) == ("VIB", 6.5, 3.5)
    assert (one.cost, one.currency, one.preventive) == (123_456, "EUR", False)
    assert (one.started_at, one.ended_at) == (datetime(2025, 2, 3, tzinfo=UTC), datetime(2025, 2, 4, tzinfo=UTC))
    assert (found["4712"].machine_id, found["4712"].asset) == (None, "Pumpe 9")
    assert found["4712"].text == 'Dichtung "undicht"; getauscht'
    assert (found["4713"].cost, found["4713"].preventive, found["4713"].downtime_h) == (None, True, None)
    notes = " ".join(report.notes)
    assert "Priority" in notes
    assert "costs were read as EUR" in notes
    assert "1 machine name is unknown in this workspace, e.g. Pumpe 9" in notes


def test_an_export_of_maximo_is_read_as_it_is(plant, importing):
    importing(MAXIMO)
    one, other = orders(plant)["1001"], orders(plant)["1002"]
    assert (one.source, one.remedy, one.labour_h, one.cost, one.currency) == (
        "maximo",
        "Bearing changed",
        4.5,
        125_000,
        "USD",
    )
    assert one.happened_at == datetime(2025, 1, 3, 12, tzinfo=UTC)
    assert (other.preventive, other.happened_at) == (True, datetime(2025, 1, 5, 8, tzinfo=UTC))


def test_the_same_file_or_the_same_orders_again_change_nothing(plant, importing):
    importing(SAP)
    log = len(entries(plant))
    assert importing(SAP).already_ingested
    assert counts(importing(SAP.replace("Priority", "Prio"), "copy.csv")) == (3, 0, 3, 0)
    assert len(orders(plant)) == 3
    # The import that read the copy is noted as a batch; no order was.
    assert [entry.entity for entry in entries(plant)][:-log] == ["ingest_batch"]


def test_an_order_with_other_content_is_quarantined_or_with_update_replaced(plant, importing):
    importing(MAXIMO)
    changed = MAXIMO.replace("Pump vibrating", "Pump vibrating badly") + "".join(
        f"{number},Fine,motor_b,,2025-01-05T08:00:00Z,,,,,PM,,\n" for number in range(2000, 2004)
    )
    report = importing(changed, "later.csv")
    assert counts(report) == (6, 4, 1, 1)
    assert "recorded already with other content" in report.faults[0].reason
    assert plant.archive.quarantined(report.batch_id)["WONUM"].tolist() == ["1001"]
    assert orders(plant)["1001"].text == "Pump vibrating"
    replaced = importing(changed, "later.csv", update=True)
    assert counts(replaced) == (6, 1, 5, 0)
    assert orders(plant)["1001"].text == "Pump vibrating badly"
    entry = next(entry for entry in entries(plant) if entry.action == "replaced")
    assert "Pump vibrating" in str(entry.before)
    assert "badly" in str(entry.after)


def test_bad_rows_are_quarantined_with_a_reason_and_good_ones_kept(plant, importing):
    good = [f"{number};motor_a;Oil leak;2025-01-{number:02d};1.5" for number in range(1, 26)]
    bad = [
        "26;motor_a;;2025-01-26;1",
        "27;motor_a;Late;2025-13-45;1",
        "28;motor_a;Odd;2025-01-28;-3",
        "29;motor_a;Odd;2025-01-28;lots",
        "1;motor_a;Another text;2025-01-01;1.5",
    ]
    text = "\n".join(["number;machine;text;ended;downtime", *good, *bad])
    report = importing(text)
    assert counts(report) == (30, 25, 0, 5)
    said = {(fault.column, fault.reason) for fault in report.faults}
    assert ("text", "the order has no text") in said
    assert ("ended", "time cannot be read") in said
    assert ("downtime", "not a number of 0 or more") in said
    assert ("downtime", "not a number") in said
    assert ("number", "an order with this number stands above with other content") in said
    assert len(plant.archive.quarantined(report.batch_id)) == 5


def test_work_that_ends_before_it_starts_is_no_order(plant, importing):
    lines = [
        "number,text,started,ended",
        *(f"{n},Leak,2025-01-02,2025-01-03" for n in range(9)),
        "9,Leak,2025-01-04,2025-01-03",
    ]
    report = importing("\n".join(lines))
    assert counts(report) == (10, 9, 0, 1)
    assert report.faults[0].reason == "the work ended before it started"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("number,machine\n1,motor_a\n", "no column holds the text"),
        ("number,text\n", "no rows"),
        ("number,text,ended\n1,Leak,03/04/2025\n2,Leak,05/06/2025\n", "could be day/month or month/day"),
        ("number,text,cost\n1,Leak,a\n2,Leak,b\n", "more than 20 % are not accepted"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_whole(plant, importing, text, said):
    with plant.unchanged(), pytest.raises(RefusedFile, match=said):
        importing(text)


def test_with_strict_one_bad_row_refuses_the_file(plant, importing):
    text = "number,text,cost\n" + "".join(f"{n},Leak,{n}\n" for n in range(20)) + "20,Leak,x\n"
    with plant.unchanged(), pytest.raises(RefusedFile, match="--strict"):
        importing(text, strict=True)
    assert counts(importing(text)) == (21, 20, 0, 1)


def test_a_mapping_names_columns_machines_and_failure_modes(plant, importing):
    mapping = HistoryMapping(
        source="old_system",
        number="Nr",
        text="Was",
        asset="Wo",
        failure_code="Code",
        ended="Fertig",
        downtime="Stillstand [min]",
        time_zone="Europe/Berlin",
        machines={"Halle 3": "motor_b"},
        failure_modes={"17": "bearing_wear"},
    )
    importing("Nr;Was;Wo;Code;Fertig;Stillstand [min]\n1;Lager defekt;Halle 3;17;15.07.2025;90\n", mapping=mapping)
    order = orders(plant)["1"]
    assert (order.source, order.machine_id, order.failure_mode, order.downtime_h) == (
        "old_system",
        "motor_b",
        "bearing_wear",
        1.5,
    )
    assert order.ended_at == datetime(2025, 7, 14, 22, tzinfo=UTC)
    missing = mapping.model_copy(update={"text": "Text"})
    with plant.unchanged(), pytest.raises(RefusedFile, match="column 'Text' is missing"):
        importing("Nr;Was\n1;Lager defekt\n", "other.csv", mapping=missing)


def test_hours_and_minutes_are_hours_and_minutes_in_a_column_of_minutes_too(plant, importing):
    said = ("90", "1:30", "0:45", "1:30:36", "2 days 1:00", "90:00")
    rows = "".join(f"{number},Leak,{word}\n" for number, word in enumerate(said))
    report = importing(f"number,text,downtime [min]\n{rows}" + "".join(f"{n},Leak,5\n" for n in range(6, 12)))
    assert [orders(plant)[str(number)].downtime_h for number in range(5)] == [1.5, 1.5, 0.75, 1.51, 49.0]
    assert counts(report) == (12, 11, 0, 1)
    assert (report.faults[0].column, report.faults[0].example) == ("downtime [min]", "row 6: '90:00'")
    assert "minutes and seconds?" in report.faults[0].reason


def test_hours_beyond_a_day_are_clear_in_a_column_of_hours(plant, importing):
    importing("number,text,downtime\n1,Leak,90:30\n2,Leak,0:00:36\n")
    assert [orders(plant)[number].downtime_h for number in "12"] == [90.5, 0.01]


def test_two_systems_may_use_the_same_numbers(plant, importing):
    importing(MAXIMO)
    assert counts(importing(MAXIMO, system="plant_two")) == (2, 2, 0, 0)
    assert len(History(plant.database).all()) == 4


def test_durations_and_hours_of_assetops_are_placeholders_and_no_facts(plant, importing, datasets):
    whole = pd.read_parquet(datasets / "assetops_all_wo_with_code_component_events.parquet")
    report = importing(pd.concat([whole[~whole.preventive].head(40), whole[whole.preventive].head(10)]))
    assert counts(report) == (50, 50, 0, 0)
    found = History(plant.database).all()
    assert {(order.downtime_h, order.labour_h, order.cost) for order in found} == {(None, None, None)}
    assert sum(order.preventive for order in found) == 10
    assert {order.machine_type for order in found} == {"chiller"}
    assert all(order.failure_code and order.component and order.ended_at for order in found)
    assert "not read, because they are placeholders and no facts: duration, actual_labor_hours" in report.notes


def test_the_cost_of_mwo2kg_is_the_column_actual_and_never_the_total(plant, importing, datasets):
    whole = pd.read_parquet(datasets / "mwo2kg_work_orders.parquet")
    report = importing(whole)
    # In one row the columns have moved.
    assert counts(report) == (500, 499, 0, 1)
    assert (report.faults[0].column, report.faults[0].reason) == ("Actual", "not a number")
    found = orders(plant)
    for row in whole[whole["Actual"] != "Removed"].itertuples():
        order = found[str(row.PONumber)]
        assert order.cost == (None if row.Actual is None else 100 * int(row.Actual))
        assert order.text == row.ShortText
    assert {order.currency for order in found.values()} == {""}
    assert "the source does not say in which currency its costs are" in report.notes
    assert any("213 orders have a cost of 0" in note for note in report.notes)


def test_texts_of_maintie_keep_what_their_annotators_marked(plant, importing, datasets):
    importing(pd.read_parquet(datasets / "maintie_gold.parquet").head(30))
    order = orders(plant)["<id> air conditioner thermostat not working"]
    assert order.component == "air conditioner, thermostat"
    assert order.tags == ("FailedState",)
    assert (order.happened_at, order.machine_id, order.cost) == (None, None, None)
