"""A report from a real workspace: one page, its notebook, a record; a failing cell is kept and told."""

from __future__ import annotations

import nbformat
import pytest
from bs4 import BeautifulSoup

from workbench.errors import InputError, WorkbenchError
from workbench.reports import render
from workbench.reports.page import remote_loads
from workbench.workspace import Workspace


@pytest.fixture
def workspace(tmp_path, build) -> Workspace:
    fleet = build.labelled_fleet(6)
    hostile = fleet.machines[0].profile.model_copy(update={"title": "<script>alert(1)</script>"})
    first = type(fleet.machines[0])(**{**vars(fleet.machines[0]), "profile": hostile})
    ws = Workspace.init(tmp_path / "ws", settings={"name": "North plant", "as_of": fleet.as_of.isoformat()})
    build.fill(ws, build.snapshot(first, *fleet.machines[1:]))
    yield ws
    ws.close()


def test_report_is_one_self_contained_page_with_its_record(workspace, monkeypatch, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    # No kernelspec is installed here: the kernel must be this very Python all the same.
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "nothing"))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    told: list[float] = []
    record = render(
        workspace,
        "fleet_health",
        {"max_details": 1},
        change=workspace.change("test"),
        progress=lambda fraction, _: told.append(fraction),
    )
    page = (workspace.path / record.outputs["html"]).read_text(encoding="utf-8")
    soup = BeautifulSoup(page, "html.parser")
    assert remote_loads(page) == []
    assert "http" not in page
    assert soup.find("script") is None
    assert "<script>alert(1)</script>" in soup.select_one("section.machine h3").text
    assert len(soup.select("section.machine")) == 1
    assert [tag.name for tag in soup.select("h1")] == ["h1"]
    assert workspace.data_hash()[:16] in page
    assert record.state == "done"
    assert record.as_of == workspace.as_of()
    assert record.data_hash == workspace.data_hash()
    assert record.model_versions == {"health/fleet": "3f2a91c0-aaaa"}
    assert record.parameters == {"title": "Fleet health", "max_details": 1, "days": 30.0}
    assert workspace.reports.get(record.report_id) == record
    executed = nbformat.read(workspace.path / record.outputs["notebook"], as_version=4)
    assert all(cell.execution_count for cell in executed.cells if cell.cell_type == "code")
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert list(home.iterdir()) == [], "nothing is written outside the workspace"


def test_unknown_parameter_is_refused_before_anything_runs(workspace):
    with pytest.raises(InputError, match="'colour' is unknown"):
        render(workspace, "fleet_health", {"colour": "red"}, change=workspace.change("test"))
    assert not list((workspace.path / "outputs").iterdir())
    assert workspace.reports.all() == []


def test_failing_cell_keeps_the_notebook_and_a_failed_record(workspace):
    with pytest.raises(WorkbenchError, match=r"failed: cell \d+: InputError.*days = 0") as caught:
        render(workspace, "fleet_health", {"days": 0.0}, change=workspace.change("test"))
    assert caught.value.exit_code == 1
    (record,) = workspace.reports.all()
    assert record.state == "failed"
    assert "Traceback" in record.log
    assert "\x1b" not in record.log
    kept = workspace.path / record.outputs["notebook"]
    assert str(kept) in str(caught.value)
    executed = nbformat.read(kept, as_version=4)
    errors = [out for cell in executed.cells for out in cell.get("outputs", []) if out.output_type == "error"]
    assert errors[0].ename == "InputError"
    assert not list((workspace.path / "outputs").glob("*.html"))
