"""The pages, ready to be shown: ``pages.app(ws)`` the whole dashboard, ``pages.fleet(ws)`` one page in a notebook's cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.workspace import Workspace

    from .fleet import FleetPage
    from .machine import MachinePage
    from .shell import Shell


def app(ws: Workspace) -> Shell:
    """Return the dashboard of a workspace: navigation, status and every page."""
    from .shell import Shell

    return Shell(ws)


def fleet(ws: Workspace) -> FleetPage:
    """Return the fleet page: machines by condition, open cases, work orders, actions."""
    from .fleet import FleetPage

    page = FleetPage(ws)
    page.refresh()
    return page


def machine(ws: Workspace, machine_id: str) -> MachinePage:
    """Return the page of one machine; raises ``NotFound``, naming close matches."""
    from .machine import MachinePage

    ws.machines.get(machine_id)
    page = MachinePage(ws, machine_id)
    page.refresh()
    return page
