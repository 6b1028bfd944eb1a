"""The style for notebooks reaches cell outputs only, and stays out of the page."""

from __future__ import annotations

import re

from workbench.reports.content import notebook_style


def test_every_rule_is_nested_in_cell_outputs():
    sheet = notebook_style().html
    inside = re.fullmatch(r"<style>(\.jp-OutputArea-output[^ ]*) \{\n(.*)\n\}</style>", sheet, re.S)
    assert inside
    assert inside[2].count("{") == inside[2].count("}")
    assert ":root" not in sheet
    assert "\nbody" not in sheet
    assert "\nhtml" not in sheet
