"""What work is done with: sites, technicians, suppliers, permits, and parts whose stock orders reserve."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from workbench.domain.base import Change, stable_id
from workbench.domain.calendar import Absence, PlannedStop
from workbench.domain.equipment import Part, Site, Supplier, Technician
from workbench.domain.permits import WorkPermit
from workbench.domain.work import Reservation
from workbench.errors import InputError
from workbench.store import tables

from .base import BodyRepository, Directory, log_change


class Sites(Directory[Site]):
    """Plants."""

    table, model, entity = tables.sites, Site, "site"


class Technicians(Directory[Technician]):
    """People who can be sent."""

    table, model, entity = tables.technicians, Technician, "technician"


class Suppliers(Directory[Supplier]):
    """Who sells parts."""

    table, model, entity = tables.suppliers, Supplier, "supplier"


class PlannedStops(Directory[PlannedStop]):
    """When sites or machines stand anyway, so that work can be done."""

    table, model, entity = tables.planned_stops, PlannedStop, "planned_stop"

    def of_site(self, site_id: str, start: datetime, end: datetime) -> list[PlannedStop]:
        """Return the stops of a site and its machines that overlap ``start`` to ``end``, the earliest first."""
        table = tables.planned_stops
        where = (table.c.site_id == site_id, table.c.starts_at < end, table.c.ends_at > start)
        with self._database.reading() as session:
            return sorted(self._select(session, *where), key=lambda stop: (stop.starts_at, stop.stop_id))

    def remove(self, stop_id: str, change: Change) -> None:
        """Take a stop back; raises ``NotFound``."""
        with self._database.writing() as session:
            stop = self._need(session, stop_id, lock=True)
            session.execute(delete(self.table).where(self._key == stop_id))
            log_change(session, change, self.entity, stop_id, "removed", before=stop.model_dump_json(), after=None)


class Absences(Directory[Absence]):
    """Days on which technicians, or all of a site, do not work."""

    table, model, entity = tables.absences, Absence, "absence"

    def remove(self, absence_id: str, change: Change) -> None:
        """Take an absence back; raises ``NotFound``."""
        with self._database.writing() as session:
            absence = self._need(session, absence_id, lock=True)
            session.execute(delete(self.table).where(self._key == absence_id))
            log_change(
                session, change, self.entity, absence_id, "removed", before=absence.model_dump_json(), after=None
            )


class WorkPermits(Directory[WorkPermit]):
    """Leave to do dangerous work, by order."""

    table, model, entity = tables.work_permits, WorkPermit, "work_permit"

    def of_order(self, order_id: str) -> tuple[WorkPermit, ...]:
        """Return the permits of an order, in whatever state."""
        return self.of_orders([order_id]).get(order_id, ())

    def of_orders(self, order_ids: Iterable[str]) -> dict[str, tuple[WorkPermit, ...]]:
        """Return the permits of those orders that have some, in whatever state, by order."""
        found: defaultdict[str, list[WorkPermit]] = defaultdict(list)
        for order_id, permit in self._shaped(self.table.c.order_id, order_ids, WorkPermit):
            found[order_id].append(permit)
        return {order_id: tuple(permits) for order_id, permits in found.items()}


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

    def lock(self, part_id: str) -> Part:
        """Return a part that nobody else changes until this transaction ends; raises ``NotFound``."""
        with self._database.writing() as session:
            return self._need(session, part_id, lock=True)

    def top_up(self, order_id: str, part_id: str, needed: int, change: Change) -> int:
        """Set aside what is free until the order has ``needed`` pieces, and return how many it got now.

        An order that has used its pieces gets none. Raises ``NotFound`` for an unknown part.
        """
        book, key = _Reservations(self._database), stable_id("reservation", order_id, part_id)
        with self._database.writing() as session:
            free = self._available(session, part_id, lock=True)
            held = book._find(session, key)
            if held is None or held.state == "released":
                return self._reserve(session, order_id, part_id, needed, change).quantity
            more = 0 if held.state == "used" else max(0, min(free, needed - held.quantity))
            if more:
                book._put(session, held.model_copy(update={"quantity": held.quantity + more}), change, "more reserved")
            return more

    def release(self, order_id: str, change: Change) -> None:
        """Give back everything that the order has reserved and not used."""
        book = _Reservations(self._database)
        with self._database.writing() as session:
            for held in book._select(session, tables.reservations.c.order_id == order_id):
                if held.state == "reserved":
                    book._put(session, held.model_copy(update={"state": "released"}), change, "released")

    def use(self, order_id: str, used: Mapping[str, int], change: Change) -> None:
        """Take from the stock what an order consumed; what it had reserved beyond that is free again.

        Using again for the same order changes nothing. Raises ``NotFound`` for an unknown part and ``InputError``
        when more was used than there is beside what other orders hold; nothing is taken then.
        """
        book = _Reservations(self._database)
        with self._database.writing() as session:
            held = {r.part_id: r for r in book._select(session, tables.reservations.c.order_id == order_id)}
            if any(reservation.state == "used" for reservation in held.values()):
                return
            for part_id in sorted({*used, *held}):
                quantity = used.get(part_id, 0)
                own = held.get(part_id)
                reserved = own.quantity if own is not None and own.state == "reserved" else 0
                free = self._available(session, part_id, lock=True) + reserved
                if quantity > free:
                    raise InputError(
                        f"{quantity} x {part_id} cannot have been used: only {free} are in stock for this order.",
                        "Correct the quantity, or record the delivery first.",
                    )
                if quantity:
                    part = self._need(session, part_id, lock=True)
                    self._put(session, part.model_copy(update={"stock": part.stock - quantity}), change, "used")
                    own = own or Reservation(
                        reservation_id=stable_id("reservation", order_id, part_id),
                        order_id=order_id, part_id=part_id, quantity=quantity, created_at=change.at,
                    )  # fmt: skip
                    book._put(session, own.model_copy(update={"state": "used", "quantity": quantity}), change, "used")
                elif own is not None and own.state == "reserved":
                    book._put(session, own.model_copy(update={"state": "released"}), change, "released")

    def correct_use(self, order_id: str, used: Mapping[str, int], change: Change) -> None:
        """Say anew what an order consumed; the difference goes back to the stock or is taken from it.

        Raises ``NotFound`` for an unknown part and ``InputError`` when more was used than there is; nothing is changed then.
        """
        book = _Reservations(self._database)
        with self._database.writing() as session:
            for held in book._select(session, tables.reservations.c.order_id == order_id):
                if held.state == "used":
                    part = self._need(session, held.part_id, lock=True)
                    given_back = part.model_copy(update={"stock": part.stock + held.quantity})
                    self._put(session, given_back, change, "use corrected")
                    book._put(session, held.model_copy(update={"state": "released"}), change, "use corrected")
            Parts(self._database.bound(session)).use(order_id, used, change)

    def receive(self, part_id: str, quantity: int, change: Change) -> Part:
        """Add a delivery to the stock and return the part; raises ``NotFound``, and ``InputError`` below one piece."""
        if quantity < 1:
            raise InputError(f"A delivery of {quantity} x {part_id} is none.", "Give how many arrived, 1 or more.")
        with self._database.writing() as session:
            part = self._need(session, part_id, lock=True)
            stocked = part.model_copy(update={"stock": part.stock + quantity})
            self._put(session, stocked, change, "received")
            return stocked

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
