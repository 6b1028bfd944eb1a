"""Cases: at most one open for each machine and cause."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from workbench.domain.base import Change, stable_id
from workbench.domain.cases import REOPENS_WITHIN, Case, CaseState
from workbench.domain.predictions import LimitCrossing, Severity
from workbench.errors import InputError, WorkbenchError
from workbench.store import tables

from .base import BodyRepository

_SEVERITIES = (Severity.INFO, Severity.WARNING, Severity.CRITICAL)
# Others may insert between our look and our insert; each try looks again.
_TRIES = 5


class Cases(BodyRepository[Case]):
    """Matters to look into, at most one open for each machine and cause."""

    table, model, entity = tables.cases, Case, "case"
    newest_first = ("opened_at",)

    def observe(self, case: Case, change: Change) -> Case:
        """Open a case, or add what was seen to the one that is open for its machine and cause.

        Seen again at a later time it counts one occurrence more; the same observation again changes nothing.
        """
        with self._database.writing() as session:
            for _ in range(_TRIES):
                seen = self._observe(session, case, change)
                if seen is not None:
                    return seen
        raise WorkbenchError(f"Case {case.case_id} of {case.machine_id} keeps changing.", "Run the command again.")

    def _observe(self, session: Session, case: Case, change: Change) -> Case | None:
        same = (self.table.c.machine_id == case.machine_id, self.table.c.cause == case.cause)
        unresolved = self._select(session, *same, tables.OPEN_CASE, lock=True)
        if unresolved:
            merged = _merged(unresolved[0], case)
            self._put(session, merged, change, "seen")
            return merged
        earlier = self._find(session, case.case_id)
        if earlier is not None and case.last_seen_at <= earlier.last_seen_at:
            return earlier
        latest = max(self._select(session, *same, lock=True), key=lambda one: one.last_seen_at, default=None)
        if latest is not None and _returns(latest, case):
            merged = _reopened(latest, case)
            self._put(session, merged, change, "reopened")
            return merged
        if earlier is not None:
            # It was resolved long ago and has come back: that is another case.
            case = case.model_copy(update={"case_id": stable_id(case.case_id, case.last_seen_at.isoformat())})
        return case if self._inserted(session, case, change) else None

    def resolve(self, case_id: str, change: Change, *, at: datetime, by: str = "", note: str = "") -> Case:
        """Close a case as of ``at``; one that is closed stays as it is. ``by``: who did; empty: its cause is gone.

        Raises ``NotFound``.
        """
        said = {"resolved_at": at, "resolved_by": by, "shelved_until": None}
        return self._move(case_id, CaseState.RESOLVED, change, said | ({"note": note} if note else {}))

    def acknowledge(self, case_id: str, change: Change, *, at: datetime, note: str = "") -> Case:
        """Note that somebody has seen a case as of ``at`` and looks after it.

        Raises ``NotFound``, and ``InputError`` for one that is resolved.
        """
        said = {"acknowledged_at": at, "acknowledged_by": change.actor.id, "shelved_until": None}
        return self._move(case_id, CaseState.ACKNOWLEDGED, change, said | ({"note": note} if note else {}))

    def shelve(self, case_id: str, change: Change, *, until: datetime, note: str = "") -> Case:
        """Put a case aside until an instant: what is seen of it is added, and it is open again afterwards.

        Raises ``NotFound``, and ``InputError`` for one that is resolved.
        """
        said: dict[str, object] = {"shelved_until": until}
        return self._move(case_id, CaseState.SHELVED, change, said | ({"note": note} if note else {}))

    def note(self, case_id: str, words: str, change: Change) -> Case:
        """Add ``words`` to what is noted of a case, unless they stand there already; raises ``NotFound``."""
        with self._database.writing() as session:
            case = self._need(session, case_id, lock=True)
            if words not in case.note:
                case = case.model_copy(update={"note": f"{case.note}; {words}" if case.note else words})
                self._put(session, case, change, "noted")
            return case

    def tell(self, case_id: str, change: Change) -> bool:
        """Note that people are told of a case as severe as it is now; False: they know already. Raises ``NotFound``."""
        with self._database.writing() as session:
            case = self._need(session, case_id, lock=True)
            if not case.is_news:
                return False
            return self._put(session, case.model_copy(update={"told": case.severity}), change, "told")

    def _move(self, case_id: str, state: CaseState, change: Change, said: dict[str, object]) -> Case:
        with self._database.writing() as session:
            case = self._need(session, case_id, lock=True)
            if case.state is CaseState.RESOLVED:
                if state is CaseState.RESOLVED:
                    return case
                raise InputError(
                    f"Case {case_id} of {case.machine_id} is resolved.", "It opens again when its cause returns."
                )
            # Who looks after it knows how severe it is now.
            knows = {"told": case.severity} if state is CaseState.ACKNOWLEDGED else {}
            moved = case.model_copy(update={"state": state, **said, **knows})
            self._put(session, moved, change, state.value)
            return moved

    def open(self, machine_id: str | None = None) -> list[Case]:
        """Return the cases that are not resolved, of one machine or of all, newest first."""
        return self._of_machine(tables.OPEN_CASE, machine_id)


def _returns(resolved: Case, seen: Case) -> bool:
    """Whether the cause of a resolved case has come back so soon that it is the same matter."""
    over = resolved.resolved_at or resolved.last_seen_at
    return seen.last_seen_at > resolved.last_seen_at and seen.last_seen_at - over < REOPENS_WITHIN


def _reopened(resolved: Case, seen: Case) -> Case:
    """Return a resolved case whose cause is back: whoever looks after it still does, unless they closed it or it is worse."""
    merged = _merged(resolved, seen)
    cared = resolved.acknowledged_at is not None and not resolved.resolved_by and merged.severity is resolved.severity
    update: dict[str, object] = {"reopened": resolved.reopened + 1, "resolved_at": None, "resolved_by": ""}
    if cared:
        update["state"] = CaseState.ACKNOWLEDGED
    else:
        update |= {"state": CaseState.OPEN, "acknowledged_at": None, "acknowledged_by": ""}
    if resolved.resolved_by:
        update["told"] = None
    return merged.model_copy(update=update)


def _merged(known: Case, seen: Case) -> Case:
    later = seen.last_seen_at > known.last_seen_at
    crossings: dict[tuple[str, str, Severity], LimitCrossing] = {}
    for crossing in (*known.evidence, *seen.evidence) if later else (*seen.evidence, *known.evidence):
        key = (crossing.sensor, crossing.direction, crossing.severity)
        first = min(crossing.since, crossings[key].since) if key in crossings else crossing.since
        crossings[key] = crossing.model_copy(update={"since": first})
    faults = {(one.sensor, one.kind, one.since): one for one in (*known.sensor_faults, *seen.sensor_faults)}
    up = known.state_at(max(known.last_seen_at, seen.last_seen_at)) is not known.state
    return known.model_copy(
        update={
            **({"state": CaseState.OPEN, "shelved_until": None} if up else {}),
            "sensor_faults": tuple(faults[key] for key in sorted(faults)),
            "last_seen_at": max(known.last_seen_at, seen.last_seen_at),
            "severity": max(known.severity, seen.severity, key=_SEVERITIES.index),
            "summary": seen.summary if later else known.summary,
            "evidence": tuple(crossings[key] for key in sorted(crossings)),
            "occurrences": known.occurrences + (1 if later else 0),
        }
    )
