"""Brings a workspace to this version, unless work that an older version began is not finished."""

from __future__ import annotations

from pathlib import Path

from workbench.errors import EnvironmentFailure
from workbench.workflows.durable import WORKFLOW_VERSION, living_executors
from workbench.workflows.twin.shipped import refresh_twins
from workbench.workspace import Workspace


def upgrade_workspace(path: Path | str) -> str:
    """Back the records of the workspace at ``path`` up, migrate them, and say in words what was done.

    Embedded machines whose twin section nobody edited get that of this release; edited ones are named and stay as they are.

    Raises:
        NotFound: there is no workspace at ``path``.
        EnvironmentFailure: a process executes for the workspace, durable work of an older version is not finished,
            the records cannot be used, or the backup cannot be made; nothing was changed.
    """
    living = living_executors(Path(path))
    if living:
        # It would go on with records, and perhaps steps, that it does not know.
        raise EnvironmentFailure(
            f"{living[0]} still executes for the workspace{f' (and {len(living) - 1} more)' if living[1:] else ''}.",
            "Stop `workbench worker` and wait for running commands, then upgrade. Nothing was changed.",
        )
    done = Workspace.upgrade(path, workflow_version=WORKFLOW_VERSION)
    with Workspace.open(path) as ws:
        refreshed = refresh_twins(ws)
    return f"{done}. {refreshed}" if refreshed else done
