"""Approvals: what waits for a yes or no, and every answer that was given."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from workbench.domain.approvals import Approval, ApprovalKind, ApprovalState
from workbench.domain.base import Change
from workbench.errors import InputError, WorkbenchError
from workbench.store import tables

from .base import BodyRepository

# Others may insert between our look and our insert; each try looks again.
_TRIES = 5


class Approvals(BodyRepository[Approval]):
    """Questions and answers; at most one is pending for each subject."""

    table, model, entity = tables.approvals, Approval, "approval"
    newest_first = ("asked_at", "approval_id")

    def ask(self, kind: ApprovalKind, subject: str, title: str, change: Change) -> Approval:
        """Ask for an approval and return it; one that is pending for the subject already stands as it is."""
        with self._database.writing() as session:
            for _ in range(_TRIES):
                pending = self._pending(session, kind, subject)
                if pending is not None:
                    return pending
                approval = Approval(
                    approval_id=f"{kind.value}-{subject}-{self._asked(session, kind, subject) + 1}",
                    kind=kind,
                    subject=subject,
                    title=title,
                    asked_by=change.actor.id,
                    asked_at=change.at,
                )
                if self._inserted(session, approval, change):
                    return approval
        raise WorkbenchError(f"The approval of {kind.value} {subject} keeps changing.", "Run the command again.")

    def decide(self, kind: ApprovalKind, subject: str, state: ApprovalState, comment: str, change: Change) -> Approval:
        """Answer what is pending for a subject and return it; of two who answer at once the second is refused.

        Raises:
            InputError: nothing is pending; it says how the last question ended.
        """
        with self._database.writing() as session:
            pending = self._pending(session, kind, subject)
            if pending is None:
                raise self._not_pending(session, kind, subject)
            decided = pending.model_copy(
                update={
                    "state": state, "decided_by": change.actor.id, "decided_at": change.at, "comment": comment,
                }
            )  # fmt: skip
            self._put(session, decided, change, state.value)
            return decided

    def pending(self) -> list[Approval]:
        """Return what waits for an answer, the oldest question first."""
        with self._database.reading() as session:
            found = self._select(session, self.table.c.state == ApprovalState.PENDING.value)
        return sorted(found, key=lambda approval: (approval.asked_at, approval.approval_id))

    def latest(self, kind: ApprovalKind, subject: str) -> Approval | None:
        """Return the newest question about a subject with its answer, or None."""
        with self._database.reading() as session:
            return self._latest(session, kind, subject)

    def _latest(self, session: Session, kind: ApprovalKind, subject: str) -> Approval | None:
        found = self._select(session, *self._about(kind, subject), limit=1)
        return found[0] if found else None

    def _pending(self, session: Session, kind: ApprovalKind, subject: str) -> Approval | None:
        where = (*self._about(kind, subject), self.table.c.state == ApprovalState.PENDING.value)
        found = self._select(session, *where, lock=True)
        return found[0] if found else None

    def _asked(self, session: Session, kind: ApprovalKind, subject: str) -> int:
        count = select(func.count()).select_from(self.table).where(*self._about(kind, subject))
        return session.scalar(count) or 0

    def _about(self, kind: ApprovalKind, subject: str) -> tuple[ColumnElement[bool], ...]:
        return self.table.c.kind == kind.value, self.table.c.subject == subject

    def _not_pending(self, session: Session, kind: ApprovalKind, subject: str) -> InputError:
        last = self._latest(session, kind, subject)
        what = f"Nothing about {kind.value} {subject} waits for an approval"
        if last is None:
            return InputError(f"{what}.", "See what does: workbench approvals list")
        said = f": {last.comment}" if last.comment else ""
        return InputError(
            f"{what}: it was {last.state.value} by {last.decided_by} at {last.decided_at:%Y-%m-%d %H:%M} UTC{said}.",
            "Nothing was changed.",
        )
