"""The example notebooks hold what nbval needs: real stored outputs for checked cells, and none for the others."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

EXAMPLES = sorted((Path(__file__).resolve().parents[1] / "notebooks" / "examples").glob("*.ipynb"))
CHECK = "# NBVAL_CHECK_OUTPUT"


def test_there_are_examples():
    assert [path.stem for path in EXAMPLES][:2] == ["01_first_steps", "02_your_own_data"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_checked_cell_has_its_output_and_no_other_cell_has_one(path):
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    checked = [cell for cell in cells if cell.source.startswith(CHECK)]
    assert len(checked) >= 6
    for cell in cells:
        assert bool(cell.outputs) == (cell in checked), cell.source
        # A cell that has never run, by its count, is not compared.
        assert (cell.execution_count is not None) == (cell in checked), cell.source
        assert ("keep_output" in cell.metadata.get("tags", [])) == (cell in checked), cell.source
        assert all(output.output_type == "stream" for output in cell.outputs), cell.source
