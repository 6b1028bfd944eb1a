"""What work is done with: sites, technicians, suppliers, and parts whose stock orders reserve."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

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


class Parts(Directory[Part]):
    """Spare parts, their stock, and what is set aside for orders."""

    table, model, entity = tables.parts, Part, "part"

    def available(self, part_id: str) -> int:
        """Return the stock that no order has reserved; ``NotFound`` for an unknown part."""
        with self._database.reading() as session:
            return self._available(session, part_id)

    def reserve(self, order_id: str, wanted: Sequence[tuple[str, int]], change: Change) -> list[Reservation]:
        """Set aside what is available of each wanted (part, quantity) and return what the order now holds of them.

        Two orders can never hold more than the stock. Reserving again for the same order and part changes
        nothing; a part of which nothing is left yields no reservation. Raises ``NotFound`` for an unknown part.
        """
        quantities: Counter[str] = Counter()
        for part_id, quantity in wanted:
            quantities[part_id] += quantity
        with self._database.writing() as session:
            # One order for all writers, so that two of them never wait for each other's part.
            held = [self._reserve(session, order_id, part, quantities[part], change) for part in sorted(quantities)]
        return [reservation for reservation in held if reservation is not None]

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

    def _reserve(
        self, session: Session, order_id: str, part_id: str, quantity: int, change: Change
    ) -> Reservation | None:
        book = _Reservations(self._database)
        key = stable_id("reservation", order_id, part_id)
        # The part's row is locked, so that of two orders one waits for the other's commit.
        quantity = min(quantity, self._available(session, part_id, lock=True))
        held = book._find(session, key)
        if held is not None and held.state != "released":
            return held
        if quantity < 1:
            return None
        reservation = Reservation(
            reservation_id=key, order_id=order_id, part_id=part_id, quantity=quantity, created_at=change.at
        )
        book._put(session, reservation, change, "reserved")
        return reservation
