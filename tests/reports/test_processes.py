"""A report's processes: stopped at the time limit, gone with the process that asked, and nothing half-written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workbench.reports import ReportFailed, render
from workbench.workspace import Workspace

HANGS = """
import os, pathlib, time
pathlib.Path(told).write_text(str(os.getpid()))
while True:
    time.sleep(0.01)
"""


@pytest.fixture
def workspace(tmp_path):
    with Workspace.init(tmp_path / "ws") as ws:
        yield ws


def kernels() -> list[int]:
    """Kernels of reports that this process has started and that still live."""
    return [
        pid
        for pid in children(os.getpid())
        if not gone(pid) and b"kernel_child" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


def children(of: int) -> list[int]:
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in pids if _parent(pid) == of]


def gone(pid: int) -> bool:
    """Whether the process has ended; one that nobody waited for counts as ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_until(true, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(true())


def test_at_the_time_limit_the_kernel_is_killed_and_the_record_says_so(workspace, own_report, tmp_path, monkeypatch):
    limited = workspace.settings.model_copy(update={"report_time_limit_s": 4.0})
    monkeypatch.setattr(workspace, "settings", limited)
    own_report("hangs", 'told = ""', HANGS)
    began = time.monotonic()
    with pytest.raises(ReportFailed, match="longer than its limit of 4 s") as caught:
        render(workspace, "hangs", {"told": str(tmp_path / "pid")}, change=workspace.change("test"))
    assert time.monotonic() - began < 30
    assert kernels() == []
    record = workspace.reports.get(caught.value.record.report_id)
    assert "limit of 4 s" in record.error
    assert "import os, pathlib, time" in (workspace.path / record.outputs["notebook"]).read_text()
    assert set(record.outputs) == {"notebook"}


def test_one_cell_may_not_take_all_the_time(workspace, own_report, tmp_path, monkeypatch):
    monkeypatch.setattr("workbench.reports.execute.CELL_LIMIT_S", 1)
    own_report("hangs", 'told = ""', HANGS)
    with pytest.raises(ReportFailed, match=r"cell \d+: .*limit of 1 s for a cell"):
        render(workspace, "hangs", {"told": str(tmp_path / "pid")}, change=workspace.change("test"), formats=["html"])
    assert kernels() == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells children of their parent's death")
def test_kill_9_leaves_no_process_and_nothing_half_written(workspace, own_report, tmp_path):
    folder = own_report("hangs", 'told = ""', HANGS)
    told = tmp_path / "pid"
    script = f"""
from pathlib import Path
import workbench, workbench.reports.parameters as parameters
parameters._SOURCE_NOTEBOOKS = Path({str(folder)!r})
with workbench.open({str(workspace.path)!r}) as ws:
    workbench.report(ws, "hangs", {{"told": {str(told)!r}}})
"""
    parent = subprocess.Popen([sys.executable, "-c", script])
    try:
        assert wait_until(lambda: told.exists() and told.read_text(), 60)
        below = children(parent.pid)
        kernel = int(told.read_text())
        assert kernel in below
    finally:
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    assert wait_until(lambda: all(gone(pid) for pid in below), 5)
    assert workspace.reports.all() == []
    assert [path for path in (workspace.path / "outputs").rglob("*") if path.is_file()] == []


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0
