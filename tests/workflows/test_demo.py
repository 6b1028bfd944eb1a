"""The demo: the whole main job on the embedded fleet, quick the second time, never in somebody's own workspace."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from workbench.errors import InputError
from workbench.workflows.demo import TRUTH, open_demo, run_demo
from workbench.workflows.onboard import MAIN_SITE, create_workspace
from workbench.workflows.summary import fleet_summary
from workbench.workspace import Workspace


@pytest.fixture(scope="module")
def demo(demo_path, tmp_path_factory):
    path = tmp_path_factory.mktemp("demo") / "W"
    shutil.copytree(demo_path, path)
    return path


def test_demo_ends_with_predictions_orders_and_a_report(demo):
    with Workspace.open(demo) as ws:
        summary = fleet_summary(ws)
        (report,) = ws.reports.all()
    assert summary.machines == 26
    assert summary.simulated
    assert sum(summary.by_condition.values()) == 26
    assert summary.open_orders > 0
    assert summary.cost_at_risk > 0
    page = (demo / report.outputs["html"]).read_text()
    assert "Simulated data" in page
    with Workspace.open(demo) as ws:
        assert len(ws.predictions.latest()) == 26
        assert [order.number for order in ws.orders.open() if order.number not in page] == []
        assert all(order.simulated for order in ws.orders.open())


def test_second_demo_changes_nothing_but_makes_the_report_again(demo):
    with Workspace.open(demo) as ws:
        first = fleet_summary(ws)
        orders, models = ws.orders.all(), [version.version_id for version in ws.models.all()]
    second = run_demo(demo)
    assert second.summary == first
    with Workspace.open(demo) as ws:
        assert ws.orders.all() == orders
        assert [version.version_id for version in ws.models.all()] == models


def test_ground_truth_lies_apart_from_everything_that_models_read(demo):
    assert (demo / TRUTH).is_file()
    with Workspace.open(demo) as ws:
        for row in ws.segments.list():
            assert "ground_truth" not in row.path
        columns = set(ws.telemetry.read("motor_siemens_1la7_001").columns)
        assert not {name for name in columns if "damage" in name or "truth" in name or "onset" in name}
        assert not {"damage", "onset", "truth"} & set(ws.events.frame()["kind"])


def test_demo_refuses_a_workspace_with_other_machines(tmp_path):
    create_workspace(tmp_path / "own").close()
    with pytest.raises(InputError, match="another folder"):
        run_demo(tmp_path / "own")
    with Workspace.open(tmp_path / "own") as ws:
        assert ws.machines.ids() == []
        assert [site.site_id for site in ws.sites.all()] == [MAIN_SITE.site_id]


def test_a_demo_that_is_interrupted_leaves_nothing_open(tmp_path):
    def interrupt(fraction: float, message: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_demo(tmp_path / "W", machines=["pump_grundfos_cr3_004"], days=10, progress=interrupt)
    opened = [str(file.readlink()) for file in Path("/proc/self/fd").iterdir() if file.exists()]
    assert [name for name in opened if str(tmp_path) in name] == []
    open_demo(tmp_path / "W", machines=["pump_grundfos_cr3_004"], days=10).close()
