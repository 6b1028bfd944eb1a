"""Loads the embedded catalogue: 26 machines, sites, technicians, parts and suppliers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel

from workbench.domain.calendar import Absence
from workbench.domain.equipment import MachineProfile, Part, Site, Supplier, Technician
from workbench.errors import InvalidDocument

from .documents import Document, Fault, Path, read_document
from .references import document_faults
from .templates import extend, package_text
from .validation import collect, invalid, validate

Item = TypeVar("Item", bound=BaseModel)


@dataclass(frozen=True)
class Catalogue:
    """A fleet and what it takes to keep it running."""

    machines: tuple[MachineProfile, ...]
    sites: tuple[Site, ...]
    technicians: tuple[Technician, ...]
    parts: tuple[Part, ...]
    suppliers: tuple[Supplier, ...]
    absences: tuple[Absence, ...] = ()


@cache
def load_catalogue() -> Catalogue:
    """Return the catalogue that ships with the package; raises ``InvalidDocument`` with every fault."""
    catalogue = Catalogue(
        machines=parse_fleet(package_text("machines.yaml"), where="machines.yaml"),
        sites=parse_items(Site, package_text("sites.yaml"), where="sites.yaml"),
        technicians=parse_items(Technician, package_text("technicians.yaml"), where="technicians.yaml"),
        parts=parse_items(Part, package_text("parts.yaml"), where="parts.yaml"),
        suppliers=parse_items(Supplier, package_text("suppliers.yaml"), where="suppliers.yaml"),
        absences=parse_items(Absence, package_text("absences.yaml"), where="absences.yaml"),
    )
    faults = catalogue_faults(catalogue)
    if faults:
        raise InvalidDocument("the catalogue", faults)
    return catalogue


def parse_fleet(text: str, *, where: str) -> tuple[MachineProfile, ...]:
    """Return the profiles of a YAML or JSON list of machines, each whole or ``extends`` a type.

    Raises ``InvalidDocument`` that lists every fault of every machine with its line and path.
    """
    return _parse_list(MachineProfile, text, where)


def parse_items(model: type[Item], text: str, *, where: str) -> tuple[Item, ...]:
    """Return the ``model`` values of a YAML or JSON list, e.g. parts; raises ``InvalidDocument``."""
    return _parse_list(model, text, where)


def parse_fields(model: type[Item], text: str, *, where: str) -> Item:
    """Return the ``model`` value of a YAML or JSON mapping of fields, e.g. of columns; raises ``InvalidDocument``."""
    return validate(model, read_document(text), where=where)


def _parse_list(model: type[Item], text: str, where: str) -> tuple[Item, ...]:
    document = read_document(text)
    if not isinstance(document.data, list):
        raise invalid(where, document, document.faults or [Fault((), "must be a list")])
    faults = list(document.faults)
    items: list[Item] = []
    is_machine = model is MachineProfile
    for index, data in enumerate(document.data):
        part = _part(document, index, data)
        item, found = collect(
            model, extend(part) if is_machine else part, check=document_faults if is_machine else None
        )
        lines = part.line_of
        faults += [Fault((index, *fault.path), fault.message, fault.line or lines(fault.path)) for fault in found]
        if item is not None:
            items.append(item)
    faults += _repeated(items)
    if faults:
        raise invalid(where, document, faults)
    return tuple(items)


def _part(document: Document, index: int, data: Any) -> Document:
    lines: dict[Path, int] = {path[1:]: line for path, line in document.lines.items() if path[:1] == (index,)}
    return Document(data, lines)


def _key(item: BaseModel) -> str:
    """Return the value of the field that identifies ``item``: the first one, e.g. ``part_id``."""
    return str(getattr(item, next(iter(type(item).model_fields))))


def _repeated(items: list[Item]) -> list[Fault]:
    keys = [_key(item) for item in items]
    return [Fault((), f"{key!r} is given twice") for key in sorted({key for key in keys if keys.count(key) > 1})]


def catalogue_faults(catalogue: Catalogue) -> list[str]:
    """List what the parts of a catalogue name that it does not hold: sites, skills, parts, suppliers."""
    sites = {site.site_id for site in catalogue.sites}
    parts = {part.part_id for part in catalogue.parts}
    skills = {skill for technician in catalogue.technicians for skill in technician.skills}
    offers = {(supplier.supplier_id, offer.part_id) for supplier in catalogue.suppliers for offer in supplier.offers}
    faults = [
        f"technician {person.technician_id}: site {person.site_id!r} is unknown"
        for person in catalogue.technicians
        if person.site_id not in sites
    ]
    people = {person.technician_id for person in catalogue.technicians}
    faults += [
        f"absence {one.absence_id}: {one.technician_id or one.site_id!r} is unknown"
        for one in catalogue.absences
        if (one.technician_id or one.site_id) not in people | sites
    ]
    faults += [
        f"part {part.part_id}: supplier {part.supplier_id!r} makes no offer for it"
        for part in catalogue.parts
        if (part.supplier_id, part.part_id) not in offers
    ]
    faults += [f"supplier {name}: part {part!r} is unknown" for name, part in sorted(offers) if part not in parts]
    for machine in catalogue.machines:
        if machine.site_id not in sites:
            faults.append(f"machine {machine.machine_id}: site {machine.site_id!r} is unknown")
        for mode in machine.failure_modes:
            place = f"machine {machine.machine_id}, {mode.name}"
            if mode.repair.skill not in skills:
                faults.append(f"{place}: no technician has the skill {mode.repair.skill!r}")
            faults += [f"{place}: part {n.part_id!r} is unknown" for n in mode.repair.parts if n.part_id not in parts]
    return faults
