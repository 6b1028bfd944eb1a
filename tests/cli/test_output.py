"""Tables on a terminal: columns where they fit, a block of lines for each row where they do not."""

from __future__ import annotations

import re
import sys

import pytest

from workbench.cli.output import table

HEADINGS = ("order", "state", "machine", "why")
LONG = "the temperature of the bearing rises faster than the load explains, and the oil is older than it should be " * 3
ROWS = [
    ("WO-2026-0001", "scheduled", "compressor_atlas_copco_lt_007", LONG.strip()),
    ("WO-2026-0002", None, "fan_nicotra_gebhardt_rdh_014", "[bold]as it is[/bold]"),
]


@pytest.fixture
def shown(monkeypatch, capsys):
    """Return what a terminal of a number of columns shows; ``None`` stands for a file."""

    def show(columns, headings=HEADINGS, rows=ROWS):
        monkeypatch.setenv("COLUMNS", str(columns or 80))
        monkeypatch.setattr(sys.stdout, "isatty", lambda: columns is not None, raising=False)
        table(headings, rows)
        return re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)

    return show


def test_a_wide_terminal_shows_columns(shown):
    first = shown(160).splitlines()[0]
    assert first.split() == list(HEADINGS)


@pytest.mark.parametrize("columns", [60, 80, 100])
def test_on_a_narrow_terminal_each_row_is_a_block_that_breaks_no_word(shown, columns):
    told = shown(columns)
    assert all(len(line) <= columns for line in told.splitlines())
    first, second = told.split("\n\n")
    assert first.startswith("WO-2026-0001\n")
    assert "state: scheduled   machine: compressor_atlas_copco_lt_007" in told or columns == 60
    assert " ".join(first.split()).endswith(f"why: {LONG.strip()}")
    assert "state" not in second, "an empty cell is left out"
    assert "[bold]as it is[/bold]" in second


def test_columns_that_fit_stay_columns_on_a_narrow_terminal(shown):
    told = shown(80, ("part", "title", "free"), [("oil_filter", "Oil filter element for gear units", 3)])
    assert told.splitlines()[0].split() == ["part", "title", "free"]
    assert "Oil filter element for gear units" in told


def test_no_column_is_squeezed_to_a_few_letters(shown):
    rows = [("a" * 36, "quite a few words that may be broken over lines" * 2, "1,234.00 EUR", "in 3 days")]
    told = shown(100, ("id", "what", "cost", "when"), rows)
    assert "1,234.00 EUR" in told
    assert "in 3 days" in told


def test_a_file_gets_the_same_lines_whatever_the_terminal(shown):
    assert shown(None) == shown(None)
    assert shown(None).splitlines()[0].split() == list(HEADINGS)


def test_a_table_without_rows_shows_its_headings(shown):
    assert shown(80, rows=[]).split()[:4] == list(HEADINGS)
