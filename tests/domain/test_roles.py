"""Who may do what."""

import pytest

from workbench.domain.base import Actor, Role
from workbench.domain.roles import Permission, may, require
from workbench.errors import NotPermitted


def _allowed(role: Role) -> set[Permission]:
    return {permission for permission in Permission if may(Actor(id="somebody", role=role), permission)}


def test_an_admin_may_everything_and_a_viewer_nothing():
    assert _allowed(Role.ADMIN) == set(Permission)
    assert _allowed(Role.VIEWER) == set()


def test_a_supervisor_may_what_an_operator_may_and_approves():
    assert _allowed(Role.OPERATOR) < _allowed(Role.SUPERVISOR) < _allowed(Role.ADMIN)
    assert _allowed(Role.ADMIN) - _allowed(Role.SUPERVISOR) == {Permission.APPROVE_OWN}


def test_the_workbench_itself_never_approves():
    assert not _allowed(Role.SYSTEM) & {Permission.APPROVE, Permission.APPROVE_OWN}


def test_a_refusal_names_the_roles_that_may():
    with pytest.raises(NotPermitted, match="Ask somebody with the role admin"):
        require(Actor(id="sam", role=Role.SUPERVISOR), Permission.APPROVE_OWN)
