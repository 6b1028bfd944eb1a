"""What is known of machines before any reading: templates, the embedded fleet, profiles in YAML and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .fleet import Catalogue, catalogue_faults, load_catalogue, parse_fields, parse_fleet, parse_items
from .profiles import dump_profile, parse_profile
from .templates import templates

if TYPE_CHECKING:
    from .proposal import Proposal, propose_profile

__all__ = [
    "Catalogue",
    "Proposal",
    "catalogue_faults",
    "dump_profile",
    "load_catalogue",
    "parse_fields",
    "parse_fleet",
    "parse_items",
    "parse_profile",
    "propose_profile",
    "templates",
]


def __getattr__(name: str) -> Any:  # pandas is loaded only when a proposal is asked for
    if name in ("Proposal", "propose_profile"):
        from . import proposal

        return getattr(proposal, name)
    raise AttributeError(name)
