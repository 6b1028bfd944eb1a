"""The notebooks of the machine report and the cycle report, run end to end on a small workspace."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

import workbench
from workbench.errors import WorkbenchError
from workbench.workspace import Workspace


@pytest.fixture
def workspace(tmp_path, build, make):
    fleet = build.labelled_fleet(3)
    ws = Workspace.init(tmp_path / "ws", settings={"name": "North plant", "as_of": fleet.as_of.isoformat()})
    build.fill(ws, fleet)
    change = ws.change("test")
    view = make.run(1)
    ws.runs.start(view.run, change)
    for step in view.steps:
        ws.runs.record(step, change)
    yield ws
    ws.close()


def page_of(ws: Workspace, template: str, parameters: dict[str, object]) -> BeautifulSoup:
    record = workbench.report(ws, template, parameters, formats=("html",))
    assert record.data_hash == ws.data_hash("machine_001")
    assert record.model_versions == {"health/fleet": "3f2a91c0-aaaa"}
    return BeautifulSoup((ws.path / record.outputs["html"]).read_text(encoding="utf-8"), "html.parser")


def test_machine_report_runs_from_parameters_to_page(workspace):
    soup = page_of(workspace, "machine_report", {"machine_id": "machine_001", "days": 20.0})
    assert soup.h1.text.startswith("Machine report: Cooling pump 1")
    assert [heading.text.rstrip("¶") for heading in soup.select("h2")] == [
        "Why", "Outlook", "What to do", "Work orders", "Open cases", "Failure modes", "Sensors", "History", "Models", "Notes on method",
    ]  # fmt: skip
    assert len(soup.select("svg")) >= 8
    assert "WO-2026-0001" in soup.select_one(".headline").text


def test_cycle_report_runs_from_parameters_to_page(workspace):
    soup = page_of(workspace, "cycle_run", {})
    assert soup.h1.text.startswith("Maintenance cycle: Cooling pump 1")
    assert len(soup.select(".table-runs tbody tr")) == 1
    assert [heading.text.rstrip("¶") for heading in soup.select("h2")] == [
        "Work orders", "The plan", "Parts", "Orders in full", "Failures", "Runs", "Steps", "Models", "Notes on method",
    ]  # fmt: skip
    assert len(soup.select("section.machine:not(.sheet) h3")) == 6, "the steps of the one run"
    assert len(soup.select("section.sheet")) == 1


def test_machine_that_is_not_there_is_named_in_the_failed_report(workspace):
    with pytest.raises(WorkbenchError, match=r"NotFound: There is no machine 'machine_01'. Did you mean 'machine_001'"):
        workbench.report(workspace, "machine_report", {"machine_id": "machine_01"}, formats=("html",))
