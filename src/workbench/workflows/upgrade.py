"""Brings a workspace to this version, unless work that an older version began is not finished."""

from __future__ import annotations

from pathlib import Path

from workbench.workflows.durable import WORKFLOW_VERSION
from workbench.workspace import Workspace


def upgrade_workspace(path: Path | str) -> str:
    """Back the records of the workspace at ``path`` up, migrate them, and say in words what was done.

    Raises:
        NotFound: there is no workspace at ``path``.
        EnvironmentFailure: durable work of an older version is not finished, the records cannot be used, or the
            backup cannot be made; nothing was changed.
    """
    return Workspace.upgrade(path, workflow_version=WORKFLOW_VERSION)
