"""Who may do what (U1): one table of permissions by role, and the check that says which role is needed."""

from __future__ import annotations

from enum import StrEnum

from workbench.errors import NotPermitted

from .base import Actor, Role


class Permission(StrEnum):
    """Something that not every role may do, in words that complete 'may ...'."""

    ADD_MACHINES = "add machines"
    RAISE_TICKETS = "raise tickets"
    ASSIGN_WORK = "assign and plan work"
    ASK_PERMITS = "ask for and withdraw work permits"
    GRANT_PERMITS = "grant work permits, or say that none is needed"
    CLOSE_WORK = "start and close work"
    HANDLE_CASES = "acknowledge, shelve and resolve cases"
    ANSWER_NOTICES = "acknowledge notices and send them again"
    PROPOSE_PURCHASES = "ask for quotes and propose purchases"
    HANDLE_DELIVERIES = "place approved purchases and book deliveries"
    APPROVE = "approve or reject machines, purchases and orders"
    APPROVE_OWN = "approve what they asked for themselves"


# The workbench itself proposes and opens; it never approves, so that a person stands behind money, machines and permits.
_ALLOWED: dict[Permission, frozenset[Role]] = {
    Permission.ADD_MACHINES: frozenset({Role.ADMIN, Role.SUPERVISOR, Role.OPERATOR, Role.SYSTEM}),
    Permission.RAISE_TICKETS: frozenset({Role.ADMIN, Role.SUPERVISOR, Role.OPERATOR, Role.SYSTEM}),
    Permission.ASSIGN_WORK: frozenset({Role.ADMIN, Role.SUPERVISOR, Role.SYSTEM}),
    Permission.ASK_PERMITS: frozenset({Role.ADMIN, Role.SUPERVISOR, Role.OPERATOR}),
    Permission.GRANT_PERMITS: frozenset({Role.ADMIN, Role.SUPERVISOR}),
    Permission.CLOSE_WORK: frozenset({Role.ADMIN, Role.SUPERVISOR, Role.OPERATOR}),
    Permission.HANDLE_CASES: frozenset({Role.ADMIN, Role.SUPERVISOR, Role.OPERATOR}),
    Permission.ANSWER_NOTICES: frozenset({Role.ADMIN, Role.SUPERVISOR, Role.OPERATOR}),
    Permission.PROPOSE_PURCHASES: frozenset({Role.ADMIN, Role.SUPERVISOR, Role.OPERATOR, Role.SYSTEM}),
    Permission.HANDLE_DELIVERIES: frozenset({Role.ADMIN, Role.SUPERVISOR, Role.OPERATOR}),
    Permission.APPROVE: frozenset({Role.ADMIN, Role.SUPERVISOR}),
    Permission.APPROVE_OWN: frozenset({Role.ADMIN}),
}


def may(actor: Actor, permission: Permission) -> bool:
    """Say whether the actor's role includes ``permission``.

    >>> may(Actor(id="olga", role=Role.OPERATOR), Permission.APPROVE)
    False
    """
    return actor.role in _ALLOWED[permission]


def require(actor: Actor, permission: Permission) -> None:
    """Raise ``NotPermitted``, which names the roles that may, unless the actor may.

    >>> require(Actor(id="sam", role=Role.SUPERVISOR), Permission.APPROVE)
    >>> require(Actor(id="olga", role=Role.VIEWER), Permission.RAISE_TICKETS)
    Traceback (most recent call last):
    workbench.errors.NotPermitted: olga (viewer) may not raise tickets. Ask somebody with the role operator, supervisor or admin.
    """
    if not may(actor, permission):
        order = (Role.OPERATOR, Role.SUPERVISOR, Role.ADMIN)
        *others, last = [role.value for role in order if role in _ALLOWED[permission]]
        able = f"{', '.join(others)} or {last}" if others else last
        raise NotPermitted(
            f"{actor.id} ({actor.role.value}) may not {permission.value}.", f"Ask somebody with the role {able}."
        )
