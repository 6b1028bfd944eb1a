"""Parameters of a report are read from its notebook and refused before anything runs."""

from __future__ import annotations

import pytest

from workbench.errors import InputError, NotFound
from workbench.reports import from_texts, report_parameters, template_names, template_path
from workbench.reports.parameters import checked


def test_fleet_health_declares_its_parameters_with_help():
    found = {p.name: p for p in report_parameters("fleet_health")}
    assert set(found) == {"title", "max_details", "days"}
    assert found["max_details"].type_name == "int"
    assert all(p.help for p in found.values())


def test_unknown_report_names_those_that_exist():
    assert "fleet_health" in template_names()
    with pytest.raises(NotFound, match="Did you mean 'fleet_health'"):
        template_path("fleet_heath")
    with pytest.raises(NotFound):
        template_path("../../secrets")


def test_every_fault_is_named_with_what_is_allowed():
    with pytest.raises(InputError) as caught:
        checked(
            "fleet_health", report_parameters("fleet_health"), {"colour": "red", "max_details": "many", "days": True}
        )
    message = str(caught.value)
    assert "'colour' is unknown" in message
    assert "'max_details' must be int, not str 'many'" in message
    assert "'days' must be float, not bool True" in message
    assert "Allowed: title (str" in message


def test_workspace_is_not_the_callers_to_set():
    with pytest.raises(InputError, match="'workspace' is unknown"):
        checked("fleet_health", report_parameters("fleet_health"), {"workspace": "/somewhere/else"})


def test_texts_take_the_type_of_the_default():
    assert from_texts("fleet_health", ["max_details=3", "days=7", "title=12"]) == {
        "max_details": 3,
        "days": 7.0,
        "title": "12",
    }


@pytest.mark.parametrize("pair", ["max_details", "max_details=three", "days=2025-01-01", "max_details=2.5"])
def test_texts_that_cannot_be_read_are_refused(pair):
    with pytest.raises(InputError):
        from_texts("fleet_health", [pair])
