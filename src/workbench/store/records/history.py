"""Work of the past: imported orders and the workspace's own closed ones, found by machine, code and text."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, and_, false, func, insert, or_, select
from sqlalchemy import update as change_rows
from sqlalchemy.orm import Session

from workbench.domain.base import NAME_PATTERN, Change, ShownInShort
from workbench.domain.closeout import CloseOut
from workbench.domain.history import NO_FAULT, OWN_SOURCE, PastWork
from workbench.domain.work import WorkOrder
from workbench.store import tables
from workbench.store.database import Database
from workbench.store.text_index import Entry, Hit, TextIndex

from .base import BodyRepository, log_change, not_found

Written = Literal["new", "same", "replaced", "differs"]
# Keys of one query: databases limit how many values a statement may hold.
_AT_ONCE = 500


@dataclass(frozen=True)
class HistoryPage(ShownInShort):
    """Some past orders, the newest first, of ``total``; ``next`` is the id after which the next page begins, empty: this is the last."""

    orders: tuple[PastWork, ...]
    total: int
    next: str = ""


class History(BodyRepository[PastWork]):
    """Past work orders; their full-text index is a file of its own that follows the records."""

    table, model, entity = tables.past_work, PastWork, "past_work"
    newest_first = ("recorded_at",)

    def __init__(self, database: Database, index: TextIndex | None = None, currency: str = "") -> None:
        super().__init__(database)
        self._index = index
        self._currency = currency

    def record(self, orders: Sequence[PastWork], change: Change, *, update: bool = False) -> list[Written]:
        """Record ``orders`` (each id once) and say of each what became of it.

        One that is recorded with other content ``differs`` and stays as it is, or is ``replaced`` with ``update``. New ones are
        one row of the event log together, as the readings of a file are; each replaced one has its own.
        """
        with self._database.writing() as session:
            known = self._bodies(session, [order.work_id for order in orders])
            written: list[Written] = []
            new = []
            for order in orders:
                before = known.get(order.work_id)
                values = self._values(order, change.at)
                if before is None:
                    new.append(values)
                    written.append("new")
                elif before == values["body"]:
                    written.append("same")
                elif update:
                    self._replace(session, order, before, values, change)
                    written.append("replaced")
                else:
                    written.append("differs")
            if new:
                session.execute(insert(self.table), new)
                summary = {"orders": len(new), "sources": sorted({str(row["source"]) for row in new})}
                log_change(session, change, self.entity, "import", "added", before=None, after=json.dumps(summary))
        return written

    def count(self) -> int:
        """Return how many orders are recorded."""
        with self._database.reading() as session:
            return int(session.scalar(select(func.count()).select_from(self.table)) or 0)

    def own(
        self,
        keys: Collection[str] | None = None,
        *,
        machine_ids: Collection[str] | None = None,
        failure_mode: str = "",
        limit: int | None = None,
    ) -> list[PastWork]:
        """Return the workspace's own closed orders, newest first.

        ``keys`` picks some; ``machine_ids`` those of some machines, and with ``failure_mode`` also those for this mode.
        """
        outs, orders = tables.close_outs, tables.work_orders
        query = select(orders.c.body, outs.c.body).join(outs, outs.c.order_id == orders.c.order_id)
        if keys is not None:
            query = query.where(outs.c.order_id.in_(sorted(keys)))
        if machine_ids is not None:
            alike = orders.c.failure_mode == failure_mode if failure_mode else false()
            query = query.where(or_(outs.c.machine_id.in_(sorted(machine_ids)), alike))
        with self._database.reading() as session:
            rows = session.execute(query.order_by(outs.c.closed_at.desc(), outs.c.order_id).limit(limit)).all()
        pairs = [(WorkOrder.model_validate_json(order), CloseOut.model_validate_json(out)) for order, out in rows]
        return [own_work(order, out, self._currency) for order, out in pairs]

    def page(self, machine_id: str | None = None, *, limit: int, after: str = "") -> HistoryPage:
        """Return past orders, own and imported, of one machine or of all, newest first, those without a date last.

        ``after`` is the id of an order: the page begins with the next one. Raises ``NotFound`` for an id of none.
        """
        own, outs = tables.work_orders, tables.close_outs
        imported = [] if machine_id is None else [self.table.c.machine_id == machine_id]
        closed = [] if machine_id is None else [outs.c.machine_id == machine_id]
        with self._database.reading() as session:
            mark = self._mark(session, after) if after else None
            total = session.scalar(select(func.count()).select_from(self.table).where(*imported)) or 0
            total += session.scalar(select(func.count()).select_from(outs).where(*closed)) or 0
            whens = (self.table.c.happened_at, outs.c.closed_at)
            keys = (self.table.c.work_id, outs.c.order_id)
            past = select(self.table.c.body).where(*imported, *_after(whens[0], keys[0], mark))
            done = select(own.c.body, outs.c.body).join(outs, outs.c.order_id == own.c.order_id)
            done = done.where(*closed, *_after(whens[1], keys[1], mark))
            of_past, of_done = (
                query.order_by(when.is_(None), when.desc(), key).limit(limit + 1)
                for query, when, key in zip((past, done), whens, keys, strict=True)
            )
            found = [PastWork.model_validate_json(body) for body in session.scalars(of_past)]
            pairs = session.execute(of_done).all()
        for order, out in pairs:
            pair = WorkOrder.model_validate_json(order), CloseOut.model_validate_json(out)
            found.append(own_work(*pair, self._currency))
        found.sort(key=_newest_first)
        return HistoryPage(tuple(found[:limit]), total, found[limit - 1].work_id if len(found) > limit else "")

    def _mark(self, session: Session, work_id: str) -> tuple[datetime | None, str]:
        """Return when a past order happened, and its id."""
        table, outs = self.table, tables.close_outs
        for when, key in ((table.c.happened_at, table.c.work_id), (outs.c.closed_at, outs.c.order_id)):
            row = session.execute(select(when).where(key == work_id)).one_or_none()
            if row is not None:
                return row[0], work_id
        raise not_found(self.entity, work_id, ())

    def candidates(self, *, machine_ids: Collection[str] = (), failure_codes: Collection[str] = ()) -> list[PastWork]:
        """Return all imported orders of any of the machines, or whose code or failure mode is any of the codes."""
        chosen = []
        if machine_ids:
            chosen.append(self.table.c.machine_id.in_(sorted(machine_ids)))
        if failure_codes:
            codes = sorted(failure_codes)
            chosen += [self.table.c.failure_code.in_(codes), self.table.c.failure_mode.in_(codes)]
        if not chosen:
            return []
        with self._database.reading() as session:
            return self._select(session, or_(*chosen))

    def search(self, text: str, *, limit: int = 50) -> list[tuple[PastWork, float]]:
        """Return the orders, imported and own, that hold words of ``text``, with their scores (BM25), best first.

        Raises:
            EnvironmentFailure: the index had to be made anew and its file cannot be written.
        """
        hits = self._hits(text, limit)
        keys = [hit.key for hit in hits]
        with self._database.reading() as session:
            found = {key: PastWork.model_validate_json(body) for key, body in self._bodies(session, keys).items()}
        missing = [key for key in keys if key not in found]
        if missing:
            found |= {order.work_id: order for order in self.own(missing)}
        return [(found[hit.key], hit.score) for hit in hits if hit.key in found]

    def _hits(self, text: str, limit: int) -> list[Hit]:
        if self._index is None:
            raise ValueError("this repository was made without an index")
        self._index.refresh(self._state(), self._entries)
        try:
            return self._index.search(text, limit=limit)
        except sqlite3.DatabaseError:
            # Damaged: nothing in it is needed, the records have all.
            self._index.forget()
            self._index.refresh(self._state(), self._entries)
            return self._index.search(text, limit=limit)

    def _state(self) -> str:
        """Return what changes with every order that is imported, replaced or closed: all of it is in the event log."""
        log = tables.event_log
        written = select(func.count(), func.max(log.c.number), func.max(log.c.at)).where(
            log.c.entity.in_((self.entity, "close_out"))
        )
        with self._database.reading() as session:
            return f"{self._currency} {tuple(session.execute(written).one())}"

    def _entries(self) -> Iterator[Entry]:
        with self._database.reading() as session:
            for body in session.scalars(select(self.table.c.body).order_by(self._key)):
                yield entry_of(PastWork.model_validate_json(body))
        yield from (entry_of(order) for order in self.own())

    def _bodies(self, session: Session, keys: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for start in range(0, len(keys), _AT_ONCE):
            query = select(self._key, self.table.c.body).where(self._key.in_(keys[start : start + _AT_ONCE]))
            found.update((str(key), str(body)) for key, body in session.execute(query))
        return found

    def _replace(self, session: Session, order: PastWork, before: str, values: dict[str, Any], change: Change) -> None:
        values = {name: value for name, value in values.items() if name != "recorded_at"}
        session.execute(change_rows(self.table).where(self._key == order.work_id).values(values))
        log_change(session, change, self.entity, order.work_id, "replaced", before=before, after=values["body"])


def _newest_first(order: PastWork) -> tuple[bool, float, str]:
    when = order.happened_at
    return when is None, -when.timestamp() if when is not None else 0.0, order.work_id


def _after(
    when: ColumnElement[Any], key: ColumnElement[Any], mark: tuple[datetime | None, str] | None
) -> list[ColumnElement[bool]]:
    """Return the condition that picks what stands after ``mark``, time and id, in a list of the newest first."""
    if mark is None:
        return []
    at, work_id = mark
    if at is None:
        return [when.is_(None), key > work_id]
    return [or_(when < at, and_(when == at, key > work_id), when.is_(None))]


def own_work(order: WorkOrder, out: CloseOut, currency: str) -> PastWork:
    """Return a closed order of the workspace as work of the past: what was expected, found, done, and what it took."""
    findings = out.findings
    found = findings.found if out.fault_found else "no fault found"
    done = f"{findings.done.value} {findings.component}".strip() if findings.done.value != "nothing" else "nothing done"
    tags = (findings.as_found.value, *(() if out.fault_found else (NO_FAULT,)))
    known = re.fullmatch(NAME_PATTERN, out.cause) if out.fault_found else None
    return PastWork(
        work_id=order.order_id,
        source=OWN_SOURCE,
        number=order.number,
        machine_id=order.machine_id,
        asset=order.machine_id,
        failure_code=order.failure_mode,
        failure_title=found,
        failure_mode=out.cause if known else None,
        text=". ".join(part for part in (order.title, order.symptom, found) if part),
        remedy=". ".join(part for part in (done, findings.note) if part),
        preventive=False,
        raised_at=order.created_at,
        started_at=order.started_at,
        ended_at=out.closed_at,
        downtime_h=findings.downtime_h,
        labour_h=findings.hours_worked,
        cost=out.actual_cost,
        currency=currency,
        tags=(*tags, *(("simulated",) if out.simulated else ())),
    )


def entry_of(order: PastWork) -> Entry:
    """Return what of an order is searched."""
    mode = (order.failure_mode or "").replace("_", " ")
    return Entry(
        key=order.work_id,
        text=order.text,
        remedy=order.remedy,
        component=" ".join((order.component, *order.tags)),
        code=" ".join((order.failure_code or "", order.failure_title, mode)),
        asset=f"{order.number} {order.asset} {order.machine_id or ''}",
    )
