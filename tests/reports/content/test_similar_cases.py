"""Similar cases in a report: what was done, how long, at what cost and why, and honestly what is not recorded."""

from __future__ import annotations

from datetime import UTC, datetime

from bs4 import BeautifulSoup

from workbench.domain.analysis import PastCase
from workbench.domain.history import HistorySummary, Spread
from workbench.reports.content import machine_decision


def shown(make, cases, summary):
    machine = make.dossier()
    view = machine.view
    package = view.package.model_copy(update={"history": cases, "history_summary": summary})
    machine = make.dossier(type(view)(**{**vars(view), "package": package}))
    soup = BeautifulSoup(machine_decision(machine).html, "html.parser")
    return soup, " ".join(soup.get_text(" ").replace("\u00a0", " ").split())


def test_each_case_says_what_was_done_how_long_at_what_cost_and_why(make):
    cases = (
        PastCase(
            machine_id=None,
            time=None,
            cause="unknown",
            asset="AID5",
            source="mwo2kg",
            number="2079",
            text="<b>pump</b> bearing noisy",
            cost=43_100,
            why=("text has bearing", "another kind of machine"),
        ),
        PastCase(
            machine_id="machine_001",
            time=datetime(2025, 7, 14, tzinfo=UTC),
            cause="bearing_wear",
            remedy="replacement (bearing_wear)",
            downtime_h=12.5,
            cost=0,
            currency="EUR",
            why=("recorded failure of the same cause", "same machine"),
        ),
    )
    summary = HistorySummary(cases=2, of_machine=1, downtime_h=Spread.of([12.5]), notes=("Not recorded: labour.",))
    soup, said = shown(make, cases, summary)
    first, second = (
        [" ".join(cell.get_text(" ").split()) for cell in row.select("td")]
        for row in soup.select(".table-similar tbody tr")
    )
    assert first == [
        "not recorded",
        "AID5",
        "\u201c<b>pump</b> bearing noisy\u201d, mwo2kg 2079",
        "not recorded",
        "not recorded",
        "431.00 (currency not recorded)",
        "Text has bearing; another kind of machine.",
    ]
    assert second[2:6] == ["Bearing wear", "Replacement (Bearing wear).", "12.5 h", "nothing booked"]
    assert "2 similar cases on record, 1 on this machine. Downtime of 1: 12.5 h. Not recorded: labour." in said


def test_without_a_case_nothing_is_claimed_but_what_is_known_is_said(make):
    assert "Similar cases" not in shown(make, (), HistorySummary(cases=0))[1]
    told = HistorySummary(cases=0, notes=("2 orders for the same cause on this machine found no fault.",))
    assert (
        "No similar case is on record. 2 orders for the same cause on this machine found no fault."
        in shown(make, (), told)[1]
    )
