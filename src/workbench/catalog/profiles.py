"""Reads one machine profile from YAML or JSON text and writes it back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import yaml

from workbench.domain.equipment import MachineProfile

from .documents import read_document
from .references import document_faults
from .templates import extend
from .validation import validate

MONEY = "Money is in minor units of the currency (cents): 45000 means 450.00."
_MAY_BE_LEFT_OUT = frozenset(
    (
        "title",
        "location",
        "manual",
        "rated",
        "attributes",
        "energy_sources",
        "failure_modes",
        "parts",
        "tools",
        "safety",
        "machine_names",
    )
)


def parse_profile(text: str, *, where: str) -> MachineProfile:
    """Return the profile written in ``text`` (YAML or JSON).

    The document may begin with ``extends: <type>`` and say only what differs from that template.
    ``where`` names the document in messages, e.g. its file name. Raises ``InvalidDocument`` that lists every
    fault with its line and path.

    >>> from workbench.catalog import templates
    >>> parse_profile(templates()["pump"], where="pump.yaml").machine_type
    'pump'
    """
    return validate(MachineProfile, extend(read_document(text)), where=where, check=document_faults)


def dump_profile(profile: MachineProfile, *, notes: Sequence[str] = ()) -> str:
    """Return ``profile`` as YAML text that ``parse_profile`` reads back; ``notes`` become comments at its head."""
    lines = [f"# {' '.join(note.split())}\n" for note in notes]
    plain = _without_empty(profile.model_dump(mode="json"))
    text = yaml.dump(plain, Dumper=_ProfileDumper, sort_keys=False, allow_unicode=True, width=120)
    return "".join(lines) + re.sub(r"(?m)^(?=economics:)", f"# {MONEY}\n", text)


class _ProfileDumper(yaml.SafeDumper):
    """Writes short innermost mappings on one line, and everything else as a block."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's interface
        return True


def _mapping(dumper: yaml.SafeDumper, data: dict[str, Any]) -> yaml.Node:
    plain = not any(isinstance(value, dict | list) for value in data.values())
    short = sum(len(str(key)) + len(str(value)) + 4 for key, value in data.items()) < 100
    return dumper.represent_mapping("tag:yaml.org,2002:map", data.items(), flow_style=plain and short)


_ProfileDumper.add_representer(dict, _mapping)


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: item if key == "attributes" else _without_empty(item)
            for key, item in value.items()
            if item is not None and not (key in _MAY_BE_LEFT_OUT and not item)
        }
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    return value
