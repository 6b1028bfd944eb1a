"""Temporary folders: gone with their owner, kept while it lives, and nobody else's."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from workbench.scratch import OWNED, YOUNG_S, scratch_folder

HOLD = """
import sys, time
from workbench.scratch import scratch_folder
with scratch_folder("ours-") as folder:
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path


def age(folder):
    made = (folder / OWNED).stat().st_mtime - 2 * YOUNG_S
    os.utime(folder / OWNED, (made, made))


def test_a_folder_that_a_killed_process_left_is_removed_by_the_next_and_no_other(temporary):
    (temporary / "ours-by-chance").mkdir()
    with subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        [left] = [path.parent for path in temporary.glob(f"*/{OWNED}")]
        age(left)
        with scratch_folder("ours-") as folder:
            assert folder.parent == temporary
            assert left.exists(), "its owner lives"
        assert not folder.exists()
        process.kill()
    with scratch_folder("theirs-"):
        assert left.exists()
    with scratch_folder("ours-"):
        assert not left.exists()
    assert [path.name for path in temporary.iterdir()] == ["ours-by-chance"]
