"""Cases: at most one open for each machine and cause."""

from __future__ import annotations

from sqlalchemy.orm import Session

from workbench.domain.base import Change, stable_id
from workbench.domain.cases import Case, CaseState
from workbench.domain.predictions import LimitCrossing, Severity
from workbench.errors import WorkbenchError
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
        if earlier is not None:
            if case.last_seen_at <= earlier.last_seen_at:
                return earlier
            # It was resolved and has come back: that is another case.
            case = case.model_copy(update={"case_id": stable_id(case.case_id, case.last_seen_at.isoformat())})
        return case if self._inserted(session, case, change) else None

    def resolve(self, case_id: str, change: Change) -> None:
        """Close a case; one that is closed stays as it is. Raises ``NotFound``."""
        with self._database.writing() as session:
            case = self._need(session, case_id, lock=True)
            self._put(session, case.model_copy(update={"state": CaseState.RESOLVED}), change, "resolved")

    def open(self, machine_id: str | None = None) -> list[Case]:
        """Return the cases that are not resolved, of one machine or of all, newest first."""
        return self._of_machine(tables.OPEN_CASE, machine_id)


def _merged(known: Case, seen: Case) -> Case:
    later = seen.last_seen_at > known.last_seen_at
    crossings: dict[tuple[str, str, Severity], LimitCrossing] = {}
    for crossing in (*known.evidence, *seen.evidence) if later else (*seen.evidence, *known.evidence):
        key = (crossing.sensor, crossing.direction, crossing.severity)
        first = min(crossing.since, crossings[key].since) if key in crossings else crossing.since
        crossings[key] = crossing.model_copy(update={"since": first})
    return known.model_copy(
        update={
            "last_seen_at": max(known.last_seen_at, seen.last_seen_at),
            "severity": max(known.severity, seen.severity, key=_SEVERITIES.index),
            "summary": seen.summary if later else known.summary,
            "evidence": tuple(crossings[key] for key in sorted(crossings)),
            "occurrences": known.occurrences + (1 if later else 0),
        }
    )
