"""Reports of many machines: one that fails stops no other, the index says which, and a key makes none twice."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from workbench.errors import InputError, NotFound
from workbench.reports.page import remote_loads
from workbench.workflows.report import report_batch
from workbench.workspace import Workspace

CELL = """
import pathlib
if machine_id == "machine_002" and pathlib.Path(broken).exists():
    raise ValueError("no <b>luck</b>")
from IPython.display import HTML
HTML(f"<h1>Of {machine_id}</h1>")
"""


@pytest.fixture
def workspace(tmp_path, build):
    with Workspace.init(tmp_path / "ws", settings={"name": "North plant"}) as ws:
        build.fill(ws, build.snapshot(*(build.labelled_fleet(4).machines[2:])))
        change = ws.change("test")
        for number, title in ((1, "<script>alert(1)</script>"), (2, "Feed pump")):
            ws.machines.add(build.profile(number, title=title), change)
        yield ws


@pytest.fixture
def broken(tmp_path, own_report):
    own_report("machine_report", 'machine_id = ""\nbroken = ""', CELL)
    flag = tmp_path / "broken"
    flag.touch()
    return flag


def test_one_failing_machine_stops_no_other_and_a_key_makes_none_twice(workspace, broken):
    told: list[float] = []
    parameters = {"broken": str(broken)}
    first = report_batch(
        workspace, parameters=parameters, key="job 7", formats=["html"], workers=2,
        progress=lambda done, _: told.append(done),
    )  # fmt: skip
    assert [record.parameters["machine_id"] for record in first.records] == [
        "machine_001",
        "machine_003",
        "machine_004",
    ]
    assert [machine_id for machine_id, _ in first.failed] == ["machine_002"]
    assert "ValueError: no <b>luck</b>" in first.failed[0][1]
    assert first.index.state == "failed"
    assert told == sorted(told)
    (notice,) = workspace.notices.all()
    assert "machine_002" in notice.body

    place = workspace.path / first.index.outputs["html"]
    page = place.read_text(encoding="utf-8")
    soup = BeautifulSoup(page, "html.parser")
    assert remote_loads(page) == []
    assert soup.find("script") is None
    rows = [[cell.get_text(" ", strip=True) for cell in row.select("td")] for row in soup.select("tbody tr")]
    assert len(rows) == 4
    assert rows[0] == ["Feed pump machine_002", "Failed", first.failed[0][1]]
    assert "<script>alert(1)</script> machine_001" in [row[0] for row in rows]
    for link in soup.select("tbody a"):
        assert (place.parent / link["href"]).is_file()
        assert link["aria-label"]
    assert len(soup.select("tbody a")) == 3

    broken.unlink()
    again = report_batch(workspace, parameters=parameters, key="job 7", formats=["html"], workers=2)
    assert again.failed == ()
    made_now = {record.report_id for record in again.records} - {record.report_id for record in first.records}
    assert len(made_now) == 1, "only the one that failed was made again"
    assert again.index.outputs == first.index.outputs
    assert "All 4 reports were made" in place.read_text(encoding="utf-8")
    third = report_batch(workspace, parameters=parameters, key="job 7", formats=["html"])
    assert (third.records, third.index) == (again.records, again.index)


def test_unknown_machines_templates_and_parameters_are_refused_before_anything_runs(workspace, broken):
    with pytest.raises(NotFound, match="machine_009"):
        report_batch(workspace, machines=["machine_001", "machine_009"])
    with pytest.raises(InputError, match="'colour' is unknown"):
        report_batch(workspace, parameters={"colour": "red"})
    with pytest.raises(NotFound, match="no report 'nothing'"):
        report_batch(workspace, "nothing")
    assert workspace.reports.all() == []
