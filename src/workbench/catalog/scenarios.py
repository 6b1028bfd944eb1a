"""Scenarios for the digital twin: the built-in ones, and those that people write in YAML or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from workbench.domain.twin import Scenario

from .documents import Document
from .fleet import parse_items
from .templates import package_text
from .validation import validate


@cache
def built_in_scenarios() -> tuple[Scenario, ...]:
    """Return normal, heavy_load, overheated and worn_bearings (D3).

    >>> [(one.name, one.load) for one in built_in_scenarios()]
    [('normal', 0.7), ('heavy_load', 1.5), ('overheated', 0.8), ('worn_bearings', 0.9)]
    """
    return parse_items(Scenario, package_text("scenarios.yaml"), where="scenarios.yaml")


def parse_scenarios(text: str, *, where: str) -> tuple[Scenario, ...]:
    """Return the scenarios of a YAML or JSON list; ``where`` names it in messages.

    Raises ``InvalidDocument`` that lists every fault with its line: unknown fields, values outside their range.
    What a machine cannot have (components, faults) is found when the scenario is run on it.

    >>> parse_scenarios("[{name: night, title: Night shift, load: 0.4}]", where="mine.yaml")[0].load
    0.4
    """
    return parse_items(Scenario, text, where=where)


def make_scenario(fields: Mapping[str, Any], *, where: str) -> Scenario:
    """Return the scenario of these fields, faults as mappings; raises ``InvalidDocument`` that lists all that is wrong.

    >>> make_scenario({"name": "night", "title": "Night shift", "load": 0.4}, where="asked").load
    0.4
    """
    return validate(Scenario, Document(dict(fields)), where=where)


def scenarios_text() -> str:
    """Return the built-in scenarios as YAML text, to be copied and changed."""
    return package_text("scenarios.yaml")
