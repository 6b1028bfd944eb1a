"""What work is done with: sites, technicians, suppliers, and parts whose stock orders reserve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from workbench.domain.base import Change, stable_id
from workbench.domain.equipment import Part, Site, Supplier, Technician
from workbench.domain.work import Reservation
from workbench.store import tables

from .base import BodyRepository, Directory


class Sites(Directory[Site]):
    """Plants."""

    table, model, entity = tables.sites, Site, "site"


class Technicians(Directory[Technician]):
    """People who can be sent."""

    table, model, entity = tables.technicians, Technician, "technician"


class Suppliers(Directory[Supplier]):
    """Who sells parts."""

    table, model, entity = tables.suppliers, Supplier, "supplier"


class _Reservations(BodyRepository[Reservation]):
    table, model, entity = tables.reservations, Reservation, "reservation"


@dataclass(frozen=True)
class Allotment:
    """What an order asked for of one part, how many no other order held, and how many it now has."""

    part_id: str
    wanted: int
    free: int
    quantity: int

    def __str__(self) -> str:
        """Say it in words.

        >>> print(Allotment("bearing_6205", wanted=2, free=1, quantity=1))
        bearing_6205: 2 wanted, 1 free, 1 set aside
        """
        return f"{self.part_id}: {self.wanted} wanted, {self.free} free, {self.quantity} set aside"


class Parts(Directory[Part]):
    """Spare parts, their stock, and what is set aside for orders."""

    table, model, entity = tables.parts, Part, "part"

    def available(self, part_id: str) -> int:
        """Return the stock that no order has reserved; ``NotFound`` for an unknown part."""
        with self._database.reading() as session:
            return self._available(session, part_id)

    def reserve(self, order_id: str, wanted: Sequence[tuple[str, int]], change: Change) -> list[Allotment]:
        """Set aside what is free of each wanted (part, quantity) and say for each part what the order got.

        Two orders can never hold more than the stock: of the last part one gets it, the other is told that
        none was free. Reserving again for the same order and part changes nothing. Raises ``NotFound`` for an
        unknown part.
        """
        quantities: Counter[str] = Counter()
        for part_id, quantity in wanted:
            quantities[part_id] += quantity
        with self._database.writing() as session:
            # One order for all writers, so that two of them never wait for each other's part.
            return [self._reserve(session, order_id, part, quantities[part], change) for part in sorted(quantities)]

    def release(self, order_id: str, change: Change) -> None:
        """Give back everything that the order has reserved and not used."""
        book = _Reservations(self._database)
        with self._database.writing() as session:
            for held in book._select(session, tables.reservations.c.order_id == order_id):
                if held.state == "reserved":
                    book._put(session, held.model_copy(update={"state": "released"}), change, "released")

    def reservations(self, order_id: str | None = None) -> list[Reservation]:
        """Return the reservations of one order, or of all, in whatever state."""
        where = [] if order_id is None else [tables.reservations.c.order_id == order_id]
        with self._database.reading() as session:
            return _Reservations(self._database)._select(session, *where)

    def _available(self, session: Session, part_id: str, *, lock: bool = False) -> int:
        query = select(tables.parts.c.stock).where(tables.parts.c.part_id == part_id)
        stock = session.scalar(query.with_for_update() if lock else query)
        if stock is None:
            self._need(session, part_id)
        table = tables.reservations
        held = session.scalar(
            select(func.coalesce(func.sum(table.c.quantity), 0)).where(
                table.c.part_id == part_id, table.c.state == "reserved"
            )
        )
        return max(0, int(stock or 0) - int(held or 0))

    def _reserve(self, session: Session, order_id: str, part_id: str, wanted: int, change: Change) -> Allotment:
        book = _Reservations(self._database)
        key = stable_id("reservation", order_id, part_id)
        # The part's row is locked, so that of two orders one waits for the other's commit.
        free = self._available(session, part_id, lock=True)
        held = book._find(session, key)
        if held is not None and held.state != "released":
            return Allotment(part_id, wanted, free + (held.quantity if held.state == "reserved" else 0), held.quantity)
        quantity = min(wanted, free)
        if quantity > 0:
            reservation = Reservation(
                reservation_id=key, order_id=order_id, part_id=part_id, quantity=quantity, created_at=change.at
            )
            book._put(session, reservation, change, "reserved")
        return Allotment(part_id, wanted, free, max(0, quantity))
